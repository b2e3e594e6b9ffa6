"""What each format writes, that all hold the same rows, and that a format can come later."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from storage.errors import WinnowError
from tests.export.test_dataset import NOON, ROW, ROWS, front_matter
from workbench.export.dataset import freeze
from workbench.export.files import FORMAT_NAMES, FORMATS
from workbench.export.folder import add_formats
from workbench.export.formats import as_messages, row_from_messages
from workbench.export.spreadsheet import defuse_cell, is_formula, restore_cell

HOSTILE = replace(
    ROW,
    sample_id="h",
    problem="=cmd|' /C calc'!A0",
    solution="\n\t@SUM(1)\u2028\r\nx\x00",
    repository="\uff1dHYPERLINK(1)",
    path='"\n +1',
    reviewer="'-eve",
    licence="-1",
    category=None,
    similarity=None,
    decided_at=None,
)
EVERY = [*ROWS, HOSTILE]
SAID = "Write a solution to this coding problem:\n\nAdd two numbers."
ANSWER = "```python\nprint(1 + 2)\n```"


def read_csv(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_format_says_the_same_words_in_its_own_fields(tmp_path: Path) -> None:
    path = freeze(EVERY, name="all", out_dir=tmp_path, formats=FORMAT_NAMES).path

    def first(name: str) -> dict[str, object]:
        row: dict[str, object] = json.loads((path / name).read_bytes().split(b"\n")[0])
        assert row.pop("metadata") == as_messages(ROW)["metadata"]
        assert row.pop("id") == "a1"
        return row

    assert first("train.instruction.jsonl") == {"instruction": SAID, "response": ANSWER}
    assert first("train.alpaca.jsonl") == {"instruction": SAID, "input": "", "output": ANSWER}
    assert first("train.sharegpt.jsonl") == {
        "conversations": [{"from": "human", "value": SAID}, {"from": "gpt", "value": ANSWER}]
    }
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["formats"] == list(FORMAT_NAMES)
    assert set(manifest["files"]) == {form.file_name("train") for form in FORMATS}
    matter = front_matter((path / "README.md").read_text(encoding="utf-8"))
    assert [config["config_name"] for config in matter["configs"]] == [
        "default",
        *FORMAT_NAMES[1:],
    ]


def test_parquet_has_typed_columns_and_null_for_what_is_not_known(tmp_path: Path) -> None:
    path = freeze(EVERY, name="all", out_dir=tmp_path, formats=["parquet"]).path
    table = pq.read_table(path / "train.parquet")
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types["revision"] == types["first_line"] == "int32"
    assert (types["similarity"], types["decided_at"]) == ("double", "timestamp[us, tz=UTC]")
    assert types["findings"] == "list<element: string>"
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == ["a1", "b2", "h"]
    assert rows[0]["messages"] == as_messages(ROW)["messages"]
    assert (rows[0]["decided_at"], rows[0]["findings"]) == (NOON, ["syntax_error"])
    assert (rows[2]["category"], rows[2]["similarity"], rows[2]["decided_at"]) == (None,) * 3
    assert pq.ParquetFile(path / "train.parquet").metadata.row_group(0).column(0).compression == (
        "ZSTD"
    )


def test_csv_has_no_cell_that_a_spreadsheet_runs_and_gives_every_text_back(tmp_path: Path) -> None:
    path = freeze(EVERY, name="all", out_dir=tmp_path, formats=["csv"]).path
    rows = read_csv(path / "train.csv")
    assert len(rows) == 3
    cells = [cell for row in rows for cell in row.values()]
    assert not any(cell[:1] in set("=+-@\t\r\uff1d\uff0b\uff0d\uff20") for cell in cells)
    hostile = {name: restore_cell(cell) for name, cell in rows[2].items()}
    assert hostile["response"] == HOSTILE.solution.strip("\n")
    assert hostile["instruction"].endswith("=cmd|' /C calc'!A0")
    assert (hostile["repository"], hostile["path"]) == (HOSTILE.repository, HOSTILE.path)
    assert (rows[2]["licence"], rows[2]["reviewer"]) == ("'-1", "''-eve")
    assert (hostile["reviewer"], hostile["category"]) == ("'-eve", "")
    assert json.loads(rows[0]["findings"]) == ["syntax_error"]
    card = (path / "README.md").read_text(encoding="utf-8")
    assert "take one apostrophe off every cell" in card


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" \n\u00a0\ufeff\u200b=1", "' \n\u00a0\ufeff\u200b=1"),
        ('"=1', "'\"=1"),
        ("'=1", "''=1"),
        ("''", "''"),
        ("'quoted'", "'quoted'"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\uff20x", "'\uff20x"),
        ("\u201c@x", "'\u201c@x"),
        ("\x00+1", "'\x00+1"),
        ("a=1", "a=1"),
        ("", ""),
        ("'", "'"),
    ],
)
def test_a_cell_is_defused_and_restored_exactly(text: str, cell: str) -> None:
    assert defuse_cell(text) == cell
    assert restore_cell(cell) == text
    assert not is_formula(cell) or cell.startswith("'")


def test_a_format_that_is_added_later_is_the_one_written_at_once(tmp_path: Path) -> None:
    at_once = freeze(
        EVERY, name="all", out_dir=tmp_path / "a", formats=FORMAT_NAMES, created_at=NOON
    )
    later = freeze(EVERY, name="all", out_dir=tmp_path / "b", created_at=NOON)
    before = (later.path / "train.jsonl").read_bytes()
    assert add_formats(later.path, ["csv", "parquet"]) == ("parquet", "csv")
    again = freeze(EVERY, name="all", out_dir=tmp_path / "b", formats=FORMAT_NAMES)
    assert again == later
    assert again.content_hash == at_once.content_hash
    assert add_formats(later.path, FORMAT_NAMES) == ()
    assert (later.path / "train.jsonl").read_bytes() == before
    names = {path.name for path in at_once.path.iterdir()}
    assert {path.name for path in later.path.iterdir()} == names
    # The manifest says how it was frozen; all else is the same to the byte.
    for name in names - {"manifest.json", "README.md"}:
        assert (at_once.path / name).read_bytes() == (later.path / name).read_bytes(), name
    files = [
        json.loads((p / "manifest.json").read_text())["files"] for p in (at_once.path, later.path)
    ]
    assert files[0] == files[1]


def test_held_out_rows_have_a_file_in_an_added_format_too(tmp_path: Path) -> None:
    rows = [replace(ROW, sample_id=f"s{n}", repository=f"r{n}") for n in range(10)]
    path = freeze(rows, name="split", out_dir=tmp_path, held_out=0.2).path
    add_formats(path, ["csv"])
    assert len(read_csv(path / "held_out.csv")) == 2
    assert len(read_csv(path / "train.csv")) == 8


def test_nothing_is_added_to_what_was_changed(tmp_path: Path) -> None:
    path = freeze(ROWS, name="first", out_dir=tmp_path).path
    with pytest.raises(WinnowError, match="'xml' is no format: use messages, instruction"):
        add_formats(path, ["xml"])
    (path / "train.jsonl").write_text("{}\n")
    with pytest.raises(WinnowError, match="was changed after it was frozen"):
        add_formats(path, ["csv"])
    assert not (path / "train.csv").exists()
    with pytest.raises(WinnowError, match="is no frozen data set"):
        add_formats(tmp_path, ["csv"])


def test_a_row_comes_back_from_its_chat() -> None:
    stripped = replace(ROW, problem=ROW.problem.strip(), solution=ROW.solution.strip("\n"))
    assert row_from_messages(json.loads(json.dumps(as_messages(ROW)))) == stripped


def test_a_folder_of_the_first_kind_takes_a_format_and_keeps_its_card(tmp_path: Path) -> None:
    path = freeze(ROWS, name="old", out_dir=tmp_path).path
    manifest = json.loads((path / "manifest.json").read_text())
    for name in ("manifest_version", "policy", "split", "agreement", "contamination", "formats"):
        del manifest[name]
    (path / "manifest.json").write_text(json.dumps(manifest))
    (path / "README.md").write_text("# old")
    assert freeze(ROWS, name="old", out_dir=tmp_path, formats=["csv"]).path == path
    assert (path / "README.md").read_text() == "# old"
    assert len(read_csv(path / "train.csv")) == 2
