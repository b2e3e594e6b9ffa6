"""Counting a job's answers: what the progress lines show."""

import time
from collections import Counter, deque
from typing import Any

from storage.records import Response
from workbench.generation.client import Price
from workbench.generation.parsing import sample_from

# Long enough to be steady with the embedded model, where an answer takes ten seconds and more.
WINDOW_SECONDS = 60.0


class Tally:
    """Counts of what came back; `done` = `ok` + everything in `failed`.

    `duplicates` are seeds that ask what another one of the job asks already; not in `total`.
    """

    def __init__(self, *, total: int, duplicates: int = 0, price: Price | None = None) -> None:
        self.total = total
        self.duplicates = duplicates
        self.done = self.ok = self.prompt_tokens = self.completion_tokens = 0
        self.failed: Counter[str] = Counter()
        self.cost: float | None = None if price is None else 0.0
        self._started = time.monotonic()
        self._recent: deque[tuple[float, int]] = deque()

    def add(self, response: Response, *, earlier: bool = False) -> None:
        """Count a response; `earlier` ones, from before a resume, leave the speed alone."""
        sample, reason = sample_from(response)
        self.done += 1
        if sample:
            self.ok += 1
        else:
            self.failed[reason or ""] += 1
        self.prompt_tokens += response.prompt_tokens
        self.completion_tokens += response.completion_tokens
        if self.cost is not None:
            self.cost = None if response.cost is None else self.cost + response.cost
        if not earlier:
            self._recent.append((time.monotonic(), response.completion_tokens))

    def fields(self) -> dict[str, Any]:
        """The counts as a progress line has them; `cost` is None where a price is not known."""
        return {
            "done": self.done,
            "ok": self.ok,
            "failed": dict(self.failed.most_common()),
            "total": self.total,
            "duplicates": self.duplicates,
            "tokens_per_second": round(self._speed(), 1),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost,
            "seconds": round(time.monotonic() - self._started, 1),
        }

    def _speed(self) -> float:
        now = time.monotonic()
        while self._recent and now - self._recent[0][0] > WINDOW_SECONDS:
            self._recent.popleft()
        span = min(WINDOW_SECONDS, now - self._started)
        return sum(tokens for _, tokens in self._recent) / span if span > 0 else 0.0
