"""Imports from a file to the tables and, for our own exports, out again unchanged."""

import json
import os
from argparse import Namespace
from pathlib import Path

import gradio as gr
import pytest

from storage.database import fetch_dicts
from storage.datasets import rows_for_export
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.imports import get_origin
from storage.records import Finding, Metrics
from storage.reviews import Decision, add_decision, count_verdicts
from storage.samples import count_samples, get_cards, page_samples, replace_analysis
from storage.seeds import get_seed
from tests.conftest import fill
from workbench.commands.import_data import import_data
from workbench.pipeline.export import ACCEPTED, export_dataset
from workbench.pipeline.import_samples import import_samples, preview_import, read_licence
from workbench.settings import Settings
from workbench.ui.pages.imports import ImportView, preview_html
from workbench.workspace import open_workspace

HOSTILE = "<script>alert(1)</script> ${alert(2)} `\\d` \x1b[31mred"


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def magicoder(number, **changes):
    return {
        "lang": "python",
        "index": number,
        "seed": f"x = {number}\nprint(x)\n",
        "problem": f"Print {number}.",
        "solution": f"```python\nprint({number})\n```",
    } | changes


def snapshot(workspace):
    tables = ("seeds", "origins", "samples", "sample_state", "decisions")
    with workspace.database.read() as cursor:
        return {
            table: fetch_dicts(cursor.execute(f"select * from {table} order by all"))
            for table in tables
        }


@pytest.fixture
def other(tmp_path):
    opened = open_workspace(Settings(data=tmp_path / "other", reviewer="bob", _env_file=None))
    yield opened
    opened.close()


def test_a_preview_counts_every_row_and_writes_nothing(tmp_path, workspace):
    rows = [magicoder(0), magicoder(1), magicoder(0, index=5), {"problem": "a"}, [], magicoder(2)]
    path = write(tmp_path / "rows.jsonl", rows)
    with Path(path).open("a") as file:
        file.write("{\n")
    found = preview_import([path])
    assert [(file.file, file.format) for file in found.files] == [("rows.jsonl", "oss-instruct")]
    assert (found.rows, found.fits, found.with_seed) == (7, 3, 3)
    assert found.fits + sum(found.rejected.values()) == found.rows
    listed = [(row.line, row.reason) for row in found.listed]
    assert listed == [
        (3, "duplicate_row"),
        (4, "missing_field"),
        (5, "not_an_object"),
        (7, "not_json"),
    ]
    assert [row.sample.problem for row in found.samples] == ["Print 0.", "Print 1.", "Print 2."]
    assert all(rows == [] for rows in snapshot(workspace).values())


def test_what_is_imported_has_its_seed_its_origin_and_its_order(tmp_path, workspace):
    path = write(tmp_path / "rows.jsonl", [magicoder(number) for number in range(1_203)])
    result = import_samples(workspace, [path], licence="mit")
    assert (result.rows, result.added, result.rejected) == (1_203, 1_203, {})
    with workspace.database.read() as cursor:
        cards = page_samples(cursor, SampleFilter(), size=2_000)
        seed = get_seed(cursor, cards[700]["seed_id"])
        found = get_origin(cursor, cards[700]["id"])
    assert [card["problem"] for card in cards] == [f"Print {n}." for n in range(1_203)]
    assert (cards[700]["licence"], cards[700]["language"]) == ("MIT", "python")
    assert (cards[700]["repository"], cards[700]["source"]) == ("rows.jsonl", "oss-instruct")
    assert (seed.snippet, seed.corpus, seed.path) == ("x = 700\nprint(x)\n", "imported", "line 701")
    assert (found["line"], found["format"], found["extra"]["index"]) == (701, "oss-instruct", 700)


def test_importing_again_adds_nothing_under_whatever_name(tmp_path, workspace):
    rows = [magicoder(number) for number in range(30)]
    first = write(tmp_path / "rows.jsonl", rows)
    import_samples(workspace, [first])
    before = snapshot(workspace)
    other_name = str(tmp_path / "copy.json")
    Path(other_name).write_text(json.dumps(rows), encoding="utf-8")
    for path in (first, other_name):
        result = import_samples(workspace, [path], licence="MIT")
        assert (result.added, result.already_there, result.rejected) == (0, 30, {})
    assert snapshot(workspace) == before


