"""Files of every kind, and files that are none: rows, reasons, one clear sentence."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from storage.errors import WinnowError
from workbench.imports.files import SourceFile, find_files
from workbench.imports.readers import json_document
from workbench.imports.readers.json_lines import MAX_LINE_BYTES
from workbench.imports.readers.reading import read_rows
from workbench.imports.recognition import recognise_format
from workbench.imports.rows import Mismatch

ROWS = [{"instruction": f"Do {n}.", "output": "x"} for n in range(3)]


def source(path: Path, content: bytes = b"") -> SourceFile:
    if content:
        path.write_bytes(content)
    return SourceFile(path, path.name)


def read(path: Path, content: bytes = b"") -> list[tuple[int, Any]]:
    rows = read_rows(source(path, content))
    return [
        (row.line, row.value.reason if isinstance(row.value, Mismatch) else row.value)
        for row in rows
    ]


def lines(rows: list[Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("suffix", ["jsonl", "json", "txt", ""])
def test_lines_are_recognised_by_their_content(tmp_path: Path, suffix: str):
    expected = [(1, ROWS[0]), (2, ROWS[1]), (3, ROWS[2])]
    assert read(tmp_path / f"a.{suffix}", lines(ROWS)) == expected
    assert read(tmp_path / f"b.{suffix}", b"\xef\xbb\xbf" + lines(ROWS)) == expected
    assert read(tmp_path / f"c.{suffix}.gz", gzip.compress(lines(ROWS))) == expected
    assert read(tmp_path / f"d.{suffix}", lines(ROWS).rstrip() + b"") == expected


def test_a_document_gives_its_rows_with_their_lines(tmp_path: Path):
    indented = json.dumps(ROWS, indent=2).encode()
    assert read(tmp_path / "a.json", indented) == [(2, ROWS[0]), (6, ROWS[1]), (10, ROWS[2])]
    assert [value for _, value in read(tmp_path / "b.json", json.dumps(ROWS).encode())] == ROWS
    packed = gzip.compress(b"\xef\xbb\xbf\n" + json.dumps(ROWS).encode())
    assert read(tmp_path / "c.json.gz", packed) == [(2, row) for row in ROWS]
    for indent in (None, 1):
        holder = json.dumps({"version": "1", "data": ROWS, "tags": ["a"]}, indent=indent)
        assert [value for _, value in read(tmp_path / "d.json", holder.encode())] == ROWS


def test_one_row_alone_is_a_row_and_no_document(tmp_path: Path):
    chat = {"messages": [{"role": "user", "content": "a"}]}
    assert read(tmp_path / "a.json", json.dumps(chat).encode()) == [(1, chat)]
    assert read(tmp_path / "b.json", json.dumps(ROWS[0]).encode()) == [(1, ROWS[0])]


def test_damaged_lines_are_listed_and_the_others_are_read(tmp_path: Path):
    deep = b"[" * 100_000 + b"]" * 100_000
    content = b"\n".join(
        [
            b'{"a": 1}',
            b"",
            b'{"a": ',
            deep,
            b'{"a": "\xff"}',
            b'{"a": NaN, "b": 1e999}',
            b'{"a": ' + b"9" * 5_000 + b"}",
            b'"\\ud800"',
            b'{"a": 2}',
        ]
    )
    assert read(tmp_path / "a.jsonl", content) == [
        (1, {"a": 1}),
        (3, "not_json"),
        (4, "nested_too_deeply"),
        (5, "not_utf8"),
        (6, {"a": None, "b": float("inf")}),
        (7, "not_json"),
        (8, "\ud800"),
        (9, {"a": 2}),
    ]


def test_a_huge_line_is_passed_over_without_being_held(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n{"a": "')
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"a": 3}\n')
    tracemalloc.start()
    rows = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [(1, {"a": 1}), (2, "line_too_long"), (3, {"a": 3})]
    assert peak < 3 * MAX_LINE_BYTES


def test_many_lines_are_read_in_little_memory(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        for number in range(20_000):
            file.write(json.dumps({"n": number, "text": "x" * 2_000}).encode() + b"\n")
    tracemalloc.start()
    assert sum(1 for _ in read_rows(source(path))) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def write_parquet(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, **options)
    return path


def test_parquet_is_read_by_its_rows(tmp_path: Path):
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    rows = [{"messages": turns, "n": n} for n in range(600)]
    path = write_parquet(tmp_path / "a.parquet", rows, row_group_size=1000)
    assert read(path) == [(n + 1, row) for n, row in enumerate(rows)]
    assert recognise_format(source(path)).name == "messages"


def test_a_text_in_parquet_that_is_none_costs_one_row(tmp_path: Path):
    broken = pyarrow.Array.from_buffers(
        pyarrow.string(),
        3,
        [
            None,
            pyarrow.py_buffer(b"\0\0\0\0\1\0\0\0\3\0\0\0\4\0\0\0"),
            pyarrow.py_buffer(b"a\xff\xfeb"),
        ],
    )
    pyarrow.parquet.write_table(pyarrow.table({"x": broken}), tmp_path / "a.parquet")
    expected = [(1, {"x": "a"}), (2, "not_utf8"), (3, {"x": "b"})]
    assert read(tmp_path / "a.parquet") == expected


def broken_files() -> Iterator[tuple[str, bytes, str]]:
    packed = gzip.compress(lines([{"instruction": str(n) * 99, "output": "x"} for n in range(999)]))
    text = json.dumps(ROWS)
    yield "utf16.jsonl", text.encode("utf-16"), "is UTF-16"
    yield "binary.json", b"\x7fELF\0\0\0", "is binary"
    yield "cut.jsonl.gz", packed[: len(packed) // 2], "cut off or damaged"
    yield "damaged.jsonl.gz", packed[:50] + b"\0\0\0\0" + packed[54:], "cut off or damaged"
    yield "table.csv", b"instruction,output\na,b\n", "neither JSON"
    yield "cut.json", text[:-1].encode(), "is no JSON: Expecting ',' at line 1"
    yield "more.json", text.encode() + b" x", "Extra data"
    yield "deep.json", b"[" * 100_000 + b"]" * 100_000, "nested deeper"
    yield "latin.json", b'[{"a": "\xe9"}]', r"not UTF-8 \(byte 9\)"
    yield "lists.json", json.dumps({"a": ROWS, "b": ROWS}, indent=1).encode(), "exactly one list"
    yield "a.parquet", b"PAR1" + b"x" * 99, "cannot be read as Parquet"
    yield "blank.jsonl", b"\n\n \n", "holds no rows"
    yield "none.json", b"[]", "holds no rows"
    yield "other.jsonl", b'{"text": "a"}\n', "in no known format .*'text'"
    yield "numbers.jsonl", b"1\n2\n", "None of the first 2 rows"


@pytest.mark.parametrize(
    ("name", "content", "message"), list(broken_files()), ids=[name for name, *_ in broken_files()]
)
def test_a_file_that_is_none_is_one_clear_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
):
    with pytest.raises(WinnowError, match=message) as caught:
        for _ in read_rows(source(tmp_path / name, content)):
            pass
        recognise_format(source(tmp_path / name))
    assert name in str(caught.value)
    assert str(tmp_path) not in str(caught.value).replace(f"{tmp_path}/{name}", "")


def test_an_empty_file_a_folder_and_a_missing_one_are_told_apart(tmp_path: Path):
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(WinnowError, match=r"empty.jsonl is empty"):
        read(tmp_path / "empty.jsonl")
    with pytest.raises(WinnowError, match="is a folder"):
        find_files([str(tmp_path)])
    with pytest.raises(WinnowError, match="does not exist"):
        find_files([str(tmp_path / "gone")])
    with pytest.raises(WinnowError, match="no regular file"):
        find_files(["/dev/zero"])
    with pytest.raises(WinnowError, match="No file is named"):
        find_files([" "])
    with pytest.raises(WinnowError, match="names no file"):
        find_files(["a\0b"])


def test_parquet_with_other_columns_and_a_cut_one_are_refused(tmp_path: Path):
    path = write_parquet(tmp_path / "a.parquet", [{"text": "a"}])
    with pytest.raises(WinnowError, match="in no known format"):
        recognise_format(source(path))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(WinnowError, match="cannot be read as Parquet"):
        read(path)


def test_a_document_too_large_to_be_held_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_document, "MAX_DOCUMENT_BYTES", 100)
    with pytest.raises(WinnowError, match="JSON lines"):
        read(tmp_path / "a.json", json.dumps(ROWS * 10).encode())


def test_of_mixed_rows_the_most_frequent_format_counts(tmp_path: Path):
    rows = [{"problem": "a", "solution": "b"}, *ROWS, "text", None]
    file = source(tmp_path / "a.jsonl", lines(rows))
    assert recognise_format(file).name == "evol-instruct"
    assert recognise_format(file, wanted="alpaca").name == "alpaca"
    with pytest.raises(WinnowError, match="'csv' is no format"):
        recognise_format(file, wanted="csv")
