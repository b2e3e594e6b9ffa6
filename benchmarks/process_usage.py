"""What a process and all that it started took: time, processor time, memory; read from /proc."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# Often enough to see what lives for seconds, and 0.1% of a core.
SAMPLE_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Usage:
    """`exit_code` is negative for a signal, `timed_out` if we killed it.

    `peak_mb` is the highest sum over the process tree of each process's own peak resident memory:
    never below the true peak, and above it where processes share pages.
    """

    exit_code: int
    timed_out: bool
    seconds: float
    cpu_seconds: float
    peak_mb: float


def run_measured(
    argv: list[str],
    *,
    log_path: Path,
    environment: Mapping[str, str],
    cwd: Path,
    timeout: float,
) -> Usage:
    """Run a command to its end, its output in `log_path`; killed with all it started when late."""
    started = time.monotonic()
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
        )
    peak_kb, timed_out = 0, False
    ended = os.pidfd_open(process.pid)
    while not select.select([ended], [], [], SAMPLE_SECONDS)[0]:
        peak_kb = max(peak_kb, sum(map(_peak_kb, _tree(process.pid))))
        if time.monotonic() - started > timeout and not timed_out:
            timed_out = True
            os.killpg(process.pid, signal.SIGKILL)
    seconds = time.monotonic() - started
    os.close(ended)
    # wait4 instead of Popen.wait: it says what the process and its children used.
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(
        exit_code=process.returncode,
        timed_out=timed_out,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=max(peak_kb, usage.ru_maxrss) / 1024,
    )


def _tree(pid: int) -> Iterator[int]:
    """The process and all its living descendants."""
    yield pid
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [(task / "children").read_text().split() for task in tasks]
    except (FileNotFoundError, ProcessLookupError):
        return  # it ended while we looked
    for names in children:
        for name in names:
            yield from _tree(int(name))


def _peak_kb(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0  # a zombie has no memory
