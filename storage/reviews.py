"""Decisions: an append-only log, and the verdict of each sample that follows from it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row
from storage.errors import WinnowError

DECISIONS = ("accepted", "rejected", "skipped", "undone")


@dataclass(frozen=True, slots=True)
class Decision:
    """One key press of a reviewer; `id` is made where it was pressed, so that sending it twice
    saves it once. `undone` takes back the decision that `undoes` names."""

    id: str
    sample_id: str
    verdict: str
    reviewer: str
    undoes: str | None = None


def add_decision(cursor: DuckDBPyConnection, decision: Decision) -> str:
    """Append a decision and return the sample's verdict after it.

    Raises:
        WinnowError: an unknown sample or verdict, or nothing to undo.
    """
    state = first_row(
        cursor.execute(
            "select revision, verdict from sample_state where sample_id = ?", [decision.sample_id]
        )
    )
    if state is None:
        raise WinnowError(f"Sample {decision.sample_id!r} does not exist in this workspace.")
    if decision.verdict not in DECISIONS:
        raise WinnowError(f"{decision.verdict!r} is no decision: use {', '.join(DECISIONS)}.")
    if first_row(cursor.execute("select 1 from decisions where id = ?", [decision.id])):
        return str(state[1])  # sent again after an answer that never arrived
    if decision.verdict == "undone":
        _require_undoable(cursor, decision)
    now = datetime.now(UTC)
    cursor.execute(
        "insert into decisions select ?, coalesce(max(position), 0) + 1, ?, ?, ?, ?, ?, ?"
        " from decisions",
        [
            decision.id,
            decision.sample_id,
            state[0],
            decision.verdict,
            decision.undoes,
            decision.reviewer,
            now,
        ],
    )
    return _settle(cursor, decision.sample_id)


def _require_undoable(cursor: DuckDBPyConnection, decision: Decision) -> None:
    undone = first_row(
        cursor.execute(
            "select sample_id from decisions where id = ? and verdict <> 'undone'",
            [decision.undoes],
        )
    )
    if undone is None or undone[0] != decision.sample_id:
        raise WinnowError(f"Decision {decision.undoes!r} is not there to be undone.")


def _settle(cursor: DuckDBPyConnection, sample_id: str) -> str:
    """Set the verdict to the newest accept or reject that nobody took back."""
    standing = first_row(
        cursor.execute(
            "select verdict, reviewer, decided_at from decisions d where sample_id = ?"
            " and verdict in ('accepted', 'rejected') and id not in (select undoes from decisions"
            " where sample_id = ? and verdict = 'undone' and undoes is not null)"
            " order by position desc limit 1",
            [sample_id, sample_id],
        )
    )
    verdict, reviewer, decided_at = standing or ("undecided", None, None)
    cursor.execute(
        "update sample_state set verdict = ?, decided_by = ?, decided_at = ? where sample_id = ?",
        [verdict, reviewer, decided_at, sample_id],
    )
    return str(verdict)


def list_decisions(
    cursor: DuckDBPyConnection, *, reviewer: str | None = None, limit: int = 10
) -> list[dict[str, Any]]:
    """The newest decisions that still stand, newest first."""
    who, values = ("and reviewer = ?", [reviewer]) if reviewer else ("", [])
    rows = cursor.execute(
        "select id, sample_id, verdict, reviewer, decided_at from decisions where"
        " verdict <> 'undone' and id not in (select undoes from decisions where undoes is not null)"
        f" {who} order by position desc limit ?",
        [*values, limit],
    )
    return fetch_dicts(rows)


def count_verdicts(cursor: DuckDBPyConnection) -> dict[str, int]:
    """How many samples stand at each verdict."""
    rows = cursor.execute("select verdict, count(*) from sample_state group by 1").fetchall()
    return {"undecided": 0, "accepted": 0, "rejected": 0} | dict(rows)
