"""Parquet: rows as dictionaries, a few hundred at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.imports.rows import Mismatch, RawRow

BATCH = 256
BUFFER = 1 << 20


def read_parquet(path: Path, *, name: str) -> Iterator[RawRow]:
    """Yield the rows of a Parquet file with their numbers, counted from 1.

    Raises:
        WinnowError: it is damaged, cut off, or uses what this pyarrow cannot read.
    """
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        # Without pre-buffering and with a small buffer a row group of any size is read page by
        # page; otherwise its columns are held whole.
        with pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER) as file:
            for batch in file.iter_batches(BATCH, use_threads=False):
                for value in _values(batch):
                    number += 1
                    yield RawRow(number, value)
    except (pyarrow.ArrowException, OSError) as error:
        message = (str(error).splitlines() or ["no reason given"])[0][:200]
        raise WinnowError(
            f"{name} cannot be read as Parquet after row {number:,}: {message}. Fetch it again."
        ) from error


def _values(batch: Any) -> Iterator[object]:
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        # Some text of the batch is none: the other rows need not suffer for it.
        for index in range(batch.num_rows):
            yield _value(batch.slice(index, 1))


def _value(row: Any) -> object:
    try:
        return row.to_pylist()[0]
    except UnicodeDecodeError as error:
        return Mismatch("not_utf8", f"byte {error.start + 1} of a text")
