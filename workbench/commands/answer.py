"""What a command has to say, and how it follows a job to its end."""

import sys
import time
from dataclasses import dataclass, field
from typing import Any

from storage.errors import WinnowError
from storage.jobs import get_job
from workbench.jobs.folder import JobFolder, JobState
from workbench.jobs.process import is_ended, request_stop
from workbench.pipeline.ingest import take_in_job
from workbench.pipeline.jobs import describe_job
from workbench.workspace import Workspace

INTERVAL_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """One line for people, the same as values for programs."""

    summary: str
    values: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0


def follow(workspace: Workspace, folder: JobFolder) -> dict[str, Any]:
    """Wait for a job, taking its output in and showing its progress; its last description.

    Ctrl-C stops the job, which keeps what is finished.

    Raises:
        WinnowError: the job failed, with its sentence, or its process died.
    """
    try:
        _watch(workspace, folder)
    except KeyboardInterrupt:
        if folder.is_alive():
            request_stop(folder)
        _watch(workspace, folder)
        raise
    job = describe_job(folder)
    if job["state"] == JobState.FAILED:
        raise WinnowError(str(job["error"]))
    if job["state"] == JobState.INTERRUPTED:
        raise WinnowError(
            f"The process of job {folder.id} died. `jobs resume {folder.id}` goes on with it; "
            f"its log is {folder.path / 'log.txt'}."
        )
    return job


def _watch(workspace: Workspace, folder: JobFolder) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Elapsed())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(describe_job(folder)["title"], total=None)
        while True:
            with workspace.database.read() as cursor:
                record = get_job(cursor, folder.id)
            state = take_in_job(workspace, record) if record else folder.state()
            job = describe_job(folder)
            words = " ".join(part for part in (job["title"], job["phase"]) if part)
            bars.update(bar, description=words, completed=job["done"] or 0, total=job["total"])
            if is_ended(state):
                return
            time.sleep(INTERVAL_SECONDS)
