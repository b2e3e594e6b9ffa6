"""The client: one request sent once, and its answer as received."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from storage.records import Request, Response
from workbench.generation.budget import read_usage
from workbench.generation.endpoint import Endpoint
from workbench.generation.failures import MAYBE_PAID, Failure, Reason, classify
from workbench.generation.limits import MOST_CONCURRENT, Price

# The longest sample is some tens of kilobytes; a body beyond this is a mistake or an attack.
MAX_BODY_BYTES = 16_000_000
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 300.0
LONGEST_RETRY_SECONDS = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one try: a body, or a failure and how long the endpoint wants to rest."""

    raw: str
    failure: Failure | None = None
    retry_after: float | None = None


def open_client(
    endpoint: Endpoint, *, answer_seconds: float = ANSWER_SECONDS
) -> openai.AsyncOpenAI:
    """A client that never asks twice by itself; close it by `async with`."""
    # Its default of two retries turns one slow answer into three that are paid for. Over aiohttp a
    # request takes a third of the processor time: httpx's own pool looks at every connection for
    # each of them. None would be aiohttp's default of 100 connections.
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        max_retries=0,
        default_headers={"Accept-Encoding": "identity"},
        http_client=openai.DefaultAioHttpClient(
            timeout=httpx2.Timeout(answer_seconds, connect=CONNECT_SECONDS, pool=None),
            limits=httpx2.Limits(max_connections=MOST_CONCURRENT),
            trust_env=not endpoint.is_local,
            follow_redirects=False,
            event_hooks={"response": [_limit_body]},
        ),
    )


class _TooLarge(httpx2.TransportError):
    """A body beyond what any sample can be."""


class _LimitedBody(httpx2.AsyncByteStream):
    """A body that is not read further than the limit."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_BODY_BYTES:
                raise _TooLarge(f"more than {MAX_BODY_BYTES:,} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _limit_body(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        # It was not asked for, and a few kilobytes of it can become gigabytes in memory.
        raise _TooLarge("a compressed body")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _LimitedBody(response.stream)


async def send(
    client: openai.AsyncOpenAI,
    request: Request,
    endpoint: Endpoint,
    *,
    answer_seconds: float,
) -> Answer:
    """Ask once; every failure of the network or the endpoint comes back as a value."""
    body = dict(request.parameters)
    if _is_openai(endpoint) and "max_tokens" in body:
        # OpenAI's newer models refuse the old name; most other servers know nothing but it.
        body["max_completion_tokens"] = body.pop("max_tokens")
    content = {"model": endpoint.model, "messages": request.messages, **body}
    try:
        # The client's limits are per piece of the body: one that trickles in for ever needs this.
        async with asyncio.timeout(answer_seconds):
            # Not `chat.completions.create`: that looks through every field for files to upload and
            # parses what we want to have on disk unparsed.
            response = await client.post("/chat/completions", cast_to=httpx2.Response, body=content)
    except openai.APIStatusError as error:
        raw = error.response.text
        failure = classify(error.status_code, raw)
        return Answer(raw, failure, _read_retry_after(error.response.headers.get("retry-after")))
    except (
        openai.APIConnectionError,
        httpx2.HTTPError,
        aiohttp.ClientError,
        TimeoutError,
    ) as error:
        return Answer("", _classify_connection(error))
    raw = response.content.decode("utf-8", "replace")
    return Answer(raw, _find_failure(raw))


def _find_failure(raw: str) -> Failure | None:
    """What is wrong with the body of a success: no JSON object, or an error object in it."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return Failure(Reason.NOT_JSON, " ".join(raw.split())[:80])
    if not isinstance(value, dict):
        return Failure(Reason.NOT_JSON, f"a JSON {type(value).__name__}")
    if value.get("error") and not value.get("choices"):
        error = value["error"]
        code = error.get("code") if isinstance(error, dict) else None
        return classify(code if isinstance(code, int) else 500, raw)
    return None


def _classify_connection(error: Exception) -> Failure:
    """What an error of the network comes to: was anything sent, or may it be paid for?

    The innermost cause decides: on its way through httpx2 a connection that is lost in the middle
    of an answer becomes a `ConnectTimeout`, as if nothing had been sent.
    """
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__:
        causes.append(cause)
    for cause in reversed(causes):
        match cause:
            case _TooLarge():
                return Failure(Reason.TOO_LARGE, str(cause))
            case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
                return Failure(Reason.UNREACHABLE, str(cause) or "no connection in time")
            case aiohttp.ClientHttpProxyError():
                return Failure(Reason.UNREACHABLE, f"the proxy answers {cause.status}")
            case aiohttp.InvalidURL() | httpx2.UnsupportedProtocol():
                return Failure(Reason.BAD_REQUEST, str(cause))
            case TimeoutError():
                return Failure(Reason.TIMED_OUT)
            case aiohttp.ClientError():
                return Failure(Reason.CONNECTION_LOST, str(cause))
    return Failure(Reason.CONNECTION_LOST, str(causes[-1]))


def _read_retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a Retry-After header in either of its two forms."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return min(LONGEST_RETRY_SECONDS, max(0.0, seconds)) if seconds == seconds else None


def _is_openai(endpoint: Endpoint) -> bool:
    host = urlsplit(endpoint.base_url).hostname or ""
    return host == "api.openai.com" or host.endswith(".openai.azure.com")


def make_response(
    request: Request,
    endpoint: Endpoint,
    answer: Answer,
    *,
    seconds: float,
    price: Price | None,
    reserved: float | None,
) -> Response:
    """The record of what came back; the endpoint's key is cut out of it, should it repeat it."""
    prompt_tokens, completion_tokens = read_usage(answer.raw)
    return Response(
        key=request.key,
        seed_id=request.seed_id,
        prompt_id=request.prompt_id,
        endpoint=endpoint.name,
        model=endpoint.model,
        parameters=request.parameters,
        raw=answer.raw.replace(endpoint.api_key, "…") if endpoint.api_key else answer.raw,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        seconds=round(seconds, 3),
        cost=_cost(answer.failure, price, prompt_tokens, completion_tokens),
        received_at=time.time(),
        failure=answer.failure.reason.value if answer.failure else None,
        reserved=reserved,
        task=request.task,
        attempt=request.attempt,
        about=request.about,
    )


def _cost(
    failure: Failure | None, price: Price | None, prompt_tokens: int, completion_tokens: int
) -> float | None:
    """US dollars; None where the price or the number of tokens is not known."""
    if failure is not None and failure.reason not in MAYBE_PAID:
        return 0.0
    if price == Price(0.0, 0.0):
        return 0.0
    if price is None or not prompt_tokens:
        return None
    return (prompt_tokens * price.input + completion_tokens * price.output) / 1e6
