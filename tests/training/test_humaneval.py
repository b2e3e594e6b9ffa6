"""HumanEval's tasks and their judging, with the reference solutions as canaries."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from storage.errors import WinnowError
from training.humaneval import judge_answer, read_tasks, write_question
from workbench.sandbox import find_sandbox


def test_tasks_are_evenly_spaced_and_whole() -> None:
    tasks = read_tasks()
    assert len({task.task_id for task in tasks}) == 164
    four = [task.task_id for task in read_tasks(limit=4)]
    assert four == ["HumanEval/0", "HumanEval/41", "HumanEval/82", "HumanEval/123"]
    assert tasks[0].prompt.strip() in write_question(tasks[0])
    for limit in (0, -1, 165):
        with pytest.raises(WinnowError, match=f"{limit} tasks cannot be scored"):
            read_tasks(limit=limit)


def test_reference_solutions_pass_and_empty_bodies_fail() -> None:
    """Every eighth task, and those whose tests call helper functions of the prompt."""
    sandbox = find_sandbox()
    tasks = read_tasks()
    chosen = [*tasks[::8], tasks[38], tasks[50], tasks[2]]
    with ThreadPoolExecutor(2) as pool:
        right = pool.map(
            lambda task: judge_answer(sandbox, task, task.prompt + task.canonical_solution), chosen
        )
        empty = pool.map(
            lambda task: judge_answer(sandbox, task, task.prompt + "    pass\n"), chosen
        )
        assert {result.verdict for result in right} == {"passed"}
        assert {result.verdict for result in empty} == {"failed"}
