"""What a filtered set of samples looks like: counts by facet, the map, the similarity histogram."""

import json
from dataclasses import replace
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row
from storage.filters import SampleFilter
from storage.samples import FROM

# The paper plots similarity in steps of 0.01; half as many bars can still be told apart and hit.
HISTOGRAM_STEP = 0.02
HISTOGRAM_BARS = 50


def facets(cursor: DuckDBPyConnection, where: SampleFilter) -> dict[str, list[tuple[Any, int]]]:
    """How many of the samples have each value of a facet, most first; values that none has are 0.

    Each facet leaves its own condition out: with one category chosen, the others still show what
    choosing them instead would give. The finding "none" stands for checked samples without any.
    """
    columns = {
        "category": "m.category",
        "language": "s.language",
        "licence": "s.licence",
        "verdict": "s.verdict",
        "cluster": "m.cluster",
    }
    unset = SampleFilter()
    counts = {}
    for name, column in columns.items():
        condition, values = replace(where, **{name: getattr(unset, name)}).conditions()
        counts[name] = cursor.execute(
            f"select {column}, count(*) filter (where {condition}) {FROM}"
            f" where {column} is not null group by 1 order by 2 desc, 1 limit 50",
            values,
        ).fetchall()
    condition, values = replace(where, finding="").conditions()
    counts["finding"] = cursor.execute(
        "select coalesce(f.reason, 'none'),"
        f" count(distinct s.sample_id) filter (where {condition}) {FROM}"
        " left join findings f on f.sample_id = s.sample_id"
        " where f.reason is not null or m.sample_id is not null group by 1 order by 2 desc, 1",
        values,
    ).fetchall()
    return counts


def histogram(cursor: DuckDBPyConnection, where: SampleFilter) -> list[int]:
    """How many samples there are by similarity to HumanEval, in bars of `HISTOGRAM_STEP` from 0.

    Conditions on the similarity itself are left out, as in `facets`.
    """
    condition, values = replace(where, min_similarity=None, max_similarity=None).conditions()
    rows = cursor.execute(
        f"select least(floor(m.similarity / ? + 1e-6)::integer, ?), count(*) {FROM}"
        f" where {condition} and m.similarity is not null group by 1",
        [HISTOGRAM_STEP, HISTOGRAM_BARS - 1, *values],
    ).fetchall()
    bars = [0] * HISTOGRAM_BARS
    for bar, count in rows:
        bars[bar] = count
    return bars


def points(
    cursor: DuckDBPyConnection, where: SampleFilter, *, limit: int = 20_000
) -> dict[str, list[Any]]:
    """The map by column: id, x, y, category and cluster of each sample that was analysed."""
    condition, values = where.conditions()
    rows = cursor.execute(
        f"select s.sample_id, m.x, m.y, m.category, m.cluster {FROM}"
        f" where {condition} and m.x is not null order by s.position limit ?",
        [*values, limit],
    ).fetchall()
    names = ("id", "x", "y", "category", "cluster")
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def totals(cursor: DuckDBPyConnection, where: SampleFilter) -> dict[str, Any]:
    """Samples, accepted, duplicates, contaminated, analysed, and mean similarity and lengths."""
    condition, values = where.conditions()
    return fetch_dicts(
        cursor.execute(
            "select count(*) as samples, count(m.sample_id) as analysed,"
            " count(*) filter (where s.verdict = 'accepted') as accepted,"
            " count(*) filter (where s.sample_id in (select sample_id from findings where"
            " check_name = 'duplicates')) as duplicates,"
            " count(*) filter (where s.sample_id in (select sample_id from findings where"
            " check_name = 'contamination')) as contaminated,"
            " avg(m.similarity) as similarity, avg(m.problem_tokens) as problem_tokens,"
            f" avg(m.solution_tokens) as solution_tokens {FROM} where {condition}",
            values,
        )
    )[0]


def latest_clusters(cursor: DuckDBPyConnection) -> dict[int, dict[str, Any]]:
    """Title and size of each cluster of the newest analysis, by its number."""
    row = first_row(cursor.execute("select clusters from analyses order by ended_at desc limit 1"))
    return {int(number): value for number, value in json.loads(row[0]).items()} if row else {}
