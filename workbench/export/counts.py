"""What a data set is made of, in numbers: for its manifest and its card."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.cleaning.contamination import REASONS
from workbench.export.rows import ExportRow

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """How many rows have each value, most frequent first, and what the checks say of them.

    `analyzed` rows have been checked and compared with HumanEval; `similarity_mean` is over those,
    None where there are none. `contaminated` are the ids of rows that contain a benchmark's text.
    """

    languages: dict[str, int]
    categories: dict[str, int]
    licences: dict[str, int]
    repositories: int
    models: dict[str, int]
    verdicts: dict[str, int]
    findings: dict[str, int]
    analyzed: int
    similarity_mean: float | None
    contaminated: list[str]


def count_rows(rows: Sequence[ExportRow]) -> DatasetCounts:
    """The numbers of these rows."""
    scores = [row.similarity for row in rows if row.similarity is not None]
    return DatasetCounts(
        languages=_count(row.language for row in rows),
        categories=_count(row.category for row in rows),
        licences=_count(row.licence for row in rows),
        repositories=len({row.repository for row in rows if row.repository}),
        models=_count(row.model for row in rows),
        verdicts=_count(row.verdict for row in rows),
        findings=_count(reason for row in rows for reason in set(row.findings)),
        analyzed=len(scores),
        similarity_mean=sum(scores) / len(scores) if scores else None,
        contaminated=[row.sample_id for row in rows if REASONS & set(row.findings)],
    )


def _count(values: Iterable[str | None]) -> dict[str, int]:
    counts = Counter(value or UNKNOWN for value in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
