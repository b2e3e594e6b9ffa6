"""Holding out by repository, and measuring how far reviewers agree."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from storage.errors import WinnowError
from tests.export.test_dataset import ROW, front_matter
from training.dataset import read_dataset
from workbench.export.agreement import measure_agreement
from workbench.export.dataset import freeze
from workbench.export.rows import ExportRow
from workbench.export.split import split_by_repository


def rows_of(sizes: dict[str, int]) -> list[ExportRow]:
    return [
        replace(ROW, sample_id=f"{name}-{index}", repository=name)
        for name, size in sizes.items()
        for index in range(size)
    ]


@pytest.mark.parametrize("random_seed", [0, 976, 12345])
@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.5])
def test_the_share_is_met_and_no_repository_is_on_both_sides(
    share: float, random_seed: int
) -> None:
    rows = rows_of({f"r{n}": 1 + n % 7 for n in range(120)})
    split = split_by_repository(rows, share=share, random_seed=random_seed)
    assert not {r.repository for r in split.train} & {r.repository for r in split.held_out}
    assert abs(len(split.held_out) - share * len(rows)) <= 0.5
    assert sorted([*split.train, *split.held_out], key=rows.index) == rows
    assert list(split.train) == [row for row in rows if row in split.train]


def test_the_groups_are_those_that_come_nearest() -> None:
    rows = rows_of({"big": 6, "a": 3, "b": 3, "c": 8})
    held = split_by_repository(rows, share=0.45).held_out  # 9 of 20: big and one of the small
    assert len(held) == 9
    assert len(split_by_repository(rows_of({"x": 9, "y": 1}), share=0.5).held_out) == 1


def test_the_split_follows_from_the_seed_and_the_names_alone() -> None:
    rows = rows_of({f"r{n}": 1 for n in range(50)})
    first = {row.repository for row in split_by_repository(rows, share=0.2).held_out}
    assert first == {row.repository for row in split_by_repository(rows[::-1], share=0.2).held_out}
    other = split_by_repository(rows, share=0.2, random_seed=1).held_out
    assert first != {row.repository for row in other}


def test_rows_of_unknown_repositories_are_trained_on_and_case_makes_no_repository() -> None:
    rows = [*rows_of({"": 5, "Ada/X": 2, "ada/x ": 2, "b": 1})]
    split = split_by_repository(rows, share=0.4)
    assert {row.repository for row in split.held_out} == {"Ada/X", "ada/x "}
    described = split.describe() or {}
    assert described["train_rows_without_repository"] == 5
    assert (described["train_repositories"], described["held_out_repositories"]) == (1, 1)


@pytest.mark.parametrize("share", [-0.1, 0.51, math.nan, math.inf])
def test_a_share_that_cannot_be_is_refused(share: float) -> None:
    with pytest.raises(WinnowError, match=r"use a share from 0 to 0\.5"):
        split_by_repository(rows_of({"a": 1, "b": 1}), share=share)


def test_one_repository_cannot_be_divided() -> None:
    with pytest.raises(WinnowError, match="Nothing can be held out of these 4 rows"):
        split_by_repository(rows_of({"a": 4}), share=0.25)


def test_a_split_is_another_data_set_that_training_reads_without_its_held_out_rows(
    tmp_path: Path,
) -> None:
    rows = rows_of({f"r{n}": 2 for n in range(10)})
    whole = freeze(rows, name="d", out_dir=tmp_path)
    split = freeze(rows, name="d", out_dir=tmp_path, held_out=0.2)
    other = freeze(rows, name="d", out_dir=tmp_path, held_out=0.2, random_seed=1)
    assert len({whole.content_hash, split.content_hash, other.content_hash}) == 3
    assert (whole.rows, split.rows, len(split.order)) == (20, 16, 20)
    read = read_dataset(split.path)
    held = [json.loads(line)["id"] for line in (split.path / "held_out.jsonl").open()]
    assert (len(read.rows), len(held)) == (16, 4)
    assert not {row.id for row in read.rows} & set(held)
    assert list(split.order) == [*(row.id for row in read.rows), *held]
    card = (split.path / "README.md").read_text(encoding="utf-8")
    assert front_matter(card)["configs"][0]["data_files"] == [
        {"split": "train", "path": "train.jsonl"},
        {"split": "held_out", "path": "held_out.jsonl"},
    ]
    assert "4 rows of 2 repositories are held out" in card
    assert "--held-out 0.2 --random-seed 976" in card


def test_kappa_is_agreement_beyond_chance() -> None:
    # 20 accepted by both, 5 by ada alone, 10 by bob alone, 15 by none: kappa is 0.4.
    cells = {("a", "a"): 20, ("a", "r"): 5, ("r", "a"): 10, ("r", "r"): 15}
    decisions, number = [], 0
    for (ada, bob), count in cells.items():
        for _ in range(count):
            decisions += [(f"s{number}", "ada", ada), (f"s{number}", "bob", bob)]
            number += 1
    found = measure_agreement([*decisions, ("only", "eve", "a")])
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.samples, pair.agreed) == ("ada", "bob", 50, 35)
    assert pair.share == pytest.approx(0.7)
    assert pair.kappa == pytest.approx(0.4)
    assert found.reviewers == {"ada": 50, "bob": 50, "eve": 1}
    assert (found.samples, found.unanimous) == (50, 35)


def test_where_chance_explains_all_there_is_no_kappa() -> None:
    both = [("s", "ada", "accepted"), ("s", "bob", "accepted")]
    assert measure_agreement(both).pairs[0].kappa is None
    opposed = [("s", "ada", "accepted"), ("s", "bob", "rejected")]
    assert measure_agreement(opposed).pairs[0].kappa == 0
    assert measure_agreement([]).pairs == ()
