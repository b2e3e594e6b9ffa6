"""When the next request may be sent: so many at once, so many per minute, for so much money.

How many at once follows the endpoint: fewer when it turns a request away, more again with every
answer, as TCP's congestion control does (RFC 5681): quickly up to where it last went wrong, by one
per round after that.
"""

import asyncio
import time
from collections.abc import Callable

from workbench.generation.budget import Budget
from workbench.generation.limits import Limits

# How much of a pause may be caught up with: less than what a server that counts evenly lets pass,
# or a few milliseconds of the network would be refused.
BURST_SECONDS = 0.2
# Half, as TCP does, gives away more than a limit on the rate asks for.
CUT = 0.7


class GateClosed(Exception):
    """Nothing more is sent."""


class CapReached(Exception):
    """The request could pass the cap on money, and nothing is under way that may come out lower."""


class Pace:
    """At most so many units per minute, evenly; a short pause may be caught up with."""

    def __init__(self, per_minute: float | None) -> None:
        self._each = 60.0 / per_minute if per_minute else 0.0
        self._free_at = 0.0

    def delay(self, now: float) -> float:
        """Seconds until the next unit may be taken."""
        return max(0.0, self._free_at - now)

    def take(self, amount: float, now: float) -> None:
        """Take units now; more may be taken when they have been paid back by time."""
        self._free_at = max(self._free_at, now - BURST_SECONDS) + amount * self._each

    def give_back(self, amount: float) -> None:
        """Correct an estimate: less was used (or more, where negative)."""
        self._free_at -= amount * self._each


class Gate:
    """The limits of one run, shared by everything it sends; belongs to one event loop.

    `on_rest` is told until when (seconds since the epoch) the endpoint wants to rest.
    """

    def __init__(self, limits: Limits, *, spent: float, on_rest: Callable[[float], None]) -> None:
        self.allowed = float(limits.concurrency)
        self.active = 0
        self._most = float(limits.concurrency)
        self._calm_until = self._most  # above it, it grows slowly
        self._requests = Pace(limits.requests_per_minute)
        self._tokens = Pace(limits.tokens_per_minute)
        self._budget = Budget(limits.max_cost, spent=spent)
        self._on_rest = on_rest
        self._rest_until = 0.0
        self._last_cut = 0.0
        self._closed = False
        self._changed = asyncio.Event()
        self._first_in_line = asyncio.Lock()

    async def enter(self, *, tokens: float, money: float | None) -> float:
        """Wait until a request of about so many tokens may leave; the moment (monotonic) it does.

        `money` is set aside: the most US dollars it can cost, None where that is not known.

        Raises:
            GateClosed: nothing more is to be sent.
            CapReached: there is not enough money left for it.
        """
        async with self._first_in_line:
            while True:
                self._changed.clear()
                now = time.monotonic()
                if self._closed:
                    raise GateClosed
                if self.active >= int(self.allowed):
                    await self._changed.wait()
                elif delay := self._delay(now):
                    await self._wait_for_change(delay)
                elif self._budget.reserve(money):
                    break
                elif self.active:
                    await self._changed.wait()
                else:
                    raise CapReached
            self.active += 1
            self._requests.take(1.0, now)
            self._tokens.take(tokens, now)
            return now

    def _delay(self, now: float) -> float:
        return max(self._rest_until - now, self._requests.delay(now), self._tokens.delay(now), 0.0)

    async def _wait_for_change(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def leave(self, *, tokens: float, used: float, money: float | None, cost: float | None) -> None:
        """A request of `tokens` and `money` came back: it took `used` tokens (0: not said).

        `cost` is in US dollars; None keeps what was set aside, as it may be paid.
        """
        self.active -= 1
        self._budget.settle(money, cost)
        if used:
            self._tokens.give_back(tokens - used)
        self._changed.set()

    def close(self) -> None:
        """Let nothing more through."""
        self._closed = True
        self._changed.set()

    def answered(self) -> None:
        """An answer came: a little more at once is tried."""
        step = 1.0 if self.allowed < self._calm_until else 1.0 / self.allowed
        self.allowed = min(self._most, self.allowed + step)

    def turned_away(self, entered_at: float, rest_seconds: float) -> None:
        """The endpoint had too much: rest, then go on with less at once.

        One wave of refusals counts once: what was sent before the last cut says nothing new.
        """
        if entered_at >= self._last_cut:
            under_way = self.active + 1.0  # with the one that was refused
            self.allowed = max(1.0, CUT * min(self.allowed, under_way))
            self._calm_until = self.allowed
            self._last_cut = time.monotonic()
        self.rest(rest_seconds)

    def rest(self, seconds: float) -> None:
        """Send nothing for so long."""
        until = time.monotonic() + seconds
        if seconds > 0 and until > self._rest_until:
            self._rest_until = until
            self._on_rest(time.time() + seconds)
        self._changed.set()
