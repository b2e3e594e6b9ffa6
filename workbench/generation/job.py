"""The sender's process: `requests.jsonl` and `limits.json` in, `answers/` out."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from storage.records import Request, Response
from workbench.generation.answers import AnswerWriter, append_segment, read_answers
from workbench.generation.client import Answer, make_response
from workbench.generation.embedded import embedded_name, find_model, resolve_model
from workbench.generation.endpoint import Endpoint
from workbench.generation.failures import Failure, Reason
from workbench.generation.intents import IntentLog, open_intents
from workbench.generation.limits import Limits, Price, load_limits
from workbench.generation.requests import read_requests
from workbench.generation.sender import Hooks, Sender
from workbench.generation.server import embedded_server
from workbench.generation.tally import Tally
from workbench.jobs.folder import JobFolder, write_json

KEY_VARIABLE = "WINNOW_API_KEY"
ELSEWHERE = "elsewhere.json"
REST = "rest.json"
PAID_GRACE_SECONDS = 20.0
PROGRESS_SECONDS = 0.5
# Eight slots fill two cores; more only divide them.
MOST_EMBEDDED_SLOTS = 8
# On a busy machine the embedded model may write two tokens a second.
EMBEDDED_ANSWER_SECONDS = 1800.0
LOCAL_FILE_CONTEXT = 4096
FREE = Price(0.0, 0.0)
PHASES = {"generate": "generating", "evolve": "evolving", "judge": "judging"}


class _Stopped(Exception):
    """The job was asked to stop before it could send anything."""


@dataclass(frozen=True, slots=True)
class _Target:
    """An endpoint that is ready, and what goes with it."""

    endpoint: Endpoint
    price: Price | None
    limits: Limits
    grace_seconds: float


def run(folder: JobFolder) -> None:
    """Send the job's requests; started again, it sends only what is missing.

    Every answer is in `answers/`, on disk before it counts. What certainly was not answered is sent
    again at the next start; what may have been, only within the limits; answers that give nothing
    are final. Keys that `elsewhere.json` names, if it is there, are left to other jobs.

    Raises:
        JobPaused: the endpoint refuses for good, or a limit is reached.
        WinnowError: a wrong parameter, or no model.
    """
    elsewhere = _read_elsewhere(folder.path)
    asked = (request for request in read_requests(folder.path) if request.key not in elsewhere)
    total = len({(request.prompt_id, request.subject) for request in asked})
    if not total and not elsewhere:
        raise WinnowError(f"Job {folder.id} has no requests: start it anew.")
    try:
        with _open_target(folder, total=total) as target:
            _send(folder, target, elsewhere, total=total)
    except _Stopped:
        return


def _send(folder: JobFolder, target: _Target, elsewhere: frozenset[str], *, total: int) -> None:
    tally = Tally(total=total, reused=len(elsewhere), price=target.price)
    _record_interrupted(folder.path, target)
    final = set[str]()
    for response in read_answers(folder.path):
        tally.add(response, earlier=True)
        _note_outcome(response, target.limits, final)
    report = _Reporter(folder, tally)
    report(0, target.limits.concurrency)
    waiting = (
        request
        for request in read_requests(folder.path)
        if request.key not in elsewhere and request.key not in final
    )
    try:
        asyncio.run(_run_sender(folder, target, _once(waiting), tally, report))
    finally:
        report(0, target.limits.concurrency)


def _note_outcome(response: Response, limits: Limits, final: set[str]) -> None:
    """Keep in `final` the keys that are not to be sent again, whatever they came to."""
    unknown = response.cost is None and response.failure is not None
    if response.failure == Reason.INTERRUPTED or response.failure in limits.retry:
        final.discard(response.key)
    elif response.failure is None or unknown:
        final.add(response.key)


def _once(requests: Iterator[Request]) -> Iterator[Request]:
    """Each key once: seeds with the same snippet ask the same, and the answer is paid for once."""
    seen = set[str]()
    for request in requests:
        if request.key not in seen:
            seen.add(request.key)
            yield request


async def _run_sender(
    folder: JobFolder,
    target: _Target,
    waiting: Iterator[Request],
    tally: Tally,
    report: "_Reporter",
) -> None:
    def stored(response: Response) -> None:
        tally.add(response)

    async with AnswerWriter(folder.path) as writer:
        with IntentLog(folder.path) as intents:
            sender = Sender(
                waiting,
                target.endpoint,
                limits=target.limits,
                price=target.price,
                spent=tally.spent,
                writer=writer,
                intents=intents,
                rest_seconds=_read_rest(folder.path),
                hooks=Hooks(
                    stored=stored,
                    rests=lambda until: write_json(folder.path / REST, {"until": until}),
                    tick=report.if_due,
                    stop=folder.stop_requested,
                ),
            )
            await sender.run(grace_seconds=target.grace_seconds)


def _record_interrupted(folder: Path, target: _Target) -> None:
    """Note what was under way when an earlier process of the job was killed: it may be paid for.

    It is sent again all the same: resuming a killed job is asking for that.
    """
    if target.price == FREE:
        return
    under_way = open_intents(folder)
    for response in read_answers(folder):
        if response.key in under_way and response.received_at >= under_way[response.key][0]:
            del under_way[response.key]
    if not under_way:
        return
    broken = Answer("", Failure(Reason.INTERRUPTED))
    responses = [
        make_response(
            request,
            target.endpoint,
            broken,
            seconds=0.0,
            price=target.price,
            reserved=under_way[request.key][1],
        )
        for request in _once(read_requests(folder))
        if request.key in under_way
    ]
    append_segment(folder, responses)


def _read_elsewhere(folder: Path) -> frozenset[str]:
    """The keys that other jobs answered or ask, as who started this one noted."""
    try:
        return frozenset(json.loads((folder / ELSEWHERE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return frozenset()


def _read_rest(folder: Path) -> float:
    """Seconds that the endpoint still wants to rest, from what it said before a restart."""
    try:
        until = json.loads((folder / REST).read_text(encoding="utf-8"))["until"]
    except (FileNotFoundError, ValueError, KeyError):
        return 0.0
    return max(0.0, float(until) - time.time())


class _Reporter:
    """Writes progress lines, twice a second at most."""

    def __init__(self, folder: JobFolder, tally: Tally) -> None:
        self._folder = folder
        self._tally = tally
        self._last = 0.0

    def __call__(self, active: int, allowed: int) -> None:
        phase, until = PHASES[self._folder.spec.kind], _read_rest(self._folder.path)
        if until > 1:
            phase = f"resting {until:,.0f} s, as the endpoint asks"
        counts = self._tally.fields()
        self._folder.progress(phase=phase, active=active, allowed=allowed, **counts)
        self._last = time.monotonic()

    def if_due(self, active: int, allowed: int) -> None:
        if time.monotonic() - self._last >= PROGRESS_SECONDS:
            self(active, allowed)


@contextmanager
def _open_target(folder: JobFolder, *, total: int) -> Iterator[_Target]:
    """The endpoint that the parameters name; the embedded one is fetched and started."""
    params, limits = folder.spec.params, load_limits(folder.path)
    wanted = params.get("endpoint")
    if not isinstance(wanted, dict):
        raise WinnowError(f"The job's parameter endpoint is {wanted!r}; it must be an object.")
    match wanted.get("kind"):
        case "embedded":
            with _embedded(folder, params, limits.concurrency, total=total) as (endpoint, slots):
                changed = replace(limits, concurrency=slots, answer_seconds=EMBEDDED_ANSWER_SECONDS)
                yield _Target(endpoint, FREE, changed, 0.0)
        case "url":
            price = params.get("price")
            yield _Target(
                Endpoint(wanted["base_url"], wanted["model"], os.environ.get(KEY_VARIABLE, "")),
                Price(float(price["input"]), float(price["output"])) if price else None,
                limits,
                PAID_GRACE_SECONDS,
            )
        case kind:
            raise WinnowError(f"Endpoint kind {kind!r} is unknown: use embedded or url.")


@contextmanager
def _embedded(
    folder: JobFolder, params: dict[str, Any], concurrency: int, *, total: int
) -> Iterator[tuple[Endpoint, int]]:
    name = params["endpoint"]["model"]
    path = resolve_model(
        name, cache_dir=Path(params["cache_dir"]), on_progress=_fetch_reporter(folder)
    )
    if folder.stop_requested():
        raise _Stopped
    folder.progress(phase="starting model", done=0, total=total)
    model = find_model(name)
    slots = min(concurrency, MOST_EMBEDDED_SLOTS)
    with embedded_server(
        path,
        slots=slots,
        context=model.context if model else LOCAL_FILE_CONTEXT,
        name=embedded_name(name),
        log_path=folder.path / "server.log",
    ) as endpoint:
        yield endpoint, slots


def _fetch_reporter(folder: JobFolder) -> Callable[[int, int], None]:
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if folder.stop_requested():
            raise _Stopped
        if time.monotonic() - last >= PROGRESS_SECONDS or done == total:
            last = time.monotonic()
            folder.progress(phase="fetching model", done=done, total=total)

    return report
