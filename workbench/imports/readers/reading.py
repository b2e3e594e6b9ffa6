"""Reading any file of rows: what kind it is shows in its first bytes, not in its name."""

import codecs
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from storage.errors import WinnowError
from workbench.imports.files import SourceFile
from workbench.imports.readers.json_document import find_rows, read_json_document
from workbench.imports.readers.json_lines import MAX_LINE_BYTES, parse_line, read_json_lines
from workbench.imports.readers.parquet import read_parquet
from workbench.imports.rows import Mismatch, RawRow

HEAD_BYTES = 65_536
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
LINES_SUFFIXES = (".jsonl", ".ndjson", ".jsonlines")


def read_rows(file: SourceFile) -> Iterator[RawRow]:
    """Yield the rows of JSON, JSON lines (either may be gzipped) or Parquet, as they are read.

    Raises:
        WinnowError: the file is gone, empty, damaged, or of none of these kinds.
    """
    try:
        with file.path.open("rb") as plain:
            first = plain.read(4)
            plain.seek(0)
            if first == PARQUET:
                yield from read_parquet(file.path, name=file.name)
            elif first.startswith(GZIP):
                with gzip.GzipFile(fileobj=plain) as packed:
                    yield from _read_json(cast(BinaryIO, io.BufferedReader(packed)), file)
            else:
                yield from _read_json(plain, file)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise WinnowError(
            f"{file.name} is a gzip file that is cut off or damaged ({error}). Fetch it again."
        ) from error
    except json.JSONDecodeError as error:
        raise WinnowError(
            f"{file.name} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise WinnowError(
            f"{file.name} is JSON that is nested deeper than any data set. It cannot be read."
        ) from error
    except UnicodeDecodeError as error:
        raise WinnowError(
            f"{file.name} is not UTF-8 (byte {error.start + 1:,}). Save it as UTF-8."
        ) from error
    except OSError as error:
        raise WinnowError(f"{file.name} cannot be read: {error.strerror or error}.") from error


def _read_json(stream: BinaryIO, file: SourceFile) -> Iterator[RawRow]:
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    _refuse_other_kinds(head, file)
    if _is_document(stream, head, file):
        stream.seek(0)
        yield from read_json_document(stream, name=file.name)
    else:
        stream.seek(0)
        yield from read_json_lines(stream)


def _refuse_other_kinds(head: bytes, file: SourceFile) -> None:
    if not head:
        raise WinnowError(f"{file.name} is empty. Name a file with rows.")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise WinnowError(f"{file.name} is UTF-16. Save it as UTF-8.")
    if b"\0" in head:
        raise WinnowError(
            f"{file.name} is binary, and neither Parquet nor gzip. Import JSON, JSON lines or "
            "Parquet."
        )
    first = _start(head)[:1]
    if first not in (b"[", b"{", b"") and not _has_lines_suffix(file):
        raise WinnowError(
            f"{file.name} is neither JSON, JSON lines nor Parquet (it begins with "
            f"{_start(head)[:20].decode('utf-8', 'replace')!r}). Convert it into one of these."
        )


def _is_document(stream: BinaryIO, head: bytes, file: SourceFile) -> bool:
    """Whether the file is one JSON document rather than a value on each line."""
    start = _start(head)
    if _has_lines_suffix(file) or not start:
        return False
    if start.startswith(b"["):
        return True
    line = b""
    while not line.strip():
        line = stream.readline(MAX_LINE_BYTES + 1).removeprefix(codecs.BOM_UTF8)
    if len(line) > MAX_LINE_BYTES:
        return True  # an object on one line, which holds all rows
    value = parse_line(line)
    if isinstance(value, Mismatch):
        # Only the first line of an indented document is unfinished rather than wrong.
        return line.strip() in (b"{", b"{}") or _is_unfinished(line)
    if stream.read(HEAD_BYTES).strip():
        return False
    return find_rows(line.decode("utf-8").strip(), 0) is not None


def _is_unfinished(line: bytes) -> bool:
    """Whether the line could begin a JSON object that goes on after it."""
    text = line.decode("utf-8", "replace").rstrip()
    return text.endswith((",", "[", "{", ":"))


def _start(head: bytes) -> bytes:
    return head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")


def _has_lines_suffix(file: SourceFile) -> bool:
    return file.name.lower().removesuffix(".gz").endswith(LINES_SUFFIXES)
