"""MBPP (Austin et al. 2021): the 500 small tasks of its test split, three assertions each."""

import ast
import textwrap
import warnings
from pathlib import Path
from typing import Any

from training.benchmarks.files import OfficialFile, read_official, read_rows
from training.benchmarks.task import PublishedTests, Task, take_evenly

NAME = "mbpp"
OFFICIAL = OfficialFile(
    title="MBPP",
    name="mbpp.jsonl",
    url=(
        "https://raw.githubusercontent.com/google-research/google-research/master/mbpp/mbpp.jsonl"
    ),
    sha256="ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f",
)
TEST_IDS = range(11, 511)  # 1 to 10 are the prompts of the paper, the rest are for training


def read_tasks(*, limit: int | None, file: Path | None, cache_dir: Path) -> list[Task]:
    """The tasks of the test split.

    Raises:
        WinnowError: the official file cannot be had, or `limit` is out of range.
    """
    content = read_official(OFFICIAL, path=file, cache_dir=cache_dir)
    rows = [row for row in read_rows(content) if row["task_id"] in TEST_IDS]
    return [_read_task(row) for row in take_evenly(rows, limit=limit, title=OFFICIAL.title)]


def write_question(text: str, tests: str) -> str:
    """What the model is asked; the tests tell it the function's name, which the text does not."""
    return (
        f"{text.strip()} Answer with the whole function in one Markdown code block.\n\n"
        f"Your code should satisfy these tests:\n\n```python\n{tests.strip()}\n```"
    )


def _read_task(row: dict[str, Any]) -> Task:
    tests = "\n".join(line.strip() for line in row["test_list"])
    setup = row["test_setup_code"].replace("\r\n", "\n")
    reference = row["code"].replace("\r\n", "\n") + "\n"
    name = find_entry_point(reference, tests)
    judging = _call_by_name(setup, tests, name) if setup else _call(tests, name)
    return Task(
        task_id=f"Mbpp/{row['task_id']}",
        question=write_question(row["text"], tests),
        prompt="",
        entry_point=name,
        reference=reference,
        empty=f"def {name}(*arguments):\n    pass\n",
        judging=judging,
    )


def find_entry_point(reference: str, tests: str) -> str:
    """The function of the reference that the tests call first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some references have "\w" where r"\w" was meant
        tree = ast.parse(reference)
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    called = (
        node.func.id
        for node in ast.walk(ast.parse(tests))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    return next(name for name in called if name in defined)


def _call(tests: str, name: str) -> PublishedTests:
    check = "def check(candidate):\n" + textwrap.indent(tests, "    ") + "\n"
    # Three tasks compare with math.isclose and the like, without importing it.
    return PublishedTests(setup="import math\n", tests=check, called=name)


def _call_by_name(setup: str, tests: str, name: str) -> PublishedTests:
    """Tests whose arguments are objects of a class that the answer itself defines (Mbpp/367).

    The objects are made in the answer's sandbox, and the tests name them: f(root) is called as
    call_by_name("root").
    """
    tree = ast.parse(tests)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            node.func.id = "call_by_name"
            node.args = [
                ast.Constant(argument.id) if isinstance(argument, ast.Name) else argument
                for argument in node.args
            ]
    inside = f"{setup}\ndef call_by_name(argument):\n    return {name}(globals()[argument])\n"
    return PublishedTests(
        setup="",
        tests="def check(candidate):\n" + textwrap.indent(ast.unparse(tree), "    ") + "\n",
        called="call_by_name",
        inside=inside,
    )
