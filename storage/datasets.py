"""Frozen data sets and the rows they hold."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.samples import FROM


@dataclass(frozen=True, slots=True)
class Dataset:
    """A frozen data set: `path` is its folder, `filter` the expression that chose its rows.

    `rows` are those to train on; its members beyond them are held out.
    """

    id: str
    name: str
    content_hash: str
    rows: int
    filter: str
    path: str


def add_dataset(
    cursor: DuckDBPyConnection, dataset: Dataset, members: Sequence[tuple[str, int]]
) -> None:
    """Note a frozen data set and its (sample id, revision) rows; freezing it again adds nothing.

    `members` are in the order of the files: rows to train on, then those held out.
    """
    insert_rows(
        cursor,
        "datasets",
        [
            {
                "id": dataset.id,
                "name": dataset.name,
                "content_hash": dataset.content_hash,
                "rows": dataset.rows,
                "filter": dataset.filter,
                "path": dataset.path,
                "created_at": datetime.now(UTC),
            }
        ],
    )
    rows = [
        {"dataset_id": dataset.id, "position": index, "sample_id": sample_id, "revision": revision}
        for index, (sample_id, revision) in enumerate(members)
    ]
    insert_rows(cursor, "dataset_rows", rows)


def list_datasets(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every data set, newest first."""
    return fetch_dicts(cursor.execute("select * from datasets order by created_at desc, id"))


def find_dataset(cursor: DuckDBPyConnection, name: str) -> Dataset:
    """The data set of that id, or else the newest of that name.

    Raises:
        WinnowError: there is none.
    """
    found = fetch_dicts(
        cursor.execute(
            "select id, name, content_hash, rows, filter, path from datasets"
            " where id = ? or name = ? order by id = ? desc, created_at desc, id limit 1",
            [name, name, name],
        )
    )
    if not found:
        raise WinnowError(f"There is no data set {name[:80]!r}: `export` makes one.")
    return Dataset(**found[0])


@contextlib.contextmanager
def snapshot(cursor: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """One state of the database for every statement in the block, whatever is written meanwhile."""
    cursor.execute("begin transaction read only")
    try:
        yield cursor
    finally:
        cursor.execute("rollback")


def rows_for_export(cursor: DuckDBPyConnection, where: SampleFilter) -> list[dict[str, Any]]:
    """Everything an exported row carries, for the samples the filter leaves, in their order."""
    condition, values = where.conditions()
    return fetch_dicts(
        cursor.execute(
            "select s.sample_id, s.revision, t.problem, t.solution, s.language, m.category,"
            " m.similarity, m.nearest_task, coalesce(o.corpus, d.corpus, '') as corpus,"
            " s.repository, coalesce(o.path, d.path, '') as path,"
            " coalesce(o.first_line, d.first_line, 0) as first_line,"
            " coalesce(o.last_line, d.last_line, 0) as last_line, s.licence, s.verdict,"
            " s.decided_by as reviewer, s.decided_at,"
            " coalesce(r.prompt_id, o.prompt_id) as prompt_id, s.model,"
            " coalesce(r.endpoint, o.endpoint) as endpoint,"
            " coalesce(f.reasons, []) as findings"
            f" {FROM} join samples t on t.id = s.sample_id and t.revision = s.revision"
            " left join seeds d on d.id = s.seed_id"
            " left join requests r on r.key = t.request_key"
            " left join evolutions e on e.sample_id = s.sample_id"
            " left join origins o on o.sample_id = coalesce(e.root_id, s.sample_id)"
            " left join (select sample_id, list(reason order by reason) as reasons from findings"
            " group by 1) f on f.sample_id = s.sample_id"
            f" where {condition} order by s.position",
            values,
        )
    )


def facts_for_export(cursor: DuckDBPyConnection, where: SampleFilter) -> list[dict[str, Any]]:
    """What is known of each sample beside what a row of it carries: source and tokens."""
    condition, values = where.conditions()
    return fetch_dicts(
        cursor.execute(
            "select s.sample_id, t.source, m.problem_tokens, m.solution_tokens"
            f" {FROM} join samples t on t.id = s.sample_id and t.revision = s.revision"
            f" where {condition} order by s.position",
            values,
        )
    )


def details_for_export(
    cursor: DuckDBPyConnection, where: SampleFilter, *, check: str
) -> dict[str, list[dict[str, Any]]]:
    """The details of what one check found in the samples that the filter leaves, by sample id."""
    condition, values = where.conditions()
    rows = cursor.execute(
        f"select s.sample_id, f.detail {FROM} join findings f on f.sample_id = s.sample_id"
        f" where f.check_name = ? and {condition} order by s.position, f.reason",
        [check, *values],
    ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for sample_id, detail in rows:
        found.setdefault(sample_id, []).append(json.loads(detail))
    return found


def decisions_for_export(
    cursor: DuckDBPyConnection, where: SampleFilter
) -> list[tuple[str, str, str]]:
    """(sample id, reviewer, verdict): each reviewer's newest decision that nobody took back.

    Over the samples that the filter leaves when what it asks of the verdict is set aside, and over
    their current revision.
    """
    condition, values = replace(where, verdict="").conditions()
    return cursor.execute(
        "select d.sample_id, d.reviewer, arg_max(d.verdict, d.position) from decisions d"
        " where d.verdict in ('accepted', 'rejected') and d.id not in"
        " (select undoes from decisions where verdict = 'undone' and undoes is not null)"
        f" and (d.sample_id, d.revision) in (select (s.sample_id, s.revision) {FROM}"
        f" where {condition}) group by 1, 2 order by 1, 2",
        values,
    ).fetchall()


def prompt_names(cursor: DuckDBPyConnection) -> dict[str, str]:
    """The name of every prompt version by its id."""
    return dict(cursor.execute("select id, name from prompts").fetchall())


def rows_of_dataset(cursor: DuckDBPyConnection, dataset_id: str) -> list[dict[str, Any]]:
    """The rows of a data set in its order: frozen text, and evidence as the workspace has it today.

    For a data set whose folder is gone.
    """
    return fetch_dicts(
        cursor.execute(
            "select r.position, r.sample_id, r.revision, t.problem, t.solution, t.language,"
            " m.category, s.licence, s.model, s.decided_by as reviewer from dataset_rows r"
            " join samples t on t.id = r.sample_id and t.revision = r.revision"
            " join sample_state s on s.sample_id = r.sample_id"
            " left join metrics m on m.sample_id = r.sample_id"
            " where r.dataset_id = ? order by r.position",
            [dataset_id],
        )
    )
