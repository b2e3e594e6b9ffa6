"""Corpora and seeds."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row, insert_rows
from storage.filters import SeedFilter
from storage.jobs import ENDED
from storage.records import Seed

COLUMNS = (
    "id, corpus, repository, path, first_line, last_line, language, licence, snippet, before, after"
)


def add_corpora(cursor: DuckDBPyConnection, corpora: Sequence[dict[str, Any]]) -> None:
    """Note what was found in each corpus; a corpus drawn from again is replaced."""
    rows = [
        {
            "name": corpus["name"],
            "documents": corpus["documents"],
            "languages": json.dumps(corpus["languages"]),
            "licences": json.dumps(corpus["licences"]),
            "drawn_at": datetime.now(UTC),
        }
        for corpus in corpora
    ]
    update = (
        "(name) do update set documents = excluded.documents, languages = excluded.languages,"
        " licences = excluded.licences, drawn_at = excluded.drawn_at"
    )
    insert_rows(cursor, "corpora", rows, conflict=update)


def list_corpora(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every corpus with its counts, the one drawn from last first."""
    rows = fetch_dicts(cursor.execute("select * from corpora order by drawn_at desc"))
    for row in rows:
        row["languages"] = json.loads(row["languages"])
        row["licences"] = json.loads(row["licences"])
    return rows


def add_seeds(cursor: DuckDBPyConnection, seeds: Sequence[Seed], *, job_id: str) -> None:
    """Append seeds in order; those that are there already stay as they are."""
    known = cursor.execute(
        "select id from seeds where id in (select unnest(?))", [[seed.id for seed in seeds]]
    ).fetchall()
    there = {row[0] for row in known}
    first = _next_position(cursor)
    fresh = {seed.id: seed for seed in seeds if seed.id not in there}
    rows = [
        {**asdict(seed), "position": first + index, "job_id": job_id}
        for index, seed in enumerate(fresh.values())
    ]
    insert_rows(cursor, "seeds", rows)


def _next_position(cursor: DuckDBPyConnection) -> int:
    row = first_row(cursor.execute("select coalesce(max(position), 0) + 1 from seeds"))
    return int(row[0])


def get_seed(cursor: DuckDBPyConnection, seed_id: str) -> Seed | None:
    """One seed, or None."""
    found = fetch_dicts(cursor.execute(f"select {COLUMNS} from seeds where id = ?", [seed_id]))
    return Seed(**found[0]) if found else None


def get_seeds(cursor: DuckDBPyConnection, seed_ids: Sequence[str]) -> dict[str, Seed]:
    """Seeds by id; unknown ids are absent."""
    found = cursor.execute(
        f"select {COLUMNS} from seeds where id in (select unnest(?))", [list(seed_ids)]
    )
    return {row["id"]: Seed(**row) for row in fetch_dicts(found)}


def page_seeds(
    cursor: DuckDBPyConnection, where: SeedFilter, *, page: int = 0, size: int = 50
) -> list[dict[str, Any]]:
    """One page of a filtered seed list, oldest first: id, position, place, licence, first lines."""
    condition, values = where.conditions()
    ids = cursor.execute(
        f"select id from seeds where {condition} order by position limit ? offset ?",
        [*values, size, page * size],
    ).fetchall()
    rows = cursor.execute(
        "select id, position, language, repository, path, first_line, last_line, licence,"
        " left(snippet, 200) as start from seeds"
        " where id in (select unnest(?)) order by position",
        [[row[0] for row in ids]],
    )
    return fetch_dicts(rows)


def count_seeds(cursor: DuckDBPyConnection, where: SeedFilter | None = None) -> int:
    """How many seeds the filter leaves."""
    condition, values = (where or SeedFilter()).conditions()
    row = first_row(cursor.execute(f"select count(*) from seeds where {condition}", values))
    return int(row[0])


def seed_facets(cursor: DuckDBPyConnection) -> dict[str, list[tuple[str, int]]]:
    """How many seeds there are by language, licence and repository, most first."""
    return {
        column: cursor.execute(
            f"select {column}, count(*) from seeds group by all order by 2 desc, 1 limit 200"
        ).fetchall()
        for column in ("language", "licence", "repository")
    }


def unused_seeds(
    cursor: DuckDBPyConnection,
    *,
    prompt_id: str,
    endpoint: str,
    model: str,
    limit: int,
) -> list[Seed]:
    """The first seeds whose snippet this prompt and model were not asked about, in the order drawn.

    A request that certainly failed, or that waits for a job that was given up, is none.
    """
    rows = cursor.execute(
        f"select {COLUMNS} from seeds where snippet not in (select s.snippet from requests r"
        " join seeds s on s.id = r.seed_id left join jobs j on j.id = r.job_id"
        " where r.prompt_id = ? and r.endpoint = ? and r.model = ?"
        " and (r.state in ('answered', 'unknown') or j.state not in (select unnest(?))))"
        " qualify row_number() over (partition by snippet order by position) = 1"
        " order by position limit ?",
        [prompt_id, endpoint, model, list(ENDED), limit],
    )
    return [Seed(**row) for row in fetch_dicts(rows)]
