"""Reading frozen data sets: what they hold, and one sentence for each way to be broken."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import WinnowError
from training.dataset import Row, read_dataset, split_held_out

GOOD = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


def test_folder_is_read_with_its_manifest(
    write_dataset: Callable[[list[tuple[str, str]]], Path],
) -> None:
    dataset = read_dataset(write_dataset([("What is 1 + 1?", "2"), ("\u2028", "\0")]))
    assert (dataset.name, dataset.content_hash) == ("adding", "0123")
    assert dataset.rows[1] == Row("row-1", (("user", "\u2028"), ("assistant", "\0")))


def test_bare_file_is_read_and_hashed(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps(GOOD) + "\n\n" + json.dumps(GOOD))
    dataset = read_dataset(file)
    assert (dataset.name, len(dataset.rows), len(dataset.content_hash)) == ("mine", 2, 64)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("{", "line 1 is no JSON"),
        ("[1]", "line 1 has no messages"),
        ("{}", "line 1 has no messages"),
        (json.dumps(GOOD) + '\n{"messages": []}', "line 2 has no messages"),
        ('{"messages": [{"role": "robot", "content": "x"}]}', "not a role"),
        ('{"messages": [{"role": "user", "content": 3}]}', "not a role"),
        ('{"messages": ["x"]}', "not a role"),
        ('{"messages": [{"role": "user", "content": "x"}]}', "no answer of the assistant"),
        ('{"messages": [{"role": "assistant", "content": " "}]}', "no answer of the assistant"),
        ('{"messages": [{"role": "assistant", "content": "\\ud800"}]}', "surrogate pair"),
    ],
)
def test_broken_rows_are_named(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(content)
    with pytest.raises(WinnowError, match=sentence):
        read_dataset(file)


def test_missing_data_set_and_cut_data_set_are_named(
    tmp_path: Path, write_dataset: Callable[[list[tuple[str, str]]], Path]
) -> None:
    with pytest.raises(WinnowError, match="cannot be read"):
        read_dataset(tmp_path / "nowhere")
    folder = write_dataset([("a", "b"), ("c", "d")])
    lines = (folder / "train.jsonl").read_text().splitlines(keepends=True)
    (folder / "train.jsonl").write_text(lines[0])
    with pytest.raises(WinnowError, match=r"manifest names 2 rows, train\.jsonl has 1"):
        read_dataset(folder)


def test_held_out_rows_are_drawn_reproducibly_and_none_is_lost() -> None:
    rows = [Row(str(index), ()) for index in range(40)]
    train, held = split_held_out(rows, share=0.1, random_seed=976)
    assert (train, held) == split_held_out(rows, share=0.1, random_seed=976)
    assert held != split_held_out(rows, share=0.1, random_seed=977)[1]
    assert len(held) == 4
    assert sorted(train + held, key=lambda row: int(row.id)) == rows
    assert [len(part) for part in split_held_out(rows[:2], share=0.01, random_seed=1)] == [1, 1]
