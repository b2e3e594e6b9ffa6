import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from storage.errors import WinnowError
from workbench.export.background import Background, Policy
from workbench.export.dataset import freeze
from workbench.export.markdown import escape_markdown
from workbench.export.rows import ExportRow, hash_rows

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROW = ExportRow(
    sample_id="a1",
    revision=2,
    problem="Add two numbers.\n",
    solution="```python\nprint(1 + 2)\n```",
    language="python",
    category="Web Problems",
    similarity=0.25,
    nearest_task="HumanEval/53",
    corpus="installed",
    repository="numpy",
    path="numpy/add.py",
    first_line=3,
    last_line=9,
    licence="BSD-3-Clause",
    verdict="accepted",
    reviewer="ada",
    decided_at=NOON,
    prompt_id="p1",
    model="tiny",
    endpoint="embedded",
    findings=("syntax_error",),
)
ROWS = [ROW, replace(ROW, sample_id="b2", similarity=0.05, licence="MIT", findings=())]
HOSTILE = (
    'x"\n---\n| `</td><script>alert(1)</script> ![](http://evil.example/a.png) www.evil.example'
)


def read_rows(path: Path) -> list[dict[str, Any]]:
    text = (path / "train.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def front_matter(card: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(card.split("\n---\n")[0].removeprefix("---\n"))
    return loaded


def test_a_row_is_a_chat_with_its_way_back(tmp_path: Path) -> None:
    frozen = freeze(ROWS, name="first", out_dir=tmp_path)
    assert (frozen.rows, frozen.path.parent) == (2, tmp_path)
    assert frozen.path.name == f"first-{frozen.content_hash[:12]}"
    first = read_rows(frozen.path)[0]
    assert first["id"] == "a1"
    assert first["messages"] == [
        {"role": "user", "content": "Write a solution to this coding problem:\n\nAdd two numbers."},
        {"role": "assistant", "content": "```python\nprint(1 + 2)\n```"},
    ]
    metadata = first["metadata"]
    assert metadata["repository"] == "numpy"
    assert (metadata["first_line"], metadata["last_line"]) == (3, 9)
    assert (metadata["licence"], metadata["reviewer"]) == ("BSD-3-Clause", "ada")
    assert metadata["decided_at"] == "2026-05-01T12:00:00+00:00"
    assert metadata["findings"] == ["syntax_error"]
    assert "problem" not in metadata


def test_the_manifest_says_what_is_in_the_file_and_what_made_it(tmp_path: Path) -> None:
    frozen = freeze(
        ROWS,
        name="first",
        out_dir=tmp_path / "deep" / "er",
        background=Background("verdict=accepted", {"checks": {"syntax": 1}}),
        created_at=NOON,
    )
    manifest = json.loads((frozen.path / "manifest.json").read_text(encoding="utf-8"))
    train = (frozen.path / "train.jsonl").read_bytes()
    assert manifest["files"]["train.jsonl"] == {
        "sha256": hashlib.sha256(train).hexdigest(),
        "bytes": len(train),
    }
    assert manifest["content_hash"] == frozen.content_hash
    assert manifest["rows"] == 2
    assert manifest["filter"] == "verdict=accepted"
    assert manifest["versions"] == {
        "checks": {"syntax": 1},
        "prompts": {"p1": ""},
        "models": ["tiny"],
    }
    assert manifest["created_at"] == "2026-05-01T12:00:00+00:00"
    assert manifest["counts"]["licences"] == {"BSD-3-Clause": 1, "MIT": 1}
    assert manifest["counts"]["languages"] == {"python": 2}
    assert manifest["counts"]["similarity_mean"] == pytest.approx(0.15)


def test_freezing_the_same_rows_again_finds_the_same_folder(tmp_path: Path) -> None:
    first = freeze(ROWS, name="first", out_dir=tmp_path, created_at=NOON)
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    elsewhere = timezone(timedelta(hours=5))
    same = [replace(row, decided_at=NOON.astimezone(elsewhere)) for row in ROWS]
    assert freeze(same, name="first", out_dir=tmp_path, background=Background("other")) == first
    assert {path.name: path.read_bytes() for path in first.path.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == [first.path.name]


@pytest.mark.parametrize(
    "change",
    [{"solution": "x"}, {"licence": "MIT"}, {"revision": 3}, {"reviewer": None}, {"findings": ()}],
)
def test_any_other_value_is_another_data_set(change: dict[str, Any]) -> None:
    assert hash_rows([replace(ROW, **change)]) != hash_rows([ROW])


def test_the_order_of_rows_and_their_borders_count() -> None:
    assert hash_rows(ROWS) != hash_rows(ROWS[::-1])
    assert hash_rows([replace(ROW, problem="ab", solution="c")]) != hash_rows(
        [replace(ROW, problem="a", solution="bc")]
    )


def test_a_folder_that_was_changed_is_not_passed_off_as_frozen(tmp_path: Path) -> None:
    frozen = freeze(ROWS, name="first", out_dir=tmp_path)
    with (frozen.path / "train.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(WinnowError, match="was changed after it was frozen"):
        freeze(ROWS, name="first", out_dir=tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "a\\b",
        "a\x00b",
        "a b",
        "-rf",
        ".hidden",
        "x" * 65,
        "a\n",
        "ä",
    ],
)
def test_a_name_that_is_no_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WinnowError, match="cannot name a data set"):
        freeze(ROWS, name=name, out_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="would have no rows: accept some samples first"):
        freeze([], name="empty", out_dir=tmp_path)


def test_contaminated_rows_are_refused_unless_allowed_and_then_reported(tmp_path: Path) -> None:
    rows = [*ROWS, replace(ROW, sample_id="c3", findings=("contains_benchmark",))]
    with pytest.raises(WinnowError, match=r"1 of 3 rows contain text of HumanEval .*'c3'"):
        freeze(rows, name="dirty", out_dir=tmp_path)
    frozen = freeze(rows, name="dirty", out_dir=tmp_path, policy=Policy(allow_contaminated=True))
    card = (frozen.path / "README.md").read_text(encoding="utf-8")
    assert "1 of 3 checked rows contain a docstring or a solution of HumanEval" in card
    assert "let in knowingly: c3." in card


def test_rows_that_were_never_checked_are_said_to_be_so(tmp_path: Path) -> None:
    unknown = replace(ROW, sample_id="d", similarity=None, category=None, nearest_task=None)
    frozen = freeze([ROW, unknown], name="part", out_dir=tmp_path)
    card = (frozen.path / "README.md").read_text(encoding="utf-8")
    assert "0 of 1 checked rows" in card
    assert "1 rows were never checked." in card


def test_the_card_has_licences_a_mix_and_the_command(tmp_path: Path) -> None:
    frozen = freeze(
        ROWS,
        name="v1.0",
        out_dir=tmp_path,
        background=Background("category=Web Problems; finding=none"),
    )
    card = (frozen.path / "README.md").read_text(encoding="utf-8")
    matter = front_matter(card)
    assert matter["pretty_name"] == "v1.0"
    assert matter["configs"] == [{"config_name": "default", "data_files": "train.jsonl"}]
    assert matter["size_categories"] == ["n<1K"]
    assert "| MIT | 1 | 1 | 1 |" in card
    assert "| Web Problems | 2 |" in card
    assert "similarity to the nearest HumanEval task: 0.150" in card
    command = "python -m workbench export v1.0 --filter 'category=Web Problems; finding=none'"
    assert f"```bash\n{command}\n```" in card


def test_hostile_values_stay_text_in_the_card(tmp_path: Path) -> None:
    bad = replace(ROW, licence=HOSTILE, model=HOSTILE, language="```\n# big", category=HOSTILE)
    rows = [replace(bad, reviewer=HOSTILE, repository=HOSTILE, path=HOSTILE)]
    frozen = freeze(
        rows, name="hostile", out_dir=tmp_path, background=Background(f"`````\n{HOSTILE}")
    )
    card = (frozen.path / "README.md").read_text(encoding="utf-8")
    assert front_matter(card)["license"] == "other"
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(card)
    for markup in ("<script", "<img", "<a ", "<h1>big"):
        assert markup not in rendered
    assert rendered.count("<table>") == 8
    assert rendered.count("<pre>") == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("MIT", "MIT"),
        ("a|b\nc\x00", "a\\|b c"),
        ("<b>", "\\<b\\>"),
        ("\u202eevil\u2066", "evil"),
        ("WWW.x.org", "WWW\\.x.org"),
    ],
)
def test_markdown_is_escaped(text: str, shown: str) -> None:
    assert escape_markdown(text) == shown


def test_half_a_surrogate_pair_is_replaced_and_counted(tmp_path: Path) -> None:
    row = replace(ROW, solution="x = '\ud800'", repository="\udfff")
    frozen = freeze(
        [row, ROWS[1]], name="half", out_dir=tmp_path, background=Background("text=\ud800")
    )
    assert read_rows(frozen.path)[0]["messages"][1]["content"] == "x = '\ufffd'"
    manifest = json.loads((frozen.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["rows_with_replaced_characters"] == 1
    assert freeze([row, ROWS[1]], name="half", out_dir=tmp_path) == frozen


def test_line_separators_inside_texts_do_not_split_rows(tmp_path: Path) -> None:
    row = replace(ROW, problem="a\u2028b\u0085c\x00", solution="d\r\ne")
    frozen = freeze([row], name="lines", out_dir=tmp_path)
    (only,) = read_rows(frozen.path)
    assert only["messages"][0]["content"].endswith("a\u2028b\u0085c\x00")


def test_a_place_that_takes_no_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(WinnowError, match="cannot take data sets"):
        freeze(ROWS, name="first", out_dir=tmp_path / "file")
