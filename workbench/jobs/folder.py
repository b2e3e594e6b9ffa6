"""A job's folder: everything that is known of a job is in files, so that it outlives every process.

spec.json       what was asked, written once
lock            held (flock) by the job's process as long as it lives
pid             the process id, meaningful only while the lock is held
progress.jsonl  one JSON object per line, newest last
log.txt         standard output and error
cancel          present once somebody asked the job to stop; it says `pause` where it shall wait
result.json     how it ended, written last
"""

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from storage.errors import WinnowError


class JobState(StrEnum):
    """Where a job stands.

    `paused` can be resumed and keeps what it has claimed; `interrupted` means that its process died
    without saying how it ended.
    """

    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    PAUSED = "paused"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class JobPaused(WinnowError):
    """The job cannot go on until somebody does something; the message says what."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What a job was asked to do. `argv` is the command line of its process; no secret is in it."""

    id: str
    kind: str
    params: dict[str, Any]
    argv: list[str]
    created_at: float


def write_json(path: Path, value: object) -> None:
    """Write `value` whole or not at all: under a temporary name, synced, then renamed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_lines(path: Path, values: Iterable[object]) -> None:
    """Write JSON lines whole or not at all, like `write_json`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="ascii") as file:
        file.writelines(json.dumps(value) + "\n" for value in values)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def append_line(path: Path, value: object, *, sync: bool = False) -> None:
    """Append `value` as one JSON line; with `sync` it is on disk when this returns."""
    line = json.dumps(value, ensure_ascii=False) + "\n"
    with path.open("ab") as file:
        file.write(line.encode("utf-8", "surrogatepass"))
        file.flush()
        if sync:
            os.fsync(file.fileno())


def read_lines(path: Path, *, offset: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (offset after the line, object) for each complete line from byte `offset` on.

    A last line without its newline is still being written, or was cut by a crash: it is left for
    the next call. A line that is not a JSON object (the same crash, then appended to) is skipped.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield offset, value


@dataclass(frozen=True, slots=True)
class JobFolder:
    """One job's folder; the job's process writes through it and everybody else reads through it."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def spec(self) -> JobSpec:
        try:
            fields = json.loads((self.path / "spec.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise WinnowError(f"Job {self.id} does not exist in {self.path.parent}.") from None
        except ValueError as error:
            raise WinnowError(f"{self.path / 'spec.json'} is damaged: {error}.") from error
        try:
            return JobSpec(**fields)
        except TypeError as error:
            raise WinnowError(f"{self.path / 'spec.json'} is no job: {error}.") from error

    def write_spec(self, spec: JobSpec) -> None:
        """Make the folder and write what was asked."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "spec.json", asdict(spec))

    def progress(self, **fields: object) -> None:
        """Append one progress line; the newest line is what the pages show."""
        append_line(self.path / "progress.jsonl", {"time": time.time(), **fields})

    def last_progress(self) -> dict[str, Any]:
        """The newest progress line, or an empty dict; reads only the end of the file."""
        try:
            with (self.path / "progress.jsonl").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
                tail = file.read()
        except FileNotFoundError:
            return {}
        for line in reversed(tail.splitlines(keepends=True)):
            if line.endswith(b"\n"):
                try:
                    value = json.loads(line)
                except ValueError:
                    continue
                return value if isinstance(value, dict) else {}
        return {}

    def finish(self, state: JobState, **fields: object) -> None:
        """Say how the job ended; the last thing its process writes."""
        write_json(self.path / "result.json", {"state": state.value, "time": time.time(), **fields})

    def result(self) -> dict[str, Any]:
        """What `finish` wrote, or an empty dict while the job has not ended."""
        try:
            value = json.loads((self.path / "result.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return value if isinstance(value, dict) else {}

    def stop_requested(self) -> bool:
        """Whether somebody asked the job to stop; long work asks this between its pieces."""
        return (self.path / "cancel").exists()

    def stopped_state(self) -> JobState:
        """What a job is once it has stopped on request: to be resumed, or given up."""
        try:
            asked = (self.path / "cancel").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            asked = ""
        return JobState.PAUSED if asked == "pause" else JobState.CANCELLED

    def is_alive(self) -> bool:
        """Whether the job's process lives: it holds the lock from before its first instruction."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two askers at the same moment never see each other as the job.
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def state(self) -> JobState:
        """Where the job stands, from its files and its lock alone."""
        alive = self.is_alive()  # first: a job that ends in between has written its result
        result = self.result()
        if alive:
            return JobState.STOPPING if self.stop_requested() else JobState.RUNNING
        if result:
            return JobState(result["state"])
        return self.stopped_state() if self.stop_requested() else JobState.INTERRUPTED
