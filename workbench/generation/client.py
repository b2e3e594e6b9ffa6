"""The client: one request, its answer as received, and our own rules for asking again."""

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from storage.records import Response
from workbench.generation.endpoint import Endpoint
from workbench.generation.failures import MAYBE_PAID, RETRIED, Failure, Reason, classify
from workbench.generation.requests import Request

# The longest sample is some tens of kilobytes; a body beyond this is a mistake or an attack.
MAX_BODY_BYTES = 16_000_000
MAX_TRIES = 4
# A Retry-After beyond this is not waited for: the request fails, and a later resume asks again.
MAX_WAIT_SECONDS = 120.0
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 300.0
GREATEST_COUNT = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float


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
    # Its default of two retries turns one slow answer into three that are paid for.
    return openai.AsyncOpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        max_retries=0,
        http_client=httpx2.AsyncClient(
            timeout=httpx2.Timeout(answer_seconds, connect=CONNECT_SECONDS, pool=None),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=256),
            trust_env=not endpoint.is_local,
        ),
    )


async def ask(
    client: openai.AsyncOpenAI,
    request: Request,
    endpoint: Endpoint,
    *,
    price: Price | None,
    answer_seconds: float = ANSWER_SECONDS,
    stopping: asyncio.Event | None = None,
) -> tuple[Response, Failure | None]:
    """The endpoint's answer to the request, asked again while that certainly costs nothing.

    Once `stopping` is set nothing is asked again.
    """
    stopping = stopping or asyncio.Event()
    started = time.monotonic()
    for attempt in range(MAX_TRIES):
        answer = await send(client, request, endpoint, answer_seconds=answer_seconds)
        if answer.failure is None or answer.failure.reason not in RETRIED:
            break
        wait = answer.retry_after
        if wait is None:
            # Spread out, so that requests turned away together do not come back together.
            wait = 2.0**attempt * random.uniform(0.25, 0.5)  # noqa: S311 - not for secrets
        if attempt + 1 == MAX_TRIES or wait > MAX_WAIT_SECONDS:
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), wait)
        if stopping.is_set():
            break
    response = _make_response(request, endpoint, answer, time.monotonic() - started, price)
    return response, answer.failure


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
    try:
        # httpx's limits are per piece of the body: one that trickles in forever needs this one.
        async with asyncio.timeout(answer_seconds):
            return await _exchange(client, request, endpoint, body)
    except openai.APIStatusError as error:
        raw = error.response.text
        failure = classify(error.status_code, raw)
        return Answer(raw, failure, _read_retry_after(error.response.headers.get("retry-after")))
    except (openai.APIConnectionError, httpx2.TransportError, TimeoutError) as error:
        return Answer("", _classify_connection(error))


async def _exchange(
    client: openai.AsyncOpenAI, request: Request, endpoint: Endpoint, body: dict[str, Any]
) -> Answer:
    call = client.chat.completions.with_streaming_response.create(
        model=endpoint.model,
        messages=request.messages,  # type: ignore[arg-type]
        extra_body=body,
    )
    pieces, size = [], 0
    async with call as response:
        async for piece in response.iter_bytes():
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY_BYTES:
                return Answer("", Failure(Reason.TOO_LARGE, f"more than {MAX_BODY_BYTES:,} bytes"))
    raw = b"".join(pieces).decode("utf-8", "replace")
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
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return Failure(Reason.UNREACHABLE, str(cause) or "no connection in time")
    if isinstance(cause, TimeoutError | httpx2.TimeoutException):
        return Failure(Reason.TIMED_OUT)
    if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return Failure(Reason.BAD_REQUEST, str(cause))
    return Failure(Reason.CONNECTION_LOST, str(cause or error))


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
    return max(0.0, seconds) if seconds == seconds else None


def _is_openai(endpoint: Endpoint) -> bool:
    host = urlsplit(endpoint.base_url).hostname or ""
    return host == "api.openai.com" or host.endswith(".openai.azure.com")


def _make_response(
    request: Request, endpoint: Endpoint, answer: Answer, seconds: float, price: Price | None
) -> Response:
    prompt_tokens, completion_tokens = read_usage(answer.raw)
    cost = _cost(answer.failure, price, prompt_tokens, completion_tokens)
    raw = answer.raw.replace(endpoint.api_key, "…") if endpoint.api_key else answer.raw
    return Response(
        key=request.key,
        seed_id=request.seed_id,
        prompt_id=request.prompt_id,
        endpoint=endpoint.name,
        model=endpoint.model,
        parameters=request.parameters,
        raw=raw,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        seconds=round(seconds, 3),
        cost=cost,
        received_at=time.time(),
        failure=answer.failure.reason.value if answer.failure else None,
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


def read_usage(raw: str) -> tuple[int, int]:
    """Prompt and completion tokens as the endpoint counted them; 0 where it did not say."""
    try:
        usage = json.loads(raw).get("usage") or {}
        counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, RecursionError, AttributeError):
        return 0, 0
    first, second = (
        count if type(count) is int and 0 <= count < GREATEST_COUNT else 0 for count in counts
    )
    return first, second
