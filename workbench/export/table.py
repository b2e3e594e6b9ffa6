"""Parquet: one typed column per value, for readers that filter before they train."""

import io
from collections.abc import Sequence
from datetime import UTC

from workbench.export.formats import answer_text, chat_turns, instruction_text
from workbench.export.rows import ExportRow

TEXTS = ("language", "category", "nearest_task", "corpus", "repository", "path", "licence")
OTHER_TEXTS = ("verdict", "reviewer", "prompt_id", "model", "endpoint")
ROW_GROUP = 10_000  # rows; about 30 MB of text each


def as_parquet(rows: Sequence[ExportRow]) -> bytes:
    """The rows as one zstd-compressed Parquet file, in their order.

    `messages` is the chat, `instruction` and `response` its two texts, `decided_at` a time in UTC;
    every value that is not known is null.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    columns = {
        "id": pa.array([row.sample_id for row in rows], pa.string()),
        "revision": pa.array([row.revision for row in rows], pa.int32()),
        "messages": pa.array([chat_turns(row) for row in rows], pa.list_(message)),
        "instruction": pa.array([instruction_text(row.problem) for row in rows], pa.string()),
        "response": pa.array([answer_text(row.solution) for row in rows], pa.string()),
    }
    for name in TEXTS:
        columns[name] = pa.array([getattr(row, name) for row in rows], pa.string())
    columns["similarity"] = pa.array([row.similarity for row in rows], pa.float64())
    for name in ("first_line", "last_line"):
        columns[name] = pa.array([getattr(row, name) for row in rows], pa.int32())
    for name in OTHER_TEXTS:
        columns[name] = pa.array([getattr(row, name) for row in rows], pa.string())
    times = [row.decided_at.astimezone(UTC) if row.decided_at else None for row in rows]
    columns["decided_at"] = pa.array(times, pa.timestamp("us", tz="UTC"))
    columns["findings"] = pa.array([sorted(row.findings) for row in rows], pa.list_(pa.string()))
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, compression="zstd", row_group_size=ROW_GROUP)
    return sink.getvalue()
