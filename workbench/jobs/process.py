"""Start, stop and wait for the processes behind job folders."""

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.jobs.folder import JobFolder, JobSpec, JobState

log = logging.getLogger(__name__)

# A stopped training run writes its weights first; everything else is quicker than this.
STOP_GRACE_SECONDS = 30.0
# Below this a job could not even write how it failed.
MIN_FREE_BYTES = 50 * 1024 * 1024


def new_job_id(kind: str) -> str:
    """An id that sorts by time and reads well in a listing: `generate-20260501-101502-3fa1`."""
    return f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:4]}"


def create_job(
    jobs_dir: Path,
    kind: str,
    params: Mapping[str, Any],
    *,
    argv: list[str] | None = None,
    job_id: str | None = None,
) -> JobFolder:
    """Write a new job's folder; `argv` is for work that is not a step of the workbench."""
    folder = JobFolder(jobs_dir / (job_id or new_job_id(kind)))
    command = argv or [sys.executable, "-m", "workbench.jobs", str(folder.path)]
    folder.write_spec(JobSpec(folder.id, kind, dict(params), command, time.time()))
    return folder


def start_job(folder: JobFolder, *, secrets: Mapping[str, str] | None = None) -> None:
    """Start the job's process, or start it again where an earlier one was stopped or killed.

    The process has its own session and a log file, never a pipe, so that it outlives us. The lock
    is taken here and inherited, so that there is no moment in which the job looks dead. `secrets`
    reach it through its environment alone.

    Raises:
        WinnowError: the job is running already, or the disk is full.
    """
    spec = folder.spec
    free = shutil.disk_usage(folder.path).free
    if free < MIN_FREE_BYTES:
        raise WinnowError(
            f"Only {free // 2**20} MB are free in {folder.path.parent}: a job needs at least "
            f"{MIN_FREE_BYTES // 2**20} MB. Free some space and start it again."
        )
    lock = _take_lock(folder)
    try:
        for name in ("cancel", "result.json"):
            (folder.path / name).unlink(missing_ok=True)
        with (folder.path / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**_environment(), **(secrets or {})},
                cwd=Path(__file__).resolve().parents[2],
                start_new_session=True,
                pass_fds=(lock,),
            )
        (folder.path / "pid").write_text(str(process.pid), encoding="utf-8")
    finally:
        os.close(lock)  # ours; the job's copy keeps it locked
    _reap_in_background(process)


def _environment() -> dict[str, str]:
    """Ours, without the key: only jobs that are given it may have it."""
    inherited = {name: value for name, value in os.environ.items() if name != "WINNOW_API_KEY"}
    return {**inherited, "PYTHONUNBUFFERED": "1"}


def _take_lock(folder: JobFolder) -> int:
    descriptor = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + 1.0  # somebody asking `is_alive` holds it for microseconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise WinnowError(
                    f"Job {folder.id} is running already. Cancel it before starting it again."
                ) from None
            time.sleep(0.02)


def _reap_in_background(process: "subprocess.Popen[bytes]") -> None:
    """Wait for the process in a thread, so that a finished job leaves no zombie behind."""
    import threading

    threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()


def request_stop(folder: JobFolder, *, pause: bool = False) -> None:
    """Ask the job to stop; it keeps what is finished. Returns at once.

    With `pause` it is meant to go on later, so it keeps what it has claimed.

    Raises:
        WinnowError: there is no such job, or it is not running.
    """
    _ = folder.spec
    if not folder.is_alive():
        raise WinnowError(f"Job {folder.id} is not running ({folder.state()}).")
    (folder.path / "cancel").write_text("pause" if pause else "", encoding="utf-8")
    _signal(folder, signal.SIGTERM)


def stop_overdue(folder: JobFolder, *, grace: float = STOP_GRACE_SECONDS) -> bool:
    """Kill a job that was asked to stop more than `grace` seconds ago; True if it had to be."""
    try:
        asked = (folder.path / "cancel").stat().st_mtime
    except FileNotFoundError:
        return False
    if time.time() - asked < grace or not folder.is_alive():
        return False
    _signal(folder, signal.SIGKILL)
    return True


def _signal(folder: JobFolder, number: signal.Signals) -> None:
    """Signal the job's whole process group; its pid is true as long as its lock is held."""
    try:
        pid = int((folder.path / "pid").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return
    if folder.is_alive():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)


def list_jobs(jobs_dir: Path) -> list[JobFolder]:
    """Every job of the workspace, newest first."""
    if not jobs_dir.is_dir():
        return []
    dated = []
    for path in jobs_dir.glob("*/spec.json"):
        folder = JobFolder(path.parent)
        try:
            dated.append((folder.spec.created_at, folder))
        except WinnowError as error:  # one damaged folder must not hide the others
            log.warning("%s", error)
    return [folder for _, folder in sorted(dated, key=lambda pair: pair[0], reverse=True)]


def is_ended(state: JobState) -> bool:
    """Whether a job in this state has no process any more."""
    return state not in (JobState.RUNNING, JobState.STOPPING)
