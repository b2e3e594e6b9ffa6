"""Samples, and what was found and measured of them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row, insert_rows
from storage.evolutions import lineage_of
from storage.filters import SampleFilter
from storage.judgements import latest_judgements
from storage.records import Finding, Metrics, Sample

FROM = "from sample_state s left join metrics m on m.sample_id = s.sample_id"
RECORD = "id, revision, seed_id, request_key, problem, solution, language, source"


def add_samples(cursor: DuckDBPyConnection, samples: Sequence[tuple[Sample, str]]) -> int:
    """Append samples, each with the model that wrote it; those that are there already stay.

    Returns how many were new.
    """
    ids = [sample.id for sample, _ in samples]
    known = cursor.execute(
        "select sample_id from sample_state where sample_id in (select unnest(?))", [ids]
    ).fetchall()
    there = {row[0] for row in known}
    fresh = {sample.id: (sample, model) for sample, model in samples if sample.id not in there}
    places = cursor.execute(
        "select id, licence, repository from seeds where id in (select unnest(?))",
        [[sample.seed_id for sample, _ in fresh.values()]],
    ).fetchall()
    known_origins = cursor.execute(
        "select sample_id, licence, repository from origins where sample_id in (select unnest(?))",
        [list(fresh)],
    ).fetchall()
    origin = {row[0]: row[1:] for row in places}
    imported = {row[0]: row[1:] for row in known_origins}
    # What was evolved from a sample has that one's licence, whether it has a seed or not.
    parents = cursor.execute(
        "select e.sample_id, s.licence, s.repository from evolutions e join sample_state s"
        " on s.sample_id = e.parent_id where e.sample_id in (select unnest(?))",
        [list(fresh)],
    ).fetchall()
    inherited = {row[0]: row[1:] for row in parents} | imported
    row = first_row(cursor.execute("select coalesce(max(position), 0) + 1 from sample_state"))
    first = int(row[0])
    now = datetime.now(UTC)
    insert_rows(
        cursor, "samples", [{**asdict(sample), "created_at": now} for sample, _ in fresh.values()]
    )
    states = [
        {
            "sample_id": sample.id,
            "position": first + index,
            "revision": sample.revision,
            "seed_id": sample.seed_id,
            "language": sample.language,
            "licence": place[0],
            "repository": place[1],
            "model": model,
            "verdict": "undecided",
        }
        for index, (sample, model) in enumerate(fresh.values())
        for place in [inherited.get(sample.id) or origin.get(sample.seed_id) or ("unknown", "")]
    ]
    insert_rows(cursor, "sample_state", states)
    return len(fresh)


def replace_analysis(
    cursor: DuckDBPyConnection,
    findings: Sequence[Finding],
    metrics: Sequence[Metrics],
    *,
    job_id: str,
) -> None:
    """Put new findings and metrics in the place of the old ones, for the samples measured."""
    measured = [row.sample_id for row in metrics]
    for table in ("findings", "metrics"):
        cursor.execute(f"delete from {table} where sample_id in (select unnest(?))", [measured])
    _insert_findings(cursor, findings, job_id=job_id)
    insert_rows(cursor, "metrics", [{**asdict(row), "job_id": job_id} for row in metrics])


def replace_findings(
    cursor: DuckDBPyConnection,
    findings: Sequence[Finding],
    *,
    sample_ids: Sequence[str],
    checks: Sequence[str],
    job_id: str,
) -> None:
    """Put the findings of some checks of some samples in the place of their old ones."""
    cursor.execute(
        "delete from findings where sample_id in (select unnest(?))"
        " and check_name in (select unnest(?))",
        [list(sample_ids), list(checks)],
    )
    _insert_findings(cursor, findings, job_id=job_id)


def _insert_findings(
    cursor: DuckDBPyConnection, findings: Sequence[Finding], *, job_id: str
) -> None:
    found = [
        {
            "sample_id": finding.sample_id,
            "check_name": finding.check,
            "reason": finding.reason,
            "detail": json.dumps(finding.detail, ensure_ascii=False),
            "job_id": job_id,
        }
        for finding in findings
    ]
    insert_rows(cursor, "findings", found)


def all_samples(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every sample's current revision with its snippet, in the order they came."""
    columns = ", ".join(f"t.{name.strip()}" for name in RECORD.split(","))
    return fetch_dicts(
        cursor.execute(
            f"select {columns}, coalesce(d.snippet, '') as snippet from sample_state s"
            " join samples t on t.id = s.sample_id and t.revision = s.revision"
            " left join seeds d on d.id = s.seed_id order by s.position"
        )
    )


