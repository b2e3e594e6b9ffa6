"""Sending a job's requests: within its limits, each answer on disk before it counts.

Never twice: an endpoint's refusal costs nothing and is asked again, an answer is final, and where
the outcome is unknown (a time-out, a lost connection) the request may be paid for, so it is sent
again only as often as the limits allow.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import openai

from storage.records import Request, Response
from workbench.generation.answers import AnswerWriter
from workbench.generation.budget import estimate_tokens, reservation
from workbench.generation.client import Answer, make_response, open_client, send
from workbench.generation.endpoint import Endpoint
from workbench.generation.failures import FATAL, MAYBE_PAID, RETRIED, Failure, Reason, describe
from workbench.generation.gate import CapReached, Gate, GateClosed
from workbench.generation.intents import IntentLog
from workbench.generation.limits import Limits, Price
from workbench.jobs.folder import JobPaused

# How often the sender looks whether it should stop and reports where it stands.
TICK_SECONDS = 0.25
# So many failures in a row, over all slots, mean that going on is useless (and may cost).
FAILURES_IN_A_ROW = 10
MOST_TRIES = 4
# An endpoint that limits its rate turns requests away as a matter of course.
MOST_REFUSALS = 12
LONGEST_BACKOFF_SECONDS = 30.0
# A rest beyond this is not sat out: the job is paused, and says until when.
LONGEST_REST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the sender tells whoever runs it.

    `stored` an answer that is on disk, `rests` until when (seconds since the epoch) the endpoint
    wants to rest, `tick` now and then how many requests are under way and may be at once; `stop`
    is asked whether to stop.
    """

    stored: Callable[[Response], None]
    rests: Callable[[float], None]
    tick: Callable[[int, int], None]
    stop: Callable[[], bool]


