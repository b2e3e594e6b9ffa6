"""What a data set is made of, in numbers: for its manifest and its card."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from workbench.cleaning.contamination import REASONS
from workbench.export.background import Measured
from workbench.export.rows import ExportRow

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long texts are: `count` of them were measured; `upper` is longer than 95 in 100."""

    count: int
    shortest: int
    median: int
    upper: int
    longest: int


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """How many rows have each value, most frequent first, and what the checks say of them.

    `attribution` has for each licence how many repositories and files its rows come from.
    `analyzed` rows have been checked and compared with HumanEval; `similarity_mean` is over those,
    None where there are none. `contaminated` are the ids of rows that contain a benchmark's text.
    `lengths` has characters of every row, and tokens of those that were analyzed.
    """

    languages: dict[str, int]
    categories: dict[str, int]
    licences: dict[str, int]
    attribution: dict[str, dict[str, int]]
    repositories: int
    models: dict[str, int]
    sources: dict[str, int]
    verdicts: dict[str, int]
    reviewers: dict[str, int]
    findings: dict[str, int]
    analyzed: int
    similarity_mean: float | None
    similarity_highest: float | None
    contaminated: list[str]
    lengths: dict[str, Lengths]


def count_rows(
    rows: Sequence[ExportRow], *, measured: Mapping[str, Measured] | None = None
) -> DatasetCounts:
    """The numbers of these rows; `measured` has by sample id what a row does not say itself."""
    known = measured or {}
    scores = [row.similarity for row in rows if row.similarity is not None]
    facts = [known.get(row.sample_id) for row in rows]
    return DatasetCounts(
        languages=_count(row.language for row in rows),
        categories=_count(row.category for row in rows),
        licences=_count(row.licence for row in rows),
        attribution=_count_attribution(rows),
        repositories=len({row.repository for row in rows if row.repository}),
        models=_count(row.model for row in rows),
        sources=_count(fact.source if fact else None for fact in facts),
        verdicts=_count(row.verdict for row in rows),
        reviewers=_count(row.reviewer or "nobody" for row in rows),
        findings=_count(reason for row in rows for reason in set(row.findings)),
        analyzed=len(scores),
        similarity_mean=sum(scores) / len(scores) if scores else None,
        similarity_highest=max(scores, default=None),
        contaminated=[row.sample_id for row in rows if REASONS & set(row.findings)],
        lengths=_measure_lengths(rows, [fact for fact in facts if fact]),
    )


def _count(values: Iterable[str | None]) -> dict[str, int]:
    counts = Counter(value or UNKNOWN for value in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _count_attribution(rows: Sequence[ExportRow]) -> dict[str, dict[str, int]]:
    """Repositories and files by licence: whom somebody who must give credit has to name."""
    repositories: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        licence = row.licence or UNKNOWN
        if row.repository:
            repositories[licence].add(row.repository)
        if row.path:
            files[licence].add((row.repository, row.path))
    return {
        licence: {"repositories": len(repositories[licence]), "files": len(files[licence])}
        for licence in _count(row.licence for row in rows)
    }


def _measure_lengths(rows: Sequence[ExportRow], facts: Sequence[Measured]) -> dict[str, Lengths]:
    found = {
        "problem_characters": [len(row.problem) for row in rows],
        "solution_characters": [len(row.solution) for row in rows],
        "problem_tokens": [f.problem_tokens for f in facts if f.problem_tokens is not None],
        "solution_tokens": [f.solution_tokens for f in facts if f.solution_tokens is not None],
    }
    return {name: _summarize(sorted(numbers)) for name, numbers in found.items() if numbers}


def _summarize(ordered: Sequence[int]) -> Lengths:
    """Nearest-rank quantiles: each is a length that a text here really has."""

    def at(share: float) -> int:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    return Lengths(len(ordered), ordered[0], at(0.5), at(0.95), ordered[-1])
