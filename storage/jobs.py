"""Jobs as the database knows them: what was taken in from each folder so far."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows

ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job's row; `taken` holds the byte offset up to which each output file was taken in."""

    id: str
    kind: str
    state: str
    error: str | None = None
    taken: dict[str, int] = field(default_factory=dict)


def add_job(cursor: DuckDBPyConnection, job_id: str, kind: str) -> None:
    """Note a job that was just created; one that is there already stays."""
    row = {"id": job_id, "kind": kind, "state": "running", "taken": "{}"}
    insert_rows(cursor, "jobs", [{**row, "created_at": datetime.now(UTC)}])


def get_job(cursor: DuckDBPyConnection, job_id: str) -> JobRecord | None:
    """One job, or None."""
    rows = fetch_dicts(
        cursor.execute("select id, kind, state, error, taken from jobs where id = ?", [job_id])
    )
    return _record(rows[0]) if rows else None


def _record(row: dict[str, Any]) -> JobRecord:
    return JobRecord(**{**row, "taken": json.loads(row["taken"])})


def list_open_jobs(cursor: DuckDBPyConnection) -> list[JobRecord]:
    """Jobs whose end was not taken in yet, oldest first."""
    rows = cursor.execute(
        "select id, kind, state, error, taken from jobs"
        " where state not in (select unnest(?)) order by created_at",
        [list(ENDED)],
    )
    return [_record(row) for row in fetch_dicts(rows)]


def settle_job(
    cursor: DuckDBPyConnection,
    job_id: str,
    *,
    state: str,
    taken: dict[str, int],
    error: str | None = None,
) -> None:
    """Note how far a job's output was taken in and where the job stands."""
    cursor.execute(
        "update jobs set state = ?, taken = ?, error = ?, ended_at = ? where id = ?",
        [
            state,
            json.dumps(taken),
            error,
            datetime.now(UTC) if state in ENDED else None,
            job_id,
        ],
    )
