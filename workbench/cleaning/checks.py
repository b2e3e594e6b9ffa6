"""The checks in the order they run; a new one is one file and one line here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from storage.errors import WinnowError
from storage.records import Finding, Sample
from workbench.cleaning import contamination, duplicates, syntax


@dataclass(frozen=True, slots=True)
class Check:
    """A check: `find(samples, seeds)` gives its findings, at most one per sample and reason.

    `version` goes up with every change that can change a finding.
    """

    name: str
    version: int
    find: Callable[[Sequence[Sample], Mapping[str, str]], list[Finding]]


CHECKS: tuple[Check, ...] = (
    Check(duplicates.NAME, duplicates.VERSION, duplicates.find_duplicates),
    Check(contamination.NAME, contamination.VERSION, contamination.find_contamination),
    Check(syntax.NAME, syntax.VERSION, syntax.find_syntax_errors),
)


def select_checks(names: Sequence[str]) -> tuple[Check, ...]:
    """The checks of these names, in the order they run.

    Raises:
        WinnowError: a name that no check has.
    """
    known = [check.name for check in CHECKS]
    for name in names:
        if name not in known:
            raise WinnowError(f"Check {name!r} does not exist: use {', '.join(known)}.")
    return tuple(check for check in CHECKS if check.name in names)


def run_checks(
    samples: Sequence[Sample], seeds: Mapping[str, str], *, checks: Sequence[Check] = CHECKS
) -> list[Finding]:
    """All findings, check by check and in each in the order of the samples.

    `samples` stand in the order they were created; `seeds` gives the snippet of each seed id.
    """
    return [finding for check in checks for finding in check.find(samples, seeds)]


def check_versions(checks: Sequence[Check] = CHECKS) -> dict[str, int]:
    """The version of each check by name, for the record of what made a finding."""
    return {check.name: check.version for check in checks}
