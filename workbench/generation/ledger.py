"""The answers of a job on disk: appended and synced before they count, read again at a resume."""

import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

from storage.records import Response
from workbench.jobs.folder import append_line, read_lines

_FIELDS = [field.name for field in fields(Response)]


def read_responses(path: Path) -> Iterator[Response]:
    """The responses of a job, oldest first, one at a time: all of them may not fit into memory."""
    for _, row in read_lines(path):
        yield Response(**{name: row[name] for name in _FIELDS})


def append_response(path: Path, response: Response) -> None:
    """Put the response on disk; it is there when this returns."""
    append_line(path, asdict(response), sync=True)


def cut_torn_line(path: Path) -> None:
    """Cut off a last line that a crash left half written, so that the next one stands alone."""
    end = 0
    for offset, _ in read_lines(path):
        end = offset
    if path.exists():
        os.truncate(path, end)
