"""HumanEval+ (Liu et al. 2023): HumanEval's tasks with about 80 times as many inputs."""

from pathlib import Path
from typing import Any

from training.benchmarks.files import OfficialFile, read_official, read_rows
from training.benchmarks.humaneval import write_question
from training.benchmarks.task import Differential, Task, take_evenly

NAME = "humaneval+"
OFFICIAL = OfficialFile(
    title="HumanEval+",
    name="HumanEvalPlus.jsonl.gz",
    url=(
        "https://github.com/evalplus/humanevalplus_release/releases/download/v0.1.10/"
        "HumanEvalPlus.jsonl.gz"
    ),
    sha256="272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
)


def read_tasks(*, limit: int | None, file: Path | None, cache_dir: Path) -> list[Task]:
    """The 164 tasks of v0.1.10.

    Raises:
        WinnowError: the official file cannot be had, or `limit` is out of range.
    """
    content = read_official(OFFICIAL, path=file, cache_dir=cache_dir)
    rows = take_evenly(read_rows(content), limit=limit, title=OFFICIAL.title)
    return [_read_task(row, cache_dir / "benchmarks" / "expected") for row in rows]


def _read_task(row: dict[str, Any], keep: Path) -> Task:
    prompt, name = row["prompt"], row["entry_point"]
    return Task(
        task_id=row["task_id"],
        question=write_question(prompt),
        prompt=prompt,
        entry_point=name,
        reference=prompt + row["canonical_solution"],
        empty=f"{prompt}    pass\n",
        judging=Differential(
            base_inputs=tuple(row["base_input"]),
            plus_inputs=tuple(row["plus_input"]),
            atol=row["atol"],
            oracle="polynomial_root" if name == "find_zero" else "equal",
            returned="value",
            keep=keep,
        ),
    )
