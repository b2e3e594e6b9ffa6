"""The answers of a job on disk: segment after segment, whole and synced before they count.

`answers/000000.jsonl`, `answers/000001.jsonl`, … each hold the answers that came while the one
before was being written, so that one sync serves many. A segment is there whole or not at all.
"""

import asyncio
import contextlib
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from storage.records import Response
from workbench.jobs.folder import read_lines

log = logging.getLogger(__name__)

FOLDER = "answers"
# Answers that come within this time share a segment and its sync.
GATHER_SECONDS = 0.02
_FIELDS = [field.name for field in fields(Response)]


def segment_path(folder: Path, number: int) -> Path:
    """Where a job's segment of that number is."""
    return folder / FOLDER / f"{number:06}.jsonl"


def read_segments(folder: Path, *, first: int = 0) -> Iterator[tuple[int, list[Response]]]:
    """The segments of a job from `first` on, each with its number."""
    for number in count(first):
        path = segment_path(folder, number)
        if not path.exists():
            return
        yield number, [one for _, row in read_lines(path) if (one := _response_of(row, path))]


def _response_of(row: dict[str, Any], path: Path) -> Response | None:
    try:
        return Response(**{name: row[name] for name in _FIELDS})
    except KeyError as missing:  # damaged by somebody else: it must not hide the others
        log.error("%s holds a row without %s, which is left out: %.200s", path, missing, row)
        return None


def read_answers(folder: Path) -> Iterator[Response]:
    """Every answer of a job, oldest first, a segment at a time in memory."""
    for _, responses in read_segments(folder):
        yield from responses


def append_segment(folder: Path, responses: Iterable[Response]) -> None:
    """Write one more segment of a job that nobody else is writing to."""
    (folder / FOLDER).mkdir(exist_ok=True)
    write_segment(segment_path(folder, _next_number(folder)), responses)


def _next_number(folder: Path) -> int:
    return next(number for number in count() if not segment_path(folder, number).exists())


class AnswerWriter:
    """Writes answers from one event loop in a thread of its own; `put` returns when one is on disk.

    A job has one writer at a time: its process holds the job's lock.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / FOLDER).mkdir(exist_ok=True)
        self._next = _next_number(folder)
        self._waiting: queue.SimpleQueue[tuple[Response, asyncio.Future[None]] | None]
        self._waiting = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="answers")

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    async def put(self, response: Response) -> None:
        """Put the answer on disk.

        Raises:
            OSError: it cannot be written; the disk is full, most often.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.put((response, done))
        # A stop that breaks off the wait must not take the answer back.
        await asyncio.shield(done)

    def _write_all(self) -> None:
        while (first := self._waiting.get()) is not None:
            time.sleep(GATHER_SECONDS)
            batch, ended = [first], False
            with contextlib.suppress(queue.Empty):
                while not ended:
                    item = self._waiting.get_nowait()
                    if item is None:
                        ended = True
                    else:
                        batch.append(item)
            self._write_batch(batch)
            if ended:
                return

    def _write_batch(self, batch: list[tuple[Response, "asyncio.Future[None]"]]) -> None:
        problem: OSError | None = None
        try:
            write_segment(segment_path(self._folder, self._next), [one for one, _ in batch])
            self._next += 1
        except OSError as error:
            problem = error
        waiting = [done for _, done in batch]
        self._loop.call_soon_threadsafe(_settle, waiting, problem)


def write_segment(path: Path, responses: Iterable[Response]) -> None:
    """Write a segment: under a temporary name, synced, renamed, and its folder synced."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        for response in responses:
            line = json.dumps(asdict(response), ensure_ascii=False) + "\n"
            file.write(line.encode("utf-8", "surrogatepass"))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(waiting: list["asyncio.Future[None]"], problem: OSError | None) -> None:
    for done in waiting:
        if done.cancelled():
            continue
        if problem:
            done.set_exception(problem)
        else:
            done.set_result(None)
