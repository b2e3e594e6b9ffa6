"""What to draw: the parameters of a draw, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from workbench.corpora.languages import LANGUAGES

# The paper's.
RANDOM_SEED = 976
MIN_LINES = 1
MAX_LINES = 15

LICENCE_POLICIES = ("permissive", "any")
_LARGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """What to draw: at most `count` seeds, and of each language at most its quota in `languages`.

    With `languages` None every language counts and none is limited. A snippet has `min_lines` to
    `max_lines` lines. `licences` is "permissive" or "any".

    Raises:
        WinnowError: a value makes no sense.
    """

    count: int = 100
    languages: Mapping[str, int] | None = None
    min_lines: int = MIN_LINES
    max_lines: int = MAX_LINES
    random_seed: int = RANDOM_SEED
    licences: str = "permissive"

    def __post_init__(self) -> None:
        _check_integer("count", self.count, at_least=1)
        _check_integer("min_lines", self.min_lines, at_least=1)
        _check_integer("max_lines", self.max_lines, at_least=1)
        _check_integer("random_seed", self.random_seed, at_least=0)
        if self.min_lines > self.max_lines:
            raise WinnowError(
                f"min_lines is {self.min_lines} and max_lines {self.max_lines}: a snippet cannot "
                "have more lines than the most it may have. Lower the one or raise the other."
            )
        if self.licences not in LICENCE_POLICIES:
            raise WinnowError(
                f"The licence policy {self.licences!r} is not known. Choose one of "
                f"{', '.join(LICENCE_POLICIES)}."
            )
        if self.languages is not None:
            _check_languages(self.languages)

    @property
    def total(self) -> int:
        """How many seeds there will be if the corpora hold enough."""
        quotas = self.count if self.languages is None else sum(self.languages.values())
        return min(self.count, quotas)


def _check_integer(name: str, value: Any, *, at_least: int) -> None:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or not at_least <= value <= _LARGEST_INTEGER:
        raise WinnowError(f"{name} is {value!r}; it must be a whole number from {at_least} on.")


def _check_languages(languages: Any) -> None:
    if not isinstance(languages, Mapping) or not languages:
        raise WinnowError(
            f"languages is {languages!r}; it must give a number for each language to draw, such as "
            "python=40."
        )
    for language, quota in languages.items():
        if language not in LANGUAGES:
            raise WinnowError(
                f"The language {language!r} is not known. Known are: {', '.join(LANGUAGES)}."
            )
        _check_integer(f"The number for {language}", quota, at_least=1)