class Sender:
    """One run over a job's requests; made and run inside one event loop, once."""

    def __init__(
        self,
        requests: Iterator[Request],
        endpoint: Endpoint,
        *,
        limits: Limits,
        price: Price | None,
        writer: AnswerWriter,
        intents: IntentLog,
        hooks: Hooks,
        spent: float = 0.0,
        rest_seconds: float = 0.0,
    ) -> None:
        self._waiting = requests
        self._endpoint = endpoint
        self._limits = limits
        self._price = price
        self._writer = writer
        self._intents = intents
        self._hooks = hooks
        self._gate = Gate(limits, spent=spent, on_rest=hooks.rests)
        self._resends = limits.resend_unknown
        self._stopping = asyncio.Event()
        self._pause: str | None = None
        self._answered = False
        self._in_a_row = 0
        self._completion_tokens = 0.0
        # Answers that are being written: a slot goes on meanwhile, but not far ahead of the disk.
        self._storing = set[asyncio.Task[None]]()
        self._room = asyncio.Semaphore(max(2, limits.concurrency // 8))
        if rest_seconds > 0:
            self._rest(rest_seconds)

    async def run(self, *, grace_seconds: float) -> None:
        """Send every request; returns when all came back, or soon after a stop.

        A stop sends nothing more and lets what is under way arrive for up to `grace_seconds`: it
        may be paid for already.

        Raises:
            JobPaused: the endpoint refuses for good (key, quota, model), cannot be reached from the
                start, fails time and again or wants a long rest, or the cap on money is reached.
            OSError: an answer cannot be written.
        """
        seconds = self._limits.answer_seconds
        async with open_client(self._endpoint, answer_seconds=seconds) as client:
            count = self._limits.concurrency
            slots = {asyncio.create_task(self._work(client)) for _ in range(count)}
            try:
                await self._watch(slots, grace_seconds)
            finally:
                for slot in slots:
                    slot.cancel()
                await asyncio.gather(*slots, return_exceptions=True)
                await asyncio.gather(*self._storing)
        if self._pause:
            raise JobPaused(self._pause)

    async def _watch(self, slots: set["asyncio.Task[None]"], grace_seconds: float) -> None:
        """Wait for the slots; once stopping, no longer than the grace."""
        pending, deadline = slots, float("inf")
        clock = asyncio.get_running_loop().time
        while pending and clock() < deadline:
            finished, pending = await asyncio.wait(pending, timeout=TICK_SECONDS)
            for task in (*finished, *self._storing):
                if task.done():
                    task.result()  # an error of ours, such as a full disk, ends the run
            if self._hooks.stop():
                self._stop()
            if self._stopping.is_set() and deadline == float("inf"):
                deadline = clock() + grace_seconds
            self._hooks.tick(self._gate.active, int(self._gate.allowed))

    def _stop(self, pause: str | None = None) -> None:
        if not self._stopping.is_set():
            self._pause = pause
            self._stopping.set()
            self._gate.close()

    async def _work(self, client: openai.AsyncOpenAI) -> None:
        """One slot: request after request, until there are none or the run is stopping."""
        for request in self._waiting:
            try:
                await self._ask(client, request)
            except GateClosed:
                return
            except CapReached:
                self._stop(_cap_sentence(self._limits))
                return

    async def _ask(self, client: openai.AsyncOpenAI, request: Request) -> None:
        """Send a request until its outcome is final."""
        refusals = 0
        while True:
            entered_at, answer, response = await self._send_once(client, request)
            failure = answer.failure
            if failure and failure.reason in RETRIED:
                refusals += 1
                most = MOST_REFUSALS if failure.reason is Reason.RATE_LIMITED else MOST_TRIES
                self._intents.refused(request.key)
                await self._back_off(answer, failure, refusals, entered_at)
                if refusals < most:
                    continue
            self._judge(failure)
            stored = await self._store(response)
            if failure is None or failure.reason not in MAYBE_PAID or self._resends < 1:
                return
            self._resends -= 1
            await stored  # that it may be paid for is on record before it is sent again

    async def _store(self, response: Response) -> "asyncio.Task[None]":
        """Start writing the response, which counts when it is on disk."""
        await self._room.acquire()
        task = asyncio.create_task(self._write(response))
        self._storing.add(task)
        return task

    async def _write(self, response: Response) -> None:
        try:
            await self._writer.put(response)
        finally:
            self._room.release()
        self._hooks.stored(response)
        self._storing.discard(asyncio.current_task())

    async def _send_once(
        self, client: openai.AsyncOpenAI, request: Request
    ) -> tuple[float, Answer, Response]:
        """Send the request when the gate lets it through; when that was, and what came back."""
        money = reservation(request, self._price)
        tokens = estimate_tokens(request, completion=self._completion_tokens)
        entered_at = await self._gate.enter(tokens=tokens, money=money)
        self._intents.sent(request.key, money)
        started = time.monotonic()
        answer = await send(
            client, request, self._endpoint, answer_seconds=self._limits.answer_seconds
        )
        response = make_response(
            request,
            self._endpoint,
            answer,
            seconds=time.monotonic() - started,
            price=self._price,
            reserved=money,
        )
        used = response.prompt_tokens + response.completion_tokens
        self._gate.leave(tokens=tokens, used=used, money=money, cost=response.cost)
        if answer.failure is None:
            self._gate.answered()
            # A moving average: the next answers will be about as long as the last ones.
            self._completion_tokens += 0.1 * (response.completion_tokens - self._completion_tokens)
        return entered_at, answer, response

    async def _back_off(
        self, answer: Answer, failure: Failure, refusals: int, entered_at: float
    ) -> None:
        """Give the endpoint the time that it asks for, or more each time where it names none."""
        wait = answer.retry_after
        if wait is None:
            # Spread out, so that requests turned away together do not come back together.
            spread = random.uniform(0.25, 0.5)  # noqa: S311 - not for secrets
            wait = min(LONGEST_BACKOFF_SECONDS, 2.0 ** (refusals - 1) * spread)
        if failure.reason is Reason.RATE_LIMITED:
            self._gate.turned_away(entered_at, 0.0)
            self._rest(wait)
        elif answer.retry_after:
            self._rest(wait)
        else:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    def _rest(self, seconds: float) -> None:
        """Let the endpoint rest, or pause the job where that would be long."""
        self._gate.rest(seconds)
        if seconds > LONGEST_REST_SECONDS:
            until = time.strftime("%H:%M on %d %B", time.localtime(time.time() + seconds))
            self._stop(
                f"The endpoint {self._endpoint.name} limits its rate and asks to wait until "
                f"{until}: resume then, or set fewer requests per minute."
            )

    def _judge(self, failure: Failure | None) -> None:
        """Decide whether to go on after a final outcome."""
        if failure is None:
            self._answered, self._in_a_row = True, 0
            return
        self._in_a_row += 1
        if (
            failure.reason in FATAL
            or (failure.reason is Reason.UNREACHABLE and not self._answered)
            # A snippet that is too long says nothing of the next one.
            or (self._in_a_row >= FAILURES_IN_A_ROW and failure.reason != Reason.PROMPT_TOO_LONG)
        ):
            self._stop(describe(failure, self._endpoint))


def _cap_sentence(limits: Limits) -> str:
    return (
        f"The next request could bring the job above its cap of {limits.max_cost:,.2f} US dollars: "
        "raise the cap and resume, or leave it as it is."
    )
