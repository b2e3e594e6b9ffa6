"""How far reviewers who judged the same samples agree."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two reviewers over the samples that both decided.

    `share` agreed, from 0 to 1. `kappa` is Cohen's (Educational and Psychological Measurement 20,
    1960): agreement beyond chance, 1 at most; None where chance alone would have them agree on
    everything, as when both accepted all.
    """

    first: str
    second: str
    samples: int
    agreed: int
    share: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Who decided how many samples, and every two reviewers who share some.

    `samples` were decided by two reviewers or more; `unanimous` of them have one verdict.
    """

    reviewers: dict[str, int]
    samples: int
    unanimous: int
    pairs: tuple[PairAgreement, ...]


def measure_agreement(decisions: Iterable[tuple[str, str, str]]) -> Agreement:
    """The agreement in (sample id, reviewer, verdict), the standing decision of each reviewer."""
    by_reviewer: dict[str, dict[str, str]] = defaultdict(dict)
    by_sample: dict[str, list[str]] = defaultdict(list)
    for sample_id, reviewer, verdict in decisions:
        by_reviewer[reviewer][sample_id] = verdict
        by_sample[sample_id].append(verdict)
    pairs = [
        _compare(first, second, by_reviewer[first], by_reviewer[second])
        for first, second in combinations(sorted(by_reviewer), 2)
    ]
    several = [verdicts for verdicts in by_sample.values() if len(verdicts) > 1]
    return Agreement(
        reviewers={name: len(by_reviewer[name]) for name in sorted(by_reviewer)},
        samples=len(several),
        unanimous=sum(len(set(verdicts)) == 1 for verdicts in several),
        pairs=tuple(pair for pair in pairs if pair.samples),
    )


def _compare(
    first: str, second: str, of_first: dict[str, str], of_second: dict[str, str]
) -> PairAgreement:
    shared = sorted(of_first.keys() & of_second.keys())
    count = len(shared)
    agreed = sum(of_first[name] == of_second[name] for name in shared)
    verdicts = {of_first[name] for name in shared} | {of_second[name] for name in shared}
    # In whole numbers, so that chance agreement of exactly 1 is seen as such.
    chance = sum(
        sum(of_first[name] == verdict for name in shared)
        * sum(of_second[name] == verdict for name in shared)
        for verdict in verdicts
    )
    kappa = (agreed * count - chance) / (count**2 - chance) if chance != count**2 else None
    return PairAgreement(first, second, count, agreed, agreed / count if count else 0.0, kappa)
