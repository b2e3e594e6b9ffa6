"""A local OpenAI-compatible endpoint with a set latency and set limits: `python endpoint.py`.

It prints its port as its first line and ends when its standard input does. It shares the machine
with the client that is measured, so it is as cheap as Python makes it: HTTP/1.1 by hand, one
precomputed answer, one timer. Every answer leaves the set latency after its request arrived.

    POST /v1/chat/completions    the answer; 429 with Retry-After beyond the limits
    GET  /v1/models              the one model
    GET  /stats                  what was asked and what a real endpoint would have billed
"""

import argparse
import asyncio
import gc
import json
import math
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

MODEL = "benchmark-model"
PROMPT_TOKENS = 420
COMPLETION_TOKENS = 560
# OpenAI says of its limits that they are enforced over shorter periods than the minute they are
# written for. A whole minute's allowance at once would also make a short run exceed its rate.
BURST_SECONDS = 1.0


@dataclass(slots=True)
class Stats:
    """What the endpoint saw: requests = billed + rejected. Times are seconds since the epoch.

    `answered` were billed and their answer was sent; `abandoned` were billed and their client had
    gone by then. `probes` are requests without a message, which some clients send to read
    rate-limit headers; as at OpenAI they are refused and cost nothing. `late_seconds` is how much
    later than the set latency the answers left, in the mean: what the endpoint itself takes from
    the client's throughput.
    """

    requests: int = 0
    billed: int = 0
    answered: int = 0
    rejected: int = 0
    probes: int = 0
    abandoned: int = 0
    peak_concurrency: int = 0
    first_request_at: float = 0.0
    last_answer_at: float = 0.0
    late_seconds: float = 0.0


def read_answer() -> str:
    """The text of every answer: about 2 KB, the two labels, a fenced code block."""
    return Path(__file__).with_name("answer.md").read_text(encoding="utf-8")


def _answer_body() -> bytes:
    message = {"role": "assistant", "content": read_answer(), "refusal": None}
    body = {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": MODEL,
        "system_fingerprint": "fp_benchmark",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": COMPLETION_TOKENS,
            "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        },
    }
    return json.dumps(body).encode()


def _response(status: str, body: bytes, *, headers: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode("ascii") + body


def _error(message: str, kind: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "code": kind}}).encode()


class TokenBucket:
    """So many requests a minute, evenly, with a second's worth saved up at most."""

    def __init__(self, per_minute: float, *, now: float) -> None:
        self._per_second = per_minute / 60
        self._capacity = max(1.0, self._per_second * BURST_SECONDS)
        self._tokens = self._capacity
        self._at = now

    def take(self, now: float) -> float:
        """0.0 when the request may pass; otherwise the seconds until one may."""
        grown = self._tokens + (now - self._at) * self._per_second
        self._tokens, self._at = min(self._capacity, grown), now
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_second
        self._tokens -= 1
        return 0.0


class Endpoint:
    """The state that all connections share."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        latency: float,
        requests_per_minute: float | None = None,
        max_concurrent: int | None = None,
    ) -> None:
        self.stats = Stats()
        self._loop = loop
        self._latency = latency
        self._max_concurrent = max_concurrent
        self._bucket = (
            TokenBucket(requests_per_minute, now=loop.time()) if requests_per_minute else None
        )
        self._answer = _response("200 OK", _answer_body())
        # The latency is the same for all, so who came first is due first: a queue is enough.
        self._waiting: deque[tuple[float, asyncio.Transport]] = deque()

    def handle(self, transport: asyncio.Transport, head: bytes, body: bytes) -> None:
        """Answer one request, now or when its latency is over."""
        if head.startswith(b"post ") and b"/chat/completions " in head[:200]:
            self._complete(transport, body)
        elif head.startswith(b"get /stats "):
            transport.write(_response("200 OK", json.dumps(asdict(self.stats)).encode()))
        elif head.startswith(b"get ") and b"/models " in head[:200]:
            models = {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
            transport.write(_response("200 OK", json.dumps(models).encode()))
        else:
            transport.write(_response("404 Not Found", _error("No such path.", "not_found")))

    def _complete(self, transport: asyncio.Transport, body: bytes) -> None:
        stats = self.stats
        if b'"messages": []' in body or b'"messages":[]' in body:
            stats.probes += 1
            error = _error("[] is too short - 'messages'", "invalid_request_error")
            transport.write(_response("400 Bad Request", error))
            return
        now = self._loop.time()
        stats.requests += 1
        if stats.requests == 1:
            stats.first_request_at = time.time()
        if wait := self._seconds_to_wait(now):
            stats.rejected += 1
            error = _error("Rate limit reached.", "rate_limit_exceeded")
            after = f"Retry-After: {math.ceil(wait)}\r\n"
            transport.write(_response("429 Too Many Requests", error, headers=after))
            return
        stats.billed += 1
        self._waiting.append((now + self._latency, transport))
        stats.peak_concurrency = max(stats.peak_concurrency, len(self._waiting))
        if len(self._waiting) == 1:
            self._loop.call_at(now + self._latency, self._send_due)

    def _seconds_to_wait(self, now: float) -> float:
        if self._max_concurrent is not None and len(self._waiting) >= self._max_concurrent:
            return 1.0
        return self._bucket.take(now) if self._bucket else 0.0

    def _send_due(self) -> None:
        waiting, stats, now = self._waiting, self.stats, self._loop.time()
        while waiting and waiting[0][0] <= now:
            due, transport = waiting.popleft()
            if transport.is_closing():
                stats.abandoned += 1
                continue
            transport.write(self._answer)
            stats.answered += 1
            stats.late_seconds += (now - due - stats.late_seconds) / stats.answered
        stats.last_answer_at = time.time()
        if waiting:
            self._loop.call_at(waiting[0][0], self._send_due)


class Connection(asyncio.Protocol):
    """One kept-alive connection. Nobody sends its next request before it has the answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        _, found, rest = head.partition(b"\r\ncontent-length:")
        size = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
        if len(self._buffer) < size:
            return
        body, self._buffer = self._buffer[end + 4 : size], self._buffer[size:]
        self._endpoint.handle(self._transport, head, body)


async def serve(options: argparse.Namespace) -> None:
    """Listen on a free port of the loopback, say which, and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    endpoint = Endpoint(
        loop,
        latency=options.latency,
        requests_per_minute=options.requests_per_minute,
        max_concurrent=options.max_concurrent,
    )
    server = await loop.create_server(
        lambda: Connection(endpoint), "127.0.0.1", options.port, backlog=1024
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds (1.0)")
    parser.add_argument("--requests-per-minute", type=float, help="429 beyond it")
    parser.add_argument("--max-concurrent", type=int, help="429 beyond it")
    gc.disable()  # nothing here makes cycles but closed connections, and a run has few of those
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
