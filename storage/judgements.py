"""What judges said of samples: suggestions for reviewers, kept for ever, deciding nothing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one model said of one revision of a sample: three scores, 1 (worst) to 5, and why."""

    request_key: str
    sample_id: str
    revision: int
    model: str
    meets_problem: int
    logic: int
    edge_cases: int
    reason: str
    judged_at: datetime


def add_judgements(cursor: DuckDBPyConnection, judgements: Sequence[Judgement]) -> None:
    """Append judgements; one whose request is there already stays as it is."""
    insert_rows(cursor, "judgements", [asdict(one) for one in judgements])


def latest_judgements(
    cursor: DuckDBPyConnection, sample_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """The newest judgement by each model on the current text of each sample, newest first.

    Samples that nobody judged are absent, as are judgements of a revision that was edited since.
    """
    rows = fetch_dicts(
        cursor.execute(
            "select j.* from judgements j join sample_state s"
            " on s.sample_id = j.sample_id and s.revision = j.revision"
            " where j.sample_id in (select unnest(?))"
            " qualify row_number() over (partition by j.sample_id, j.model"
            " order by j.judged_at desc, j.request_key) = 1 order by j.judged_at desc, j.model",
            [list(sample_ids)],
        )
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["sample_id"], []).append(row)
    return found


def count_judged(cursor: DuckDBPyConnection) -> int:
    """How many samples have a judgement of their current text."""
    row = cursor.execute(
        "select count(distinct j.sample_id) from judgements j join sample_state s"
        " on s.sample_id = j.sample_id and s.revision = j.revision"
    ).fetchall()
    return int(row[0][0])
