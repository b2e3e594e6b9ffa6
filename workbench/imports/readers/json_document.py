"""One JSON document: an array of rows, or an object that holds one list of them."""

import json
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

from storage.errors import WinnowError
from workbench.imports.readers.json_lines import DECODER
from workbench.imports.rows import RawRow

# Held whole as text; the rows are then parsed one by one.
MAX_DOCUMENT_BYTES = 300_000_000
WHITE_SPACE = re.compile(r"[ \t\r\n]*")
# Lists that are part of a row.
ROW_LISTS = ("messages", "conversations")


def read_json_document(stream: BinaryIO, *, name: str) -> Iterator[RawRow]:
    """Yield the rows of a document with the line that each begins on.

    Raises:
        WinnowError: it is too large, or an object that does not hold exactly one list.
        json.JSONDecodeError, UnicodeDecodeError, RecursionError: it is no JSON that can be read.
    """
    content = stream.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise WinnowError(
            f"{name} is a JSON document of more than {MAX_DOCUMENT_BYTES // 1_000_000} MB, which "
            "would have to be held whole. Make it JSON lines (`jq -c '.[]'`), which have no limit."
        )
    text = content.decode("utf-8-sig")
    del content
    start = _skip(text, 0)
    if text[start : start + 1] == "{":
        found = find_rows(text, start)
        if found is None:
            raise WinnowError(
                f"{name} is one JSON object that does not hold exactly one list of rows. Import a "
                "file that is an array of rows, or JSON lines."
            )
        yield from read_elements(text, found)
        return
    end = yield from read_elements(text, start)
    if _skip(text, end) != len(text):
        raise json.JSONDecodeError("Extra data", text, _skip(text, end))


def find_rows(text: str, start: int) -> int | None:
    """Where the one list of objects begins that the object at `start` holds, None if it has none.

    Of a row with a list, such as a chat of messages, this is None too.
    """
    lists = []
    at = _skip(text, start + 1)
    while text[at : at + 1] == '"':
        key, at = DECODER.raw_decode(text, at)
        at = _expect(text, _skip(text, at), ":")
        value, end = DECODER.raw_decode(text, at)
        if isinstance(value, list) and (not value or isinstance(value[0], dict)):
            if key in ROW_LISTS:
                return None
            lists.append(at)
        at = _skip(text, end)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    end = _expect(text, at, "}")
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return lists[0] if len(lists) == 1 else None


def read_elements(text: str, start: int) -> Generator[RawRow, None, int]:
    """Yield the elements of the array at `start`; returns the offset after it."""
    at = _expect(text, start, "[")
    line, counted = 1, 0
    while text[at : at + 1] != "]":
        line += text.count("\n", counted, at)
        counted = at
        value, at = DECODER.raw_decode(text, at)
        yield RawRow(line, value)
        at = _skip(text, at)
        if text[at : at + 1] != "]":
            at = _expect(text, at, ",")
    return at + 1


def _skip(text: str, at: int) -> int:
    found = WHITE_SPACE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, sign: str) -> int:
    """The offset of what follows `sign`, which must stand at `at`."""
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expecting {sign!r}", text, at)
    return _skip(text, at + 1)
