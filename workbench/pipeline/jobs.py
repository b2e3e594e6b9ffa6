"""What the pages and commands say of jobs, and what they can ask of them."""

from typing import Any

from storage.errors import WinnowError
from storage.jobs import get_job, settle_job
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import is_ended, list_jobs, request_stop, start_job
from workbench.workspace import Workspace

TITLES = {
    "draw": "Drawing seeds",
    "generate": "Generating samples",
    "analyze": "Analyzing samples",
    "train": "Training",
}


def describe_job(folder: JobFolder) -> dict[str, Any]:
    """A job for people: title, state, newest progress, share done (0 to 1 or None), error."""
    spec, progress, result = folder.spec, folder.last_progress(), folder.result()
    state = folder.state()
    done, total = (
        progress.get("done", progress.get("step")),
        progress.get("total", progress.get("steps")),
    )
    share = min(1.0, done / total) if done is not None and total else None
    return {
        "id": folder.id,
        "kind": spec.kind,
        "title": TITLES.get(spec.kind, spec.kind),
        "state": state.value,
        "running": not is_ended(state),
        "resumable": is_ended(state) and state != "done",
        "created_at": spec.created_at,
        "ended_at": result.get("time"),
        "phase": progress.get("phase", ""),
        "done": done,
        "total": total,
        "share": 1.0 if state == "done" else share,
        "progress": progress,
        "error": result.get("error"),
    }


def describe_jobs(workspace: Workspace, *, limit: int = 50) -> list[dict[str, Any]]:
    """The newest jobs, newest first."""
    return [describe_job(folder) for folder in list_jobs(workspace.jobs_dir)[:limit]]


def find_job(workspace: Workspace, job_id: str) -> JobFolder:
    """The folder of a job of this workspace.

    Raises:
        WinnowError: there is no such job; the id is never used as a path before that is known.
    """
    for folder in list_jobs(workspace.jobs_dir):
        if folder.id == job_id:
            return folder
    raise WinnowError(f"Job {job_id!r} does not exist. `jobs list` shows those there are.")


def cancel_job(workspace: Workspace, job_id: str) -> None:
    """Ask a job to stop; what it has finished is kept."""
    request_stop(find_job(workspace, job_id))


def resume_job(workspace: Workspace, job_id: str) -> JobFolder:
    """Start a stopped, failed or interrupted job again from what its folder holds."""
    folder = find_job(workspace, job_id)
    if folder.state() == "done":
        raise WinnowError(f"Job {job_id} is done: there is nothing to resume.")
    secrets: dict[str, str] = {}
    if folder.spec.params.get("endpoint", {}).get("kind") == "url":
        secrets["WINNOW_API_KEY"] = workspace.settings.api_key.get_secret_value()
    start_job(folder, secrets=secrets)
    with workspace.database.transaction() as cursor:
        record = get_job(cursor, job_id)
        if record:
            settle_job(cursor, job_id, state="running", taken=record.taken)
    return folder
