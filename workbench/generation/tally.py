"""Counting a job's answers: what the progress lines show."""

import time
from collections import Counter, deque
from typing import Any

from storage.records import Response
from workbench.generation.limits import Price
from workbench.generation.tasks import read_response

# Long enough to be steady with the embedded model, where an answer takes ten seconds and more.
WINDOW_SECONDS = 60.0


class Tally:
    """Counts of what came back; `done` = `ok` + everything in `failed`.

    Another attempt counts in the place of the one before it, so `total` is of what is asked about.
    `reused` requests were answered in other jobs, or are being asked there; not in `total`.
    """

    def __init__(self, *, total: int, reused: int = 0, price: Price | None = None) -> None:
        self.total = total
        self.reused = reused
        self.prompt_tokens = self.completion_tokens = 0
        # US dollars: what is known, and the most that tries of unknown cost can come to.
        self.cost = self.uncertain = 0.0
        self.unpriced = 0
        self._price = price
        # By prompt and subject; "" where it gave what was asked for.
        self._outcomes: dict[tuple[str, str], str] = {}
        self._started = time.monotonic()
        self._recent: deque[tuple[float, int, bool]] = deque()

    def add(self, response: Response, *, earlier: bool = False) -> None:
        """Count a response; `earlier` ones, from before a resume, leave the speed alone."""
        reason = read_response(response).reason or ""
        self._outcomes[response.prompt_id, response.subject] = reason
        self.prompt_tokens += response.prompt_tokens
        self.completion_tokens += response.completion_tokens
        if response.cost is None:
            self.unpriced += 1
            self.uncertain += response.reserved or 0.0
        else:
            self.cost += response.cost
        if not earlier:
            self._recent.append((time.monotonic(), response.completion_tokens, not reason))

    @property
    def spent(self) -> float:
        """The most US dollars that everything so far can have cost."""
        return self.cost + self.uncertain

    def fields(self) -> dict[str, Any]:
        """The counts as a progress line has them.

        `cost` is in US dollars, None where the price is not known; `uncertain` is the most that
        `unpriced` tries can have cost beside it. Rates are over the last minute, `eta_seconds` at
        that rate.
        """
        counts = Counter(self._outcomes.values())
        ok = counts.pop("", 0)
        done = len(self._outcomes)
        span, answers, tokens, good = self._rates()
        left = max(0, self.total - done)
        known = self._price is not None
        return {
            "done": done,
            "ok": ok,
            "failed": dict(counts.most_common()),
            "total": self.total,
            "reused": self.reused,
            "tokens_per_second": round(tokens / span, 1) if span else 0.0,
            "samples_per_minute": round(60 * good / span, 1) if span else 0.0,
            "eta_seconds": round(left * span / answers) if answers and left else None,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": self.cost if known else None,
            "uncertain": self.uncertain if known else None,
            "unpriced": self.unpriced,
            "seconds": round(time.monotonic() - self._started, 1),
        }

    def _rates(self) -> tuple[float, int, int, int]:
        """Seconds looked at; answers, completion tokens and good answers within them."""
        now = time.monotonic()
        while self._recent and now - self._recent[0][0] > WINDOW_SECONDS:
            self._recent.popleft()
        span = min(WINDOW_SECONDS, now - self._started)
        tokens = sum(tokens for _, tokens, _ in self._recent)
        return span, len(self._recent), tokens, sum(good for _, _, good in self._recent)
