"""A run's folder: what the outside sees of a run while it goes on, and what stays of it.

run.json        what was asked, written once; a folder holds one run
progress.jsonl  one JSON object per line, newest last
answers.jsonl   answers to benchmark tasks, appended as they are judged
training.json   present once training is finished and model/ is its model
model/          the tuned model
cancel          present once somebody asked the run to stop
result.json     how it ended, written last
"""

import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from storage.errors import WinnowError


@dataclass(slots=True)
class RunFolder:
    """One run's folder, and whether it was asked to stop (SIGTERM, Ctrl-C or a file `cancel`)."""

    path: Path
    is_foreign: bool = field(default=False, init=False)  # it holds a run that is not this one
    _signalled: bool = field(default=False, init=False)

    def open(self, asked: dict[str, Any]) -> None:
        """Make the folder, or take up the run that is in it.

        Raises:
            WinnowError: it cannot be written, or holds a run that was asked for differently.
        """
        earlier = self.read("run.json")
        if earlier and earlier != asked:
            self.is_foreign = True
            different = sorted(key for key in asked if earlier.get(key) != asked[key])
            raise WinnowError(
                f"The folder {self.path} holds a run with another {', '.join(different)}: "
                "choose another with --out, or ask for the same."
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / "result.json").unlink(missing_ok=True)
            write_json(self.path / "run.json", asked)
        except OSError as error:
            raise WinnowError(
                f"The folder {self.path} cannot be written ({error.strerror}): "
                "choose another with --out."
            ) from error

    def listen(self) -> None:
        """Take SIGTERM and Ctrl-C as the wish to stop; a second Ctrl-C ends the process."""

        def on_signal(number: int, _: FrameType | None) -> None:
            if self._signalled and number == signal.SIGINT:
                raise KeyboardInterrupt
            self._signalled = True

        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)

    def stop_requested(self) -> bool:
        """Whether the run should save what it has and end."""
        return self._signalled or (self.path / "cancel").exists()

    def progress(self, phase: str, **fields: Any) -> None:
        """Append a progress line, and show it to whoever looks at the terminal or the log."""
        _append(self.path / "progress.jsonl", [{"time": time.time(), "phase": phase, **fields}])
        shown = " ".join(f"{name}={_short(value)}" for name, value in fields.items())
        print(f"{phase} {shown}", file=sys.stderr, flush=True)

    def add_answers(self, rows: Sequence[dict[str, Any]]) -> None:
        """Append judged answers; they are on disk when this returns."""
        _append(self.path / "answers.jsonl", rows)

    def answers(self, model: str) -> dict[str, dict[str, Any]]:
        """The finished answers of one model by task; the first of a task counts."""
        found: dict[str, dict[str, Any]] = {}
        try:
            lines = (self.path / "answers.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return found
        for line in lines:
            try:
                row = json.loads(line)
            except ValueError:
                continue  # cut by a crash; its task is answered again
            if isinstance(row, dict) and row.get("model") == model:
                found.setdefault(row["task_id"], row)
        return found

    def read(self, name: str) -> dict[str, Any]:
        """A JSON object of the folder, or an empty dict where it is not there yet."""
        try:
            value = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        return value if isinstance(value, dict) else {}

    def finish(self, state: str, **fields: Any) -> dict[str, Any]:
        """Write how the run ended, the last thing it does, and return that."""
        result = {"state": state, "time": time.time(), **fields}
        write_json(self.path / "result.json", result)
        return result


def write_json(path: Path, value: object) -> None:
    """Write `value` whole or not at all: under a temporary name, synced, then renamed."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _append(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    lines = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
    with path.open("ab") as file:
        # A crash can leave half a line, which must not swallow the next one.
        if file.tell() and not _ends_with_newline(path):
            file.write(b"\n")
        file.write(lines.encode("ascii"))
        file.flush()
        os.fsync(file.fileno())


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
