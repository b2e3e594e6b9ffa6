"""What a job may do to an endpoint: how much at once, per minute, and for how much money."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.jobs.folder import write_json

FILE_NAME = "limits.json"
MOST_CONCURRENT = 1024


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What the sender keeps to; None is no limit.

    `concurrency` is the most requests under way, `max_cost` the most US dollars that the job can
    come to, `resend_unknown` how many requests may be sent again though their first outcome is
    unknown (and may be paid for), `answer_seconds` how long one answer may take. `retry` names
    reasons whose requests are sent again whatever their outcome: somebody asked for it.

    Raises:
        WinnowError: a number that cannot be a limit.
    """

    concurrency: int = 16
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_cost: float | None = None
    resend_unknown: int = 0
    answer_seconds: float = 300.0
    retry: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.concurrency <= MOST_CONCURRENT:
            raise WinnowError(
                f"{self.concurrency} requests at once cannot be: use 1 to {MOST_CONCURRENT}."
            )
        for name in ("requests_per_minute", "tokens_per_minute", "max_cost", "answer_seconds"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                words = name.replace("_", " ")
                raise WinnowError(f"{value} is no limit for {words}: use a number above 0.")
        if self.resend_unknown < 0:
            raise WinnowError(
                f"{self.resend_unknown} requests cannot be sent again: use 0 or more."
            )

    def save(self, folder: Path) -> None:
        """Write the limits into a job's folder; its sender reads them when it starts."""
        write_json(folder / FILE_NAME, asdict(self))


def load_limits(folder: Path) -> Limits:
    """The limits of a job.

    Raises:
        WinnowError: there are none, or they cannot be read.
    """
    path = folder / FILE_NAME
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Limits(**{**values, "retry": tuple(values.get("retry", ()))})
    except (OSError, ValueError, TypeError) as error:
        raise WinnowError(f"{path} holds no limits ({error}): start the job anew.") from error
