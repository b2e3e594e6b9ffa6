"""One task of a benchmark, whichever it is: what is asked, and what decides the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from storage.errors import WinnowError

_Row = TypeVar("_Row")

# What of a returned value counts: the value, whether it is not None, or its items.
Returned = Literal["value", "is_not_none", "items"]


@dataclass(frozen=True, slots=True)
class PublishedTests:
    """Tests as their authors wrote them: `tests` defines check(candidate), `setup` what they use.

    `inside` is trusted code that runs behind the answer's own, in the answer's sandbox, for the
    one task whose arguments cannot travel between sandboxes; `called` is the function to call.
    """

    setup: str
    tests: str
    called: str
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Differential:
    """Inputs on which an answer must do what the reference does (EvalPlus, Liu et al. 2023).

    `atol` is the published absolute tolerance, `oracle` the rule where equality is not enough,
    and `keep` the folder in which the reference's outputs are kept.
    """

    base_inputs: tuple[Sequence[Any], ...]
    plus_inputs: tuple[Sequence[Any], ...]
    atol: float
    oracle: str
    returned: Returned
    keep: Path


@dataclass(frozen=True, slots=True)
class Task:
    """One task: `question` is what the model is asked, `prompt` the code that its answer goes on
    from ("" where there is none), `reference` and `empty` programs that must pass and fail."""

    task_id: str
    question: str
    prompt: str
    entry_point: str
    reference: str
    empty: str
    judging: PublishedTests | Differential


def take_evenly(rows: Sequence[_Row], *, limit: int | None, title: str) -> list[_Row]:
    """`limit` rows, evenly spaced over all, since benchmarks get harder or easier along the way.

    Raises:
        WinnowError: `limit` is out of range.
    """
    total = len(rows)
    if limit is None:
        return list(rows)
    if not 1 <= limit <= total:
        raise WinnowError(f"{limit} tasks cannot be scored: {title} has 1 to {total}.")
    return [rows[index * total // limit] for index in range(limit)]
