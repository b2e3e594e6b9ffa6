"""What the pages and commands say of jobs, and what they can ask of them."""

from typing import Any

from storage.errors import WinnowError
from storage.jobs import add_job, get_job, settle_job
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import is_ended, list_jobs, request_stop, start_job
from workbench.pipeline.generate import note_answered_elsewhere
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
    state = folder.state()
    if state == "done":
        raise WinnowError(f"Job {job_id} is done: there is nothing to resume.")
    if not is_ended(state):
        raise WinnowError(f"Job {job_id} is running already. Cancel it before starting it again.")
    secrets = _secrets_of(workspace, folder)
    if folder.spec.kind == "generate":
        note_answered_elsewhere(workspace, folder)
    # Before the start, so that a crash in between leaves a job whose output is looked for; and
    # after it, for somebody who took its old end in meanwhile.
    _reopen(workspace, folder)
    start_job(folder, secrets=secrets)
    _reopen(workspace, folder)
    return folder


def _reopen(workspace: Workspace, folder: JobFolder) -> None:
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, folder.spec.kind)  # where a crash came before its row
        record = get_job(cursor, folder.id)
        taken = record.taken if record else {}
        settle_job(cursor, folder.id, state="running", taken=taken)


def _secrets_of(workspace: Workspace, folder: JobFolder) -> dict[str, str]:
    """The key for a job's endpoint; a key that was set for another one is not sent there."""
    endpoint = folder.spec.params.get("endpoint", {})
    if endpoint.get("kind") != "url":
        return {}
    settings = workspace.settings
    if settings.base_url and settings.base_url.rstrip("/") != endpoint["base_url"].rstrip("/"):
        raise WinnowError(
            f"Job {folder.id} asks {endpoint['base_url']}, but the key that is set is for "
            f"{settings.base_url}. Set the job's endpoint and its key first."
        )
    return {"WINNOW_API_KEY": settings.api_key.get_secret_value()}
