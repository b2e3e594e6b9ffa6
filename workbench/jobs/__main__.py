"""The process of a job: `python -m workbench.jobs FOLDER` runs what the folder's spec asks for."""

import errno
import signal
import sys
import traceback
from pathlib import Path

from storage.errors import WinnowError
from workbench.jobs.folder import JobFolder, JobPaused, JobState


def run(folder: JobFolder) -> None:
    """Run the job's step; each is imported only when it is wanted, they take seconds to load."""
    match folder.spec.kind:
        case "draw":
            from workbench.seeds.job import run as step
        case "generate" | "evolve" | "judge":
            from workbench.generation.job import run as step
        case "analyze":
            from workbench.analysis.job import run as step
        case "train":
            from workbench.pipeline.train_job import run as step
        case kind:
            raise WinnowError(f"Job {folder.id} is of the kind {kind!r}, which this version lacks.")
    step(folder)


def _explain(folder: JobFolder, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full ({error.filename or folder.path}). What was finished is kept: free "
            "some space and resume the job."
        )
    return (
        f"The job stopped on an unexpected {type(error).__name__}: {error}. "
        f"Its log has the details: {folder.path / 'log.txt'}"
    )


def main(argv: list[str]) -> int:
    """Run one job and write how it ended; 0 when it is done or was stopped on request."""
    folder = JobFolder(Path(argv[0]))
    # Steps look at `stop_requested()` between pieces; the signal only has to wake their sleeps.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        run(folder)
    except JobPaused as error:
        folder.finish(JobState.PAUSED, error=str(error))
        print(error, file=sys.stderr)
        return 0
    except WinnowError as error:
        folder.finish(JobState.FAILED, error=str(error))
        print(error, file=sys.stderr)
        return 2
    except Exception as error:  # noqa: BLE001 - the edge of the job: the traceback stays in its log
        traceback.print_exc()
        folder.finish(
            JobState.FAILED,
            error=_explain(folder, error),
        )
        return 1
    folder.finish(folder.stopped_state() if folder.stop_requested() else JobState.DONE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
