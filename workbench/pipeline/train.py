"""Training and evaluating on a frozen data set, and taking in what came of it."""

import sys
from dataclasses import asdict, dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from storage.datasets import list_datasets
from storage.errors import WinnowError
from storage.jobs import add_job
from storage.runs import Run, add_answers, add_run, settle_run
from workbench.jobs.folder import JobFolder, JobState
from workbench.jobs.process import create_job, new_job_id, start_job
from workbench.workspace import Workspace

RECIPES = ("smoke", "lora", "full")


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What to train: `dataset` is an id or a name, `tasks` how many of HumanEval's 164 to score."""

    dataset: str
    recipe: str = "smoke"
    model: str = ""
    tasks: int = 20
    max_steps: int | None = None


def start_training(workspace: Workspace, options: TrainOptions) -> JobFolder:
    """Start a run: base scored, trained, tuned scored, in a process of its own.

    Raises:
        WinnowError: an unknown data set or recipe, or a number of tasks that there is not.
    """
    if options.recipe not in RECIPES:
        raise WinnowError(f"Recipe {options.recipe!r} is unknown: use {', '.join(RECIPES)}.")
    if not 0 <= options.tasks <= 164:
        raise WinnowError(
            f"{options.tasks} tasks cannot be scored: HumanEval has 164, use 0 to 164."
        )
    with workspace.database.read() as cursor:
        datasets = list_datasets(cursor)
    chosen = [row for row in datasets if options.dataset in (row["id"], row["name"])]
    if not chosen:
        raise WinnowError(f"Data set {options.dataset!r} does not exist: export one first.")
    model = options.model or workspace.settings.training_model
    job_id = new_job_id("train")
    argv = [sys.executable, "-m", "workbench.jobs", str(workspace.jobs_dir / job_id)]
    params = {
        **asdict(options),
        "dataset": chosen[0]["path"],
        "model": model,
        "cache_dir": str(workspace.settings.models_dir),
    }
    folder = create_job(workspace.jobs_dir, "train", params, argv=argv, job_id=job_id)
    run = Run(folder.id, chosen[0]["id"], options.recipe, model, "humaneval", options.tasks)
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, "train")
        add_run(cursor, run)
    start_job(folder)
    return folder


def take_answers(cursor: DuckDBPyConnection, rows: list[dict[str, Any]], job_id: str) -> None:
    """Take in answers to benchmark tasks."""
    add_answers(cursor, rows, job_id=job_id)


def settle_training(cursor: DuckDBPyConnection, folder: JobFolder, state: JobState) -> None:
    """Take in where a run stands and what it gave."""
    settle_run(cursor, folder.id, state=state.value, result=folder.result())
