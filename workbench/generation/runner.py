"""Sending requests: so many at a time, each answer stored before it counts, until done or stopped.

It knows neither job folders nor files; whoever runs it says where answers go.
"""

import asyncio
from collections.abc import Callable, Sequence

import openai

from storage.errors import WinnowError
from storage.records import Response
from workbench.generation.client import ANSWER_SECONDS, Price, ask, open_client
from workbench.generation.endpoint import Endpoint
from workbench.generation.failures import FATAL, Failure, Reason, describe
from workbench.generation.requests import Request

# How often the runner looks whether it should stop and reports where it stands.
TICK_SECONDS = 0.25
# So many failures in a row, over all slots, mean that going on is useless (and may cost).
FAILURES_IN_A_ROW = 10


def run_requests(
    requests: Sequence[Request],
    endpoint: Endpoint,
    *,
    concurrency: int,
    store: Callable[[Response], None],
    on_progress: Callable[[], None],
    stop: Callable[[], bool],
    price: Price | None = None,
    grace_seconds: float = 20.0,
    answer_seconds: float = ANSWER_SECONDS,
) -> None:
    """Send every request; returns when all came back, or soon after `stop` says so.

    `store` is called once per answer and has it on disk when it returns. A stop sends nothing more
    and lets what is under way arrive for up to `grace_seconds`: it may be paid for already.

    Raises:
        WinnowError: the endpoint refuses for good (key, quota, model), cannot be reached from the
            start, or fails time and again. What has arrived is stored.
    """
    sender = _Sender(requests, endpoint, store, price, answer_seconds)
    asyncio.run(sender.run(concurrency, on_progress, stop, grace_seconds))


class _Sender:
    """The state that the slots of one run share."""

    def __init__(
        self,
        requests: Sequence[Request],
        endpoint: Endpoint,
        store: Callable[[Response], None],
        price: Price | None,
        answer_seconds: float,
    ) -> None:
        self._waiting = iter(requests)
        self._endpoint = endpoint
        self._store = store
        self._price = price
        self._answer_seconds = answer_seconds
        self._answered = False
        self._in_a_row = 0
        self._stopping = asyncio.Event()
        self._fatal: Failure | None = None

    async def run(
        self,
        concurrency: int,
        on_progress: Callable[[], None],
        stop: Callable[[], bool],
        grace_seconds: float,
    ) -> None:
        async with open_client(self._endpoint, answer_seconds=self._answer_seconds) as client:
            slots = {asyncio.create_task(self._work(client)) for _ in range(concurrency)}
            try:
                await self._watch(slots, on_progress, stop, grace_seconds)
            finally:
                for slot in slots:
                    slot.cancel()
                await asyncio.gather(*slots, return_exceptions=True)
        if self._fatal:
            raise WinnowError(describe(self._fatal, self._endpoint))

    async def _watch(
        self,
        slots: set["asyncio.Task[None]"],
        on_progress: Callable[[], None],
        stop: Callable[[], bool],
        grace_seconds: float,
    ) -> None:
        """Wait for the slots; once stopping, no longer than the grace."""
        pending, deadline = slots, float("inf")
        clock = asyncio.get_running_loop().time
        while pending and clock() < deadline:
            finished, pending = await asyncio.wait(pending, timeout=TICK_SECONDS)
            for slot in finished:
                slot.result()  # an error of ours, such as a full disk, ends the run
            if stop():
                self._stopping.set()
            if self._stopping.is_set() and deadline == float("inf"):
                deadline = clock() + grace_seconds
            on_progress()

    async def _work(self, client: openai.AsyncOpenAI) -> None:
        """One slot: request after request, until there are none or the run is stopping."""
        for request in self._waiting:
            if self._stopping.is_set():
                return
            response, failure = await ask(
                client,
                request,
                self._endpoint,
                price=self._price,
                answer_seconds=self._answer_seconds,
                stopping=self._stopping,
            )
            self._store(response)
            self._judge(failure)

    def _judge(self, failure: Failure | None) -> None:
        """Decide whether to go on after an answer."""
        if failure is None:
            self._answered, self._in_a_row = True, 0
            return
        self._in_a_row += 1
        hopeless = (
            failure.reason in FATAL
            or (failure.reason is Reason.UNREACHABLE and not self._answered)
            # A snippet that is too long says nothing of the next one.
            or (self._in_a_row >= FAILURES_IN_A_ROW and failure.reason != Reason.PROMPT_TOO_LONG)
        )
        if hopeless and not self._stopping.is_set():
            self._fatal = failure
            self._stopping.set()
