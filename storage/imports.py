"""Imported samples: where each comes from, and the decisions that came with them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row, insert_rows


@dataclass(frozen=True, slots=True)
class RestoredDecision:
    """An accept or reject that was made in another workspace."""

    sample_id: str
    revision: int
    verdict: str
    reviewer: str
    decided_at: datetime


def add_origins(cursor: DuckDBPyConnection, origins: Sequence[Mapping[str, Any]]) -> None:
    """Keep where imported samples come from; what is known of one already stays.

    To be called before `add_samples`, which takes licence and repository from here. Each has the
    columns of the table but the last: sample_id, file, line, format, corpus, repository, path,
    first_line, last_line, licence, prompt_id, model, endpoint, extra (a dictionary).
    """
    now = datetime.now(UTC)
    rows = [
        {**origin, "extra": json.dumps(origin["extra"]), "imported_at": now} for origin in origins
    ]
    insert_rows(cursor, "origins", rows)


def get_origin(cursor: DuckDBPyConnection, sample_id: str) -> dict[str, Any] | None:
    """Where an imported sample comes from, or None where it was not imported."""
    rows = fetch_dicts(cursor.execute("select * from origins where sample_id = ?", [sample_id]))
    return {**rows[0], "extra": json.loads(rows[0]["extra"])} if rows else None


def count_origins(cursor: DuckDBPyConnection) -> dict[str, int]:
    """How many samples came from each imported file, most first."""
    rows = cursor.execute("select file, count(*) from origins group by 1 order by 2 desc, 1")
    return dict(rows.fetchall())


def texts_by_revision(
    cursor: DuckDBPyConnection, sample_ids: Sequence[str]
) -> dict[str, dict[int, tuple[str, str]]]:
    """Problem and solution of every revision of the given samples; unknown ids are absent."""
    rows = cursor.execute(
        "select id, revision, problem, solution from samples where id in (select unnest(?))",
        [list(sample_ids)],
    ).fetchall()
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for sample_id, revision, problem, solution in rows:
        found.setdefault(sample_id, {})[revision] = (problem, solution)
    return found


def restore_decisions(cursor: DuckDBPyConnection, decisions: Sequence[RestoredDecision]) -> None:
    """Append decisions with the reviewer and time they were made by, and set the verdicts.

    For samples that are new here: where one was decided already, its verdict would be overruled.
    """
    if not decisions:
        return
    row = first_row(cursor.execute("select coalesce(max(position), 0) + 1 from decisions"))
    rows = [
        {
            "id": _decision_id(decision),
            "position": int(row[0]) + index,
            "sample_id": decision.sample_id,
            "revision": decision.revision,
            "verdict": decision.verdict,
            "reviewer": decision.reviewer,
            "decided_at": decision.decided_at,
        }
        for index, decision in enumerate(decisions)
    ]
    insert_rows(cursor, "decisions", rows)
    cursor.execute(
        "update sample_state s set verdict = d.verdict, decided_by = d.reviewer,"
        " decided_at = d.decided_at from decisions d"
        " where d.id in (select unnest(?)) and s.sample_id = d.sample_id",
        [[one["id"] for one in rows]],
    )


def _decision_id(decision: RestoredDecision) -> str:
    """The same decision has the same id, so that restoring it twice saves it once."""
    content = [
        decision.sample_id,
        decision.revision,
        decision.verdict,
        decision.reviewer,
        decision.decided_at.astimezone(UTC).isoformat(),
    ]
    return hashlib.sha256(json.dumps(["restored", *content]).encode()).hexdigest()[:32]
