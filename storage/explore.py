"""What a filtered set of samples looks like: counts by facet, the map, the similarity histogram."""

import json
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts
from storage.filters import SampleFilter
from storage.samples import FROM

# The paper plots similarity in steps of 0.01; half as many bars can still be told apart and hit.
HISTOGRAM_STEP = 0.02
HISTOGRAM_BARS = 50


def facets(cursor: DuckDBPyConnection, where: SampleFilter) -> dict[str, list[tuple[str, int]]]:
    """How many of the samples have each category, language, licence, verdict and finding."""
    condition, values = where.conditions()
    columns = {
        "category": "m.category",
        "language": "s.language",
        "licence": "s.licence",
        "verdict": "s.verdict",
    }
    counts = {
        name: cursor.execute(
            f"select {column}, count(*) {FROM} where {condition} and {column} is not null"
            " group by 1 order by 2 desc, 1 limit 50",
            values,
        ).fetchall()
        for name, column in columns.items()
    }
    counts["finding"] = cursor.execute(
        f"select f.reason, count(distinct f.sample_id) {FROM}"
        f" join findings f on f.sample_id = s.sample_id where {condition}"
        " group by 1 order by 2 desc, 1",
        values,
    ).fetchall()
    return counts


def histogram(cursor: DuckDBPyConnection, where: SampleFilter) -> list[int]:
    """How many samples there are by similarity to HumanEval, in bars of `HISTOGRAM_STEP` from 0."""
    condition, values = where.conditions()
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
    """Samples, duplicates, contaminated, analysed, and mean similarity and lengths."""
    condition, values = where.conditions()
    return fetch_dicts(
        cursor.execute(
            "select count(*) as samples, count(m.sample_id) as analysed,"
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
    row = cursor.execute("select clusters from analyses order by ended_at desc limit 1").fetchone()
    return {int(number): value for number, value in json.loads(row[0]).items()} if row else {}
