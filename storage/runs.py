"""Training runs and the answers of their evaluations."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows


@dataclass(frozen=True, slots=True)
class Run:
    """A training run: one data set, one recipe, one base model; `tasks` of the benchmark asked."""

    job_id: str
    dataset_id: str
    recipe: str
    base_model: str
    benchmark: str
    tasks: int


def add_run(cursor: DuckDBPyConnection, run: Run) -> None:
    """Note a run that is about to start."""
    fields = {name: getattr(run, name) for name in Run.__slots__}
    extra = {"state": "running", "result": "{}", "created_at": datetime.now(UTC)}
    insert_rows(cursor, "runs", [{**fields, **extra}])


def settle_run(
    cursor: DuckDBPyConnection, job_id: str, *, state: str, result: dict[str, Any]
) -> None:
    """Note where a run stands and what it gave."""
    cursor.execute(
        "update runs set state = ?, result = ? where job_id = ?",
        [state, json.dumps(result), job_id],
    )


def list_runs(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every run with its data set's name, newest first."""
    rows = fetch_dicts(
        cursor.execute(
            "select r.*, d.name as dataset, d.rows from runs r"
            " left join datasets d on d.id = r.dataset_id order by r.created_at desc"
        )
    )
    return [{**row, "result": json.loads(row["result"])} for row in rows]


def add_answers(
    cursor: DuckDBPyConnection, answers: Sequence[dict[str, Any]], *, job_id: str
) -> None:
    """Append answers to benchmark tasks; those that are there already stay."""
    names = ("model", "task_id", "prompt", "raw", "code", "verdict", "detail")
    rows = {
        (answer["model"], answer["task_id"]): {
            "job_id": job_id,
            **{name: str(answer.get(name) or "") for name in names},
        }
        for answer in answers
    }
    insert_rows(cursor, "answers", list(rows.values()))


def list_answers(cursor: DuckDBPyConnection, job_id: str) -> list[dict[str, Any]]:
    """A run's answers: one row per task with base and tuned side by side, in the tasks' order."""
    rows = fetch_dicts(cursor.execute("select * from answers where job_id = ?", [job_id]))
    tasks: dict[str, dict[str, Any]] = {}
    for row in rows:
        task = tasks.setdefault(row["task_id"], {"task_id": row["task_id"]})
        task[row["model"]] = row
    return [tasks[name] for name in sorted(tasks, key=_task_order)]


def _task_order(task_id: str) -> tuple[str, int]:
    name, _, number = task_id.rpartition("/")
    return name, int(number) if number.isdigit() else 0
