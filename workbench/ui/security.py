"""What every response and request goes through: content policy, nonces, same-origin writes."""

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Only our own scripts run, nothing is loaded from or sent to anywhere else. `unsafe-eval` is what
# gr.HTML and Plotly's WebGL shaders need to compile their own code.
POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval' 'wasm-unsafe-eval'; "
    "script-src-attr 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; frame-src 'none'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware; streams pass through untouched, only HTML pages are held to add nonces."""

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self._app = app
        # Served to a network on purpose, any name may be right; otherwise a page elsewhere whose
        # name was pointed at this machine must not reach us.
        self._hosts = None if host in ("0.0.0.0", "::") else {*LOCAL_HOSTS, host}  # noqa: S104

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal:
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        await self._app(scope, receive, _PageSender(send, nonce))

    def _refusal(self, scope: Scope) -> str:
        headers = Headers(scope=scope)
        name = headers.get("host", "").rsplit(":", 1)[0] if headers.get("host") else ""
        if self._hosts is not None and name not in self._hosts:
            return f"Host {name!r} is not served here."
        if scope["method"] in SAFE_METHODS:
            return ""
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "Requests from other sites are not accepted."
        origin = headers.get("origin")
        if origin and origin.partition("://")[2] != headers.get("host"):
            return "Requests from other sites are not accepted."
        return ""


class _PageSender:
    """Sends on; an HTML page is collected first and its scripts are given the nonce."""

    def __init__(self, send: Send, nonce: str) -> None:
        self._send = send
        self._nonce = nonce
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = POLICY.format(nonce=self._nonce)
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            # Without quotes: the page carries its own head once more inside a JSON string.
            page = self._body.replace(b"<script", b"<script nonce=" + self._nonce.encode())
            headers = MutableHeaders(scope=self._start)
            headers["Content-Length"] = str(len(page))
            await self._send(self._start)
            self._start = None
            await self._send({"type": "http.response.body", "body": page})
            return
        await self._send(message)
