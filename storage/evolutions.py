"""Evolved samples: which sample each was made from, and which round followed which."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row, insert_rows
from storage.jobs import ENDED


@dataclass(frozen=True, slots=True)
class Evolution:
    """How a sample was made from its parent; `round` is 1 for a child of one that is no evolution.

    `parent_revision` is the text that was evolved: an edit of the parent since changes nothing.
    """

    sample_id: str
    parent_id: str
    parent_revision: int
    heuristic: str
    round: int
    request_key: str


def add_evolutions(cursor: DuckDBPyConnection, evolutions: Sequence[Evolution]) -> None:
    """Keep the lineage of evolved samples; what is there already stays.

    To be called before `add_samples`, which takes licence and repository from the parents.
    """
    parents = list({one.parent_id for one in evolutions})
    rows = cursor.execute(
        "select sample_id, root_id from evolutions where sample_id in (select unnest(?))", [parents]
    ).fetchall()
    roots = dict(rows)
    insert_rows(
        cursor,
        "evolutions",
        [{**asdict(one), "root_id": roots.get(one.parent_id, one.parent_id)} for one in evolutions],
    )


def list_ancestors(cursor: DuckDBPyConnection, sample_id: str) -> list[Evolution]:
    """How a sample came to be, its own evolution first; empty for one that is no evolution.

    The last one's parent is the first sample of the family.
    """
    found: list[Evolution] = []
    seen: set[str] = set()
    while sample_id not in seen:
        seen.add(sample_id)
        rows = cursor.execute(
            "select sample_id, parent_id, parent_revision, heuristic, round, request_key"
            " from evolutions where sample_id = ?",
            [sample_id],
        )
        for row in fetch_dicts(rows):
            found.append(Evolution(**row))
            sample_id = row["parent_id"]
    return found


def list_children(cursor: DuckDBPyConnection, sample_id: str) -> list[Evolution]:
    """What a sample was evolved into, in the order they came."""
    rows = cursor.execute(
        "select e.sample_id, e.parent_id, e.parent_revision, e.heuristic, e.round, e.request_key"
        " from evolutions e join sample_state s on s.sample_id = e.sample_id"
        " where e.parent_id = ? order by s.position",
        [sample_id],
    )
    return [Evolution(**row) for row in fetch_dicts(rows)]


def lineage_of(
    cursor: DuckDBPyConnection, sample_ids: Sequence[str]
) -> dict[str, tuple[dict[str, Any] | None, list[str]]]:
    """For each sample: its own evolution, or None, and the ids of its children as they came."""
    ids = list(sample_ids)
    own = fetch_dicts(
        cursor.execute("select * from evolutions where sample_id in (select unnest(?))", [ids])
    )
    pairs = cursor.execute(
        "select e.parent_id, e.sample_id from evolutions e"
        " join sample_state s on s.sample_id = e.sample_id"
        " where e.parent_id in (select unnest(?)) order by s.position",
        [ids],
    ).fetchall()
    children: dict[str, list[str]] = {}
    for parent_id, child_id in pairs:
        children.setdefault(parent_id, []).append(child_id)
    by_id = {row["sample_id"]: row for row in own}
    return {name: (by_id.get(name), children.get(name, [])) for name in ids}


def rounds_of(cursor: DuckDBPyConnection, sample_ids: Sequence[str]) -> dict[str, int]:
    """How many evolutions lie behind each of the samples that are evolved; others are absent."""
    rows = cursor.execute(
        "select sample_id, round from evolutions where sample_id in (select unnest(?))",
        [list(sample_ids)],
    )
    return dict(rows.fetchall())


def evolved_by(cursor: DuckDBPyConnection, job_id: str) -> list[str]:
    """The ids of the samples that a job's answers gave, but for those rejected since."""
    rows = cursor.execute(
        "select e.sample_id from evolutions e join requests q on q.key = e.request_key"
        " join sample_state s on s.sample_id = e.sample_id"
        " where q.job_id = ? and s.verdict <> 'rejected' order by s.position",
        [job_id],
    )
    return [row[0] for row in rows.fetchall()]


def taken_keys(cursor: DuckDBPyConnection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that were answered, may be paid for, or are being asked by a job."""
    rows = cursor.execute(
        "select q.key from requests q left join jobs j on j.id = q.job_id"
        " where q.key in (select unnest(?))"
        " and (q.state in ('answered', 'unknown') or j.state not in (select unnest(?)))",
        [list(keys), list(ENDED)],
    )
    return {row[0] for row in rows.fetchall()}


def rounds_to_follow(cursor: DuckDBPyConnection) -> list[str]:
    """Jobs that evolved samples and are done, of which nobody noted yet what followed."""
    rows = cursor.execute(
        "select id from jobs where kind = 'evolve' and state = 'done'"
        " and id not in (select job_id from evolution_rounds) order by created_at"
    )
    return [row[0] for row in rows.fetchall()]


def note_round(
    cursor: DuckDBPyConnection, job_id: str, *, next_job: str | None, sentence: str = ""
) -> None:
    """Note what followed a job: the next one, or the sentence that says why there is none."""
    row = {"job_id": job_id, "next_job": next_job, "sentence": sentence}
    insert_rows(cursor, "evolution_rounds", [{**row, "noted_at": datetime.now(UTC)}])


def get_round(cursor: DuckDBPyConnection, job_id: str) -> tuple[str | None, str] | None:
    """What followed a job (the next job or None, why there is none), or None if not noted yet."""
    row = first_row(
        cursor.execute("select next_job, sentence from evolution_rounds where job_id = ?", [job_id])
    )
    return (row[0], row[1]) if row else None
