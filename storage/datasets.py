"""Frozen data sets and the rows they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows
from storage.filters import SampleFilter
from storage.samples import FROM


@dataclass(frozen=True, slots=True)
class Dataset:
    """A frozen data set: `path` is its folder, `filter` the expression that chose its rows."""

    id: str
    name: str
    content_hash: str
    rows: int
    filter: str
    path: str


def add_dataset(
    cursor: DuckDBPyConnection, dataset: Dataset, members: Sequence[tuple[str, int]]
) -> None:
    """Note a frozen data set and its (sample id, revision) rows; freezing it again adds nothing."""
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