def test_several_files_of_several_formats_come_in_one_import(tmp_path, workspace):
    alpaca = [{"instruction": "Add.", "input": "1, 2", "output": "3"}]
    paths = [write(tmp_path / "a.jsonl", [magicoder(1)]), write(tmp_path / "b.jsonl", alpaca)]
    result = import_samples(workspace, [*paths, paths[0]])
    assert [file.format for file in result.files] == ["oss-instruct", "alpaca", "oss-instruct"]
    assert (result.rows, result.added, result.rejected) == (3, 2, {"duplicate_row": 1})


def decide_and_measure(workspace, ids):
    """Decisions and an analysis, as both workspaces of a round trip get them."""
    metrics = [
        Metrics(
            sample_id=sample_id,
            category="Web Problems",
            category_score=0.5,
            nearest_task="HumanEval/1",
            similarity=0.25,
            problem_tokens=3,
            solution_tokens=4,
            cluster=0,
            x=0.0,
            y=0.0,
        )
        for sample_id in ids
    ]
    found = [Finding(ids[0], "syntax", "syntax_error", {"line": 1})]
    with workspace.database.transaction() as cursor:
        replace_analysis(cursor, found, metrics, job_id="analyze-1")


def exported(workspace):
    with workspace.database.read() as cursor:
        return rows_for_export(cursor, ACCEPTED)


@pytest.fixture
def frozen(workspace, tmp_path):
    """An export of what was generated and what was imported here, some of it rejected."""
    ids = fill(workspace, 4)
    import_samples(workspace, [write(tmp_path / "m.jsonl", [magicoder(7)])], licence="ISC")
    with workspace.database.transaction() as cursor:
        ids.append(page_samples(cursor, SampleFilter(licence="ISC"))[0]["id"])
        for index, sample_id in enumerate(ids):
            verdict = "rejected" if index == 2 else "accepted"
            add_decision(cursor, Decision(f"d{index}", sample_id, verdict, "ada"))
    decide_and_measure(workspace, ids)
    return export_dataset(workspace, "first", ACCEPTED)


def test_our_own_export_comes_back_unchanged(workspace, other, frozen):
    result = import_samples(other, [frozen.path])
    assert (result.added, result.decided, result.rejected) == (4, 4, {})
    ids = [row["sample_id"] for row in exported(workspace)]
    decide_and_measure(other, ids)
    assert exported(other) == exported(workspace)
    again = export_dataset(other, "first", ACCEPTED)
    assert again.content_hash == frozen.content_hash
    texts = [(Path(one.path) / "train.jsonl").read_bytes() for one in (frozen, again)]
    assert texts[0] == texts[1]


def test_decisions_come_as_rows_of_the_log(workspace, other, frozen):
    import_samples(other, [str(Path(frozen.path) / "train.jsonl")], format_name="messages")
    with other.database.read() as cursor:
        there = fetch_dicts(cursor.execute("select * from decisions order by position"))
        assert count_verdicts(cursor)["accepted"] == 4
    with workspace.database.read() as cursor:
        here = fetch_dicts(
            cursor.execute("select * from decisions where verdict = 'accepted' order by position")
        )
    told = ("sample_id", "revision", "verdict", "reviewer", "decided_at")
    assert [[row[name] for name in told] for row in there] == [
        [row[name] for name in told] for row in here
    ]


def test_an_export_changes_nothing_where_it_came_from(workspace, frozen):
    with workspace.database.transaction() as cursor:
        add_decision(cursor, Decision("later", "s0", "rejected", "bob"))
    before = snapshot(workspace)
    result = import_samples(workspace, [frozen.path])
    assert (result.added, result.already_there, result.rejected) == (0, 4, {})
    assert snapshot(workspace) == before


