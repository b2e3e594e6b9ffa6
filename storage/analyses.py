"""Whole analyses and the cache of embeddings that makes the next one quick."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import insert_rows


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


def add_embeddings(
    cursor: DuckDBPyConnection, vectors: Sequence[tuple[str, Sequence[float]]]
) -> None:
    """Keep vectors by the hash of the text they stand for."""
    rows = {text_hash: list(vector) for text_hash, vector in vectors}
    insert_rows(
        cursor,
        "embeddings",
        [{"text_hash": name, "vector": vector} for name, vector in rows.items()],
    )


def cached_embeddings(cursor: DuckDBPyConnection) -> Any:
    """Every cached vector as an Arrow table of text_hash and vector."""
    return cursor.sql("select text_hash, vector from embeddings").to_arrow_table()