def count_unanalyzed(cursor: DuckDBPyConnection) -> int:
    """How many samples have no metrics yet."""
    row = first_row(
        cursor.execute(
            "select count(*) from sample_state"
            " where sample_id not in (select sample_id from metrics)"
        )
    )
    return int(row[0])


def count_samples(cursor: DuckDBPyConnection, where: SampleFilter | None = None) -> int:
    """How many samples the filter leaves."""
    condition, values = (where or SampleFilter()).conditions()
    row = first_row(cursor.execute(f"select count(*) {FROM} where {condition}", values))
    return int(row[0])


def list_sample_ids(
    cursor: DuckDBPyConnection, where: SampleFilter, *, limit: int = 100_000
) -> list[tuple[str, str]]:
    """(id, verdict) of the samples that the filter leaves, in the order they came."""
    condition, values = where.conditions()
    return cursor.execute(
        f"select s.sample_id, s.verdict {FROM} where {condition} order by s.position limit ?",
        [*values, limit],
    ).fetchall()


def page_samples(
    cursor: DuckDBPyConnection,
    where: SampleFilter,
    *,
    after: int = 0,
    size: int = 50,
    newest: bool = False,
) -> list[dict[str, Any]]:
    """One page by key: the samples whose position follows `after` (or the newest ones)."""
    condition, values = where.conditions()
    order = "desc" if newest else "asc"
    ids = cursor.execute(
        f"select s.sample_id {FROM} where {condition} and s.position > ?"
        f" order by s.position {order} limit ?",
        [*values, after, size],
    ).fetchall()
    return get_cards(cursor, [row[0] for row in ids])


def get_cards(cursor: DuckDBPyConnection, sample_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Everything a page shows of the given samples, in the given order; unknown ids are absent."""
    rows = fetch_dicts(
        cursor.execute(
            "select s.sample_id as id, s.position, s.revision, s.seed_id, s.language, s.licence,"
            " s.repository, s.model, s.verdict, s.decided_by, s.decided_at, t.problem, t.solution,"
            " t.source, t.request_key, m.category, m.category_score, m.nearest_task, m.similarity,"
            f" m.problem_tokens, m.solution_tokens, m.cluster, m.x, m.y {FROM}"
            " join samples t on t.id = s.sample_id and t.revision = s.revision"
            " where s.sample_id in (select unnest(?))",
            [list(sample_ids)],
        )
    )
    found = fetch_dicts(
        cursor.execute(
            "select sample_id, check_name as check, reason, detail from findings"
            " where sample_id in (select unnest(?)) order by check_name, reason",
            [list(sample_ids)],
        )
    )
    lineage, judgements = lineage_of(cursor, sample_ids), latest_judgements(cursor, sample_ids)
    by_id = {
        row["id"]: {
            **row,
            "findings": [],
            "evolution": lineage[row["id"]][0],
            "children": lineage[row["id"]][1],
            "judgements": judgements.get(row["id"], []),
        }
        for row in rows
    }
    for finding in found:
        finding["detail"] = json.loads(finding["detail"])
        by_id[finding.pop("sample_id")]["findings"].append(finding)
    return [by_id[sample_id] for sample_id in sample_ids if sample_id in by_id]