def test_an_id_that_stands_for_another_text_is_refused(tmp_path, workspace, other, frozen):
    text = (Path(frozen.path) / "train.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    changed = json.loads(json.dumps(rows[0]))
    changed["messages"][1]["content"] = "something else"
    newer = json.loads(json.dumps(rows[1]))
    newer["metadata"]["revision"] = 3
    path = write(tmp_path / "changed.jsonl", [changed, newer, rows[0]])
    before = snapshot(workspace)
    result = import_samples(workspace, [path])
    assert [(row.line, row.reason) for row in result.listed] == [
        (1, "conflicting_id"),
        (2, "other_revision"),
        (3, "conflicting_id"),
    ]
    assert result.added == 0
    assert snapshot(workspace) == before
    assert import_samples(other, [path]).rejected == {"conflicting_id": 1}


def test_a_damaged_file_keeps_what_came_before_it_and_can_be_imported_again(tmp_path, workspace):
    text = json.dumps([magicoder(number) for number in range(1_200)])
    path = tmp_path / "rows.json"
    path.write_text(text[:-400])
    with pytest.raises(WinnowError, match="is no JSON"):
        import_samples(workspace, [str(path)])
    with workspace.database.read() as cursor:
        assert count_samples(cursor) == 1_000
    path.write_text(text)
    result = import_samples(workspace, [str(path)])
    assert (result.added, result.already_there) == (200, 1_000)


def test_a_licence_is_a_name_that_others_know():
    assert [read_licence(text) for text in ("", "unknown", "apache 2.0", "CC-BY-NC-4.0")] == [
        "unknown",
        "unknown",
        "Apache-2.0",
        "CC-BY-NC-4.0",
    ]
    for text in ("<b>", "free for all", "x" * 200):
        with pytest.raises(WinnowError, match="is no licence"):
            read_licence(text)


def arguments(path, **changes):
    options = {"format": "auto", "license": None, "dry_run": False, "json": False} | changes
    return Namespace(files=[path], **options)


def test_the_command_shows_a_preview_first_and_then_one_line(tmp_path, workspace, capsys):
    path = write(tmp_path / "rows.jsonl", [magicoder(1, problem=HOSTILE), {"problem": "\x1b[2J"}])
    dry = import_data(workspace, arguments(path, dry_run=True))
    assert "rows.jsonl: oss-instruct" in dry.summary
    assert "1 of 2 rows fit, 1 do not (1 missing_field)" in dry.summary
    assert "line 2: missing_field (solution)" in dry.summary
    assert "\x1b" not in dry.summary
    assert json.loads(json.dumps(dry.values, default=str))["fits"] == 1
    with workspace.database.read() as cursor:
        assert count_samples(cursor) == 0
    done = import_data(workspace, arguments(path))
    assert done.summary.startswith("Imported 1 of 2 rows; 0 were there already, 1 did not fit")
    assert (done.values["added"], done.values["samples"]) == (1, 1)
    told = capsys.readouterr()
    assert "1 of 2 rows fit" in told.err
    assert "\x1b" not in told.err
    nothing = write(tmp_path / "none.jsonl", [{"problem": "a", "solution": ""}])
    with pytest.raises(WinnowError, match="No row fits: 1 empty_solution"):
        import_data(workspace, arguments(nothing))


def test_hostile_rows_are_text_on_the_page(tmp_path):
    path = write(
        tmp_path / "${x}<b>.jsonl",
        [magicoder(1, problem=HOSTILE, solution=HOSTILE), {"problem": HOSTILE}, HOSTILE],
    )
    found = preview_import([path])
    html = preview_html(found, f"import {HOSTILE}")
    assert "<script" not in html
    assert "<b>.jsonl" not in html
    assert not set("${}`\\") & set(html)


def test_the_page_imports_what_it_showed(tmp_path, workspace):
    # Analysis is a job of its own and takes seconds: an import that adds nothing starts none.
    path = write(tmp_path / "rows.jsonl", [magicoder(1), magicoder(2), magicoder(1)])
    view = ImportView(workspace)
    shown, button = view.preview([path], "", "auto", "")
    assert "2 of 3 rows fit" in shown
    assert str(tmp_path) not in shown
    assert (button["value"], button["visible"]) == ("Import 2 samples", True)
    import_samples(workspace, [path])
    done, button = view.add([path], "", "auto", "")
    assert "0 samples imported, 2 were there already" in done
    assert button["visible"] is False
    for paths, named in ((None, ""), ([], "/no/such<file>")):
        with pytest.raises(gr.Error) as caught:
            view.preview(paths, named, "auto", "")
        assert "<file>" not in str(caught.value)


def test_code_alpaca_is_imported_whole(workspace):
    folder = os.environ.get("WINNOW_TEST_DATA")
    path = Path(folder or "") / "instructions" / "code_alpaca_2k.json"
    if not folder or not path.is_file():
        pytest.skip("WINNOW_TEST_DATA names no folder with instructions/code_alpaca_2k.json")
    result = import_samples(workspace, [str(path)], licence="CC-BY-NC-4.0")
    assert [file.format for file in result.files] == ["alpaca"]
    assert (result.rows, result.added, result.rejected) == (2_017, 2_015, {"empty_solution": 2})
    assert [row.line for row in result.listed] == [1_187, 9_297]
    with workspace.database.read() as cursor:
        card = page_samples(cursor, SampleFilter(licence="CC-BY-NC-4.0"), size=1)[0]
        assert get_cards(cursor, [card["id"]])[0]["language"] == ""
    assert card["problem"].endswith("\nInput: dataList = [3, 9, 3, 5, 7, 9, 5]")
