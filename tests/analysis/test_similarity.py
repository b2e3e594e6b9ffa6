import json
import math
import os
from pathlib import Path

import pytest

from workbench.analysis.similarity import measure_similarity, sample_text, shared_words, task_text
from workbench.cleaning.benchmarks import Task, load_humaneval

TASKS = [Task("T/0", "red green", "", "f"), Task("T/1", "blue", "", "g")]


def test_the_score_is_the_tf_idf_cosine_to_the_nearest_task() -> None:
    # Three texts: "red" is in two, "green" in two, "blue" in one, "moon" in one.
    common, rare = 1 + math.log(4 / 3), 1 + math.log(4 / 2)
    (found,) = measure_similarity(["red moon green"], TASKS)
    expected = 2 * common**2 / (math.sqrt(2 * common**2 + rare**2) * math.sqrt(2 * common**2))
    assert found.task_id == "T/0"
    assert found.score == pytest.approx(expected)


def test_a_copy_of_a_task_scores_one() -> None:
    tasks = load_humaneval()
    found = measure_similarity([task_text(task) for task in tasks], tasks)
    # HumanEval/56 and 61 differ in their brackets only: the first of equally near tasks is taken.
    others = [task.task_id for task in tasks if task.task_id != "HumanEval/61"]
    assert [row.task_id for row in found if row.task_id in others] == [
        "HumanEval/56" if name == "HumanEval/61" else name for name in (t.task_id for t in tasks)
    ]
    assert all(0.999999 < row.score <= 1 for row in found)


def test_a_text_that_shares_no_word_has_no_nearest_task() -> None:
    found = measure_similarity(["", "moon", "\ud800\x00"], TASKS)
    assert [(row.score, row.task_id) for row in found] == [(0.0, "")] * 3


def test_other_data_sets_change_how_much_a_word_says() -> None:
    (alone,) = measure_similarity(["red moon"], TASKS)
    (beside,) = measure_similarity(["red moon"], TASKS, compared=["red"] * 20)
    assert beside.score < alone.score


def test_no_samples_have_no_similarity() -> None:
    assert measure_similarity([], TASKS) == []


def test_code_alpaca_has_its_published_mean() -> None:
    folder = os.environ.get("WINNOW_TEST_DATA")
    path = Path(folder or "") / "instructions" / "code_alpaca_2k.json"
    if not folder or not path.is_file():
        pytest.skip("WINNOW_TEST_DATA names no folder with instructions/code_alpaca_2k.json")
    texts = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        problem = row["instruction"] + (f"\nInput: {row['input']}" if row["input"] else "")
        texts.append(sample_text(problem, row["output"]))
    found = measure_similarity(texts, load_humaneval())
    assert len(found) == 2017
    assert sum(row.score for row in found) / len(found) == pytest.approx(0.195, abs=5e-4)


def test_shared_words_are_lower_case_and_telling() -> None:
    words = shared_words("Sort the LIST of values_1, x", "def f(list): the values_1 of x; sorted")
    assert words == {"list", "values_1"}
    assert shared_words("", "anything") == set()
