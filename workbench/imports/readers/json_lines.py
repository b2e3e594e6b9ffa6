"""JSON lines: one value per line, however many lines there are."""

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from workbench.imports.rows import Mismatch, RawRow

# Longer than any sample is; a longer line is passed over without being held in memory.
MAX_LINE_BYTES = 8 << 20
PASSED_BYTES = 1 << 16
# Python and pandas write missing numbers as NaN, which is no JSON: it means that there is none.
DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def read_json_lines(stream: BinaryIO) -> Iterator[RawRow]:
    """Yield each line that is not blank; one that cannot be read as the reason why."""
    line = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        line += 1
        if len(raw) > MAX_LINE_BYTES:
            size, is_whole = len(raw), raw.endswith(b"\n")
            raw = b""
            size += 0 if is_whole else _pass_over_line(stream)
            yield RawRow(line, Mismatch("line_too_long", f"{size:,} bytes"))
            continue
        if line == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if raw.strip():
            yield RawRow(line, parse_line(raw))


def parse_line(raw: bytes) -> object:
    """The value that a line holds, or why it holds none."""
    try:
        return DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Mismatch("not_utf8", f"byte {error.start + 1} of the line")
    except RecursionError:
        return Mismatch("nested_too_deeply")
    except ValueError as error:
        message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        return Mismatch("not_json", message[:120])


def _pass_over_line(stream: BinaryIO) -> int:
    """Read to the end of the line; how many bytes that was."""
    size = 0
    while raw := stream.readline(PASSED_BYTES):
        size += len(raw)
        if raw.endswith(b"\n"):
            break
    return size
