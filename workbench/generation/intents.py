"""What was sent: a line before each request leaves, to know after a kill what was under way.

It is written without a sync: a kill loses nothing that the kernel has. Only a loss of power can,
and then those requests count as never sent.
"""

import json
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from workbench.jobs.folder import read_lines

FILE_NAME = "sent.jsonl"


class IntentLog:
    """Appends to a job's `sent.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def __enter__(self) -> Self:
        _end_last_line(self._path)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def sent(self, key: str, reserved: float | None) -> None:
        """The request leaves now, and can cost so much."""
        self._append({"key": key, "time": time.time(), "reserved": reserved})

    def refused(self, key: str) -> None:
        """The endpoint turned the request away, which costs nothing."""
        self._append({"key": key, "time": time.time(), "refused": True})

    def _append(self, value: dict[str, object]) -> None:
        os.write(self._file, json.dumps(value).encode() + b"\n")


def open_intents(folder: Path) -> dict[str, tuple[float, float | None]]:
    """What was sent last by key and not refused since: (time, reserved US dollars)."""
    found: dict[str, tuple[float, float | None]] = {}
    for _, row in read_lines(folder / FILE_NAME):
        if row.get("refused"):
            found.pop(row["key"], None)
        else:
            found[row["key"]] = (row["time"], row["reserved"])
    return found


def _end_last_line(path: Path) -> None:
    """Cut off a last line that a crash left half written, so that the next one stands alone."""
    end = 0
    for offset, _ in read_lines(path):
        end = offset
    if path.exists():
        os.truncate(path, end)
