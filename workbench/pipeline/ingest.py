"""Taking the output of jobs into the database: idempotent, one transaction per batch."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.jobs import ENDED, JobRecord, list_open_jobs, settle_job
from storage.ledger import release_requests
from storage.records import Response
from storage.samples import count_unanalyzed
from workbench.generation.answers import read_segments
from workbench.generation.tasks import read_response
from workbench.jobs.folder import JobFolder, JobState, read_lines
from workbench.jobs.process import is_ended, stop_overdue
from workbench.pipeline.analyze import start_analyze, take_analysis
from workbench.pipeline.draw import take_corpora, take_seeds
from workbench.pipeline.evolve import start_next_rounds
from workbench.pipeline.send import SENDING, take_readings
from workbench.pipeline.train import settle_training, take_answers
from workbench.workspace import Workspace

Taker = Callable[[DuckDBPyConnection, list[dict[str, Any]], str], None]

# Output files that are taken in while the job runs, in this order, by kind of job.
STREAMS: dict[str, tuple[tuple[str, Taker], ...]] = {
    "draw": (("corpora.jsonl", take_corpora), ("seeds.jsonl", take_seeds)),
    "train": (("answers.jsonl", take_answers),),
}
# Jobs that bring samples.
MAKING = ("generate", "evolve")
BATCH = 500
ANSWERS = "answers"  # under which the next segment's number is kept
# What reading a row that is none raises: a field that is missing, or of the wrong kind.
MALFORMED = (KeyError, TypeError, ValueError)
INTERVAL_SECONDS = 0.5

log = logging.getLogger(__name__)


def take_in_job(workspace: Workspace, record: JobRecord) -> JobState:
    """Take in everything one job has written since the last time; returns where it stands."""
    folder = JobFolder(workspace.jobs_dir / record.id)
    stop_overdue(folder)
    state = folder.state()  # before its files: after an end nothing more is written
    taken = dict(record.taken)
    if record.kind in SENDING:
        _take_answers(workspace, record, folder, taken)
    for name, take in STREAMS.get(record.kind, ()):
        lines = read_lines(folder.path / name, offset=taken.get(name, 0))
        while batch := list(islice(lines, BATCH)):
            taken[name] = batch[-1][0]
            try:
                with workspace.database.transaction() as cursor:
                    take(cursor, [row for _, row in batch], record.id)
                    settle_job(cursor, record.id, state=record.state, taken=taken)
            except MALFORMED:
                _take_one_by_one(workspace, replace(record, taken=taken), name, take, batch)
    if state.value != record.state:
        try:
            _settle(workspace, replace(record, taken=taken), folder, state)
        except (*MALFORMED, FileNotFoundError) as problem:
            log.error("%s: its output cannot be taken in: %r", record.id, problem)
            error = f"The output in {folder.path} cannot be read: {problem!r}."
            with workspace.database.transaction() as cursor:
                settle_job(cursor, record.id, state="failed", taken=taken, error=error)
    return state


def _take_answers(
    workspace: Workspace, record: JobRecord, folder: JobFolder, taken: dict[str, int]
) -> None:
    """Take in the segments of answers that came since the last time, some hundred at once."""

    def take(responses: list[Response]) -> None:
        # Read before the transaction: nobody's decision waits for the parsing.
        readings = [(response, read_response(response)) for response in responses]
        with workspace.database.transaction() as cursor:
            take_readings(cursor, readings, record.id)
            settle_job(cursor, record.id, state=record.state, taken=taken)

    waiting: list[Response] = []
    for number, responses in read_segments(folder.path, first=taken.get(ANSWERS, 0)):
        waiting += responses
        taken[ANSWERS] = number + 1
        if len(waiting) >= BATCH:
            take(waiting)
            waiting = []
    if waiting:
        take(waiting)


def _take_one_by_one(
    workspace: Workspace,
    record: JobRecord,
    name: str,
    take: Taker,
    batch: Sequence[tuple[int, dict[str, Any]]],
) -> None:
    """Take in what can be of a batch that holds rows that are none, so that those block nothing."""
    for offset, row in batch:
        try:
            with workspace.database.transaction() as cursor:
                take(cursor, [row], record.id)
        except MALFORMED as error:
            log.error("%s/%s: the row before byte %d is no row: %r", record.id, name, offset, error)
    with workspace.database.transaction() as cursor:
        settle_job(cursor, record.id, state=record.state, taken=record.taken)


def _settle(workspace: Workspace, record: JobRecord, folder: JobFolder, state: JobState) -> None:
    with workspace.database.transaction() as cursor:
        if folder.state() is not state:
            return  # it was started again meanwhile: its row must stay open
        if record.kind == "analyze" and state is JobState.DONE:
            take_analysis(cursor, folder)
        if record.kind == "train":
            settle_training(cursor, folder, state)
        if record.kind in SENDING and state.value in ENDED:
            release_requests(cursor, record.id)
        error = folder.result().get("error")
        settle_job(cursor, record.id, state=state.value, taken=record.taken, error=error)


def take_in(workspace: Workspace) -> dict[str, JobState]:
    """Take in the output of every job that has not ended yet; where each stands, by id."""
    with workspace.database.read() as cursor:
        records = list_open_jobs(cursor)
    return {record.id: take_in_job(workspace, record) for record in records}


class Ingestor:
    """A thread of the web app that takes in the output of jobs as it arrives.

    When a generation ends it starts the analysis of what came, so that reviewers find evidence
    beside every sample without having to ask for it; when a round of evolution ends, the next one.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._starting = True

    def start(self) -> None:
        """Begin taking in, with whatever jobs wrote while no app was there."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the batch under way and end."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._pass()
            except Exception:
                log.exception("Taking in the output of jobs failed; it is tried again.")
                self._stop.wait(10 * INTERVAL_SECONDS)
            self._stop.wait(INTERVAL_SECONDS)

    def _pass(self) -> None:
        states = take_in(self._workspace)
        running = {kind_of(job) for job, state in states.items() if not is_ended(state)}
        running |= {kind_of(folder.id) for folder in start_next_rounds(self._workspace)}
        # A generation that failed may have brought samples before that.
        finished = {
            kind_of(job)
            for job, state in states.items()
            if state.value in ("done", "cancelled", "paused")
            or (state is JobState.FAILED and kind_of(job) in MAKING)
        }
        # An analysis that ended may have missed samples that came while it ran; one that failed
        # would fail again. At the start there may be samples whose app was killed before this.
        due = self._starting or finished & {*MAKING, "analyze"}
        self._starting = False
        if due and not running & {*MAKING, "analyze"}:
            self._analyze_new()

    def _analyze_new(self) -> None:
        with self._workspace.database.read() as cursor:
            if count_unanalyzed(cursor) == 0:
                return
        try:
            start_analyze(self._workspace)
        except WinnowError as error:
            log.warning("The analysis could not be started: %s", error)


def kind_of(job_id: str) -> str:
    """The kind in a job's id: `generate` of `generate-20260501-101502-3fa1`."""
    return job_id.partition("-")[0]
