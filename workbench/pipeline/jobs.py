"""What the pages and commands say of jobs, and what they can ask of them."""

from collections.abc import Collection
from typing import Any

from storage.errors import WinnowError
from storage.jobs import add_job, get_job, settle_job
from workbench.generation.limits import Limits
from workbench.jobs.folder import JobFolder, JobState
from workbench.jobs.process import is_ended, list_jobs, request_stop, start_job
from workbench.pipeline.send import SENDING, prepare_resume
from workbench.workspace import Workspace

TITLES = {
    "draw": "Drawing seeds",
    "generate": "Generating samples",
    "evolve": "Evolving samples",
    "judge": "Judging samples",
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
        "pausable": spec.kind in SENDING and state == "running",
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
    """Ask a job to stop; what it has finished is kept, and what it has not is free for others."""
    folder = find_job(workspace, job_id)
    if folder.state() in (JobState.PAUSED, JobState.INTERRUPTED):
        # It has no process that could say so.
        folder.finish(JobState.CANCELLED)
        return
    request_stop(folder)


def pause_job(workspace: Workspace, job_id: str) -> None:
    """Ask a job that sends requests to stop until it is resumed; it keeps what it has claimed.

    Raises:
        WinnowError: there is no such job, it does not run, or it is of a kind that cannot wait.
    """
    folder = find_job(workspace, job_id)
    if folder.spec.kind not in SENDING:
        raise WinnowError(f"Job {job_id} cannot be paused: cancel it; what is finished is kept.")
    request_stop(folder, pause=True)


def resume_job(
    workspace: Workspace,
    job_id: str,
    *,
    limits: Limits | None = None,
    retry: Collection[str] = (),
) -> JobFolder:
    """Start a stopped, failed or interrupted job again from what its folder holds.

    `limits` replace those of a job that sends requests; `retry` names reasons of failures that it
    is to ask anew, which a job that is done can do too.

    Raises:
        WinnowError: there is no such job, it runs, or nothing is left to do.
    """
    folder = find_job(workspace, job_id)
    state = folder.state()
    if state == "done" and not retry:
        raise WinnowError(f"Job {job_id} is done: there is nothing to resume.")
    if not is_ended(state):
        raise WinnowError(f"Job {job_id} is running already. Cancel it before starting it again.")
    secrets = _secrets_of(workspace, folder)
    if folder.spec.kind in SENDING:
        prepare_resume(workspace, folder, limits=limits, retry=retry)
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
