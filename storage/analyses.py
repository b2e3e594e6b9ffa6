"""Whole analyses and the cache of embeddings that makes the next one quick."""

import json
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import first_row, insert_rows


def add_analysis(
    cursor: DuckDBPyConnection,
    job_id: str,
    *,
    samples: int,
    clusters: dict[str, Any],
    versions: dict[str, Any],
) -> None:
    """Note an analysis of all samples that has ended."""
    row = {
        "job_id": job_id,
        "samples": samples,
        "clusters": json.dumps(clusters),
        "versions": json.dumps(versions),
        "ended_at": datetime.now(UTC),
    }
    insert_rows(cursor, "analyses", [row])


def latest_versions(cursor: DuckDBPyConnection) -> dict[str, Any]:
    """What made the newest analysis; empty where there is none."""
    row = first_row(cursor.execute("select versions from analyses order by ended_at desc limit 1"))
    return dict(json.loads(row[0])) if row else {}


def add_embeddings(cursor: DuckDBPyConnection, vectors: Any) -> None:
    """Keep the vectors of an Arrow table by the hash of the text they stand for (`text_hash`)."""
    cursor.register("incoming", vectors)
    try:
        cursor.execute(
            "insert into embeddings select text_hash, any_value(vector) from incoming"
            " group by text_hash on conflict do nothing"
        )
    finally:
        cursor.unregister("incoming")


def cached_embeddings(cursor: DuckDBPyConnection) -> Any:
    """Every cached vector as an Arrow table of text_hash and vector."""
    return cursor.sql("select text_hash, vector from embeddings").to_arrow_table()
