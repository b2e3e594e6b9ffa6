"""The job that generates samples: parameters and `seeds.jsonl` in, `responses.jsonl` out."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from storage.records import Prompt, Response, Seed
from workbench.generation.client import Price
from workbench.generation.embedded import embedded_name, find_model, resolve_model
from workbench.generation.endpoint import Endpoint
from workbench.generation.grammar import embedded_parameters
from workbench.generation.ledger import append_response, cut_torn_line, read_responses
from workbench.generation.requests import Request, build_requests
from workbench.generation.runner import run_requests
from workbench.generation.server import embedded_server
from workbench.generation.tally import Tally
from workbench.jobs.folder import JobFolder, read_lines

KEY_VARIABLE = "WINNOW_API_KEY"
PAID_GRACE_SECONDS = 20.0
PROGRESS_SECONDS = 1.0
# Eight slots fill two cores; more only divide them.
MOST_EMBEDDED_SLOTS = 8
# On a busy machine the embedded model may write two tokens a second.
EMBEDDED_ANSWER_SECONDS = 1800.0
LOCAL_FILE_CONTEXT = 4096


class _Stopped(Exception):
    """The job was asked to stop before it could send anything."""


@dataclass(frozen=True, slots=True)
class _Target:
    """An endpoint that is ready, and what goes with it."""

    endpoint: Endpoint
    parameters: dict[str, Any]
    price: Price | None
    concurrency: int
    grace_seconds: float
    answer_seconds: float


def run(folder: JobFolder) -> None:
    """Ask for a sample for each seed of the job; started again, it asks only for what is missing.

    Every answer is a line of `responses.jsonl`, on disk before it counts. Failed requests are there
    too, and asked again at the next start; answers that are no sample are not. Seeds that
    `elsewhere.json` names, if it is there, are left to the jobs that answered them.

    Raises:
        WinnowError: a wrong parameter, no model, or an endpoint that refuses for good.
    """
    params = folder.spec.params
    prompt = Prompt(**_required(params, "prompt"))
    seeds = [Seed(**row) for _, row in read_lines(folder.path / "seeds.jsonl")]
    if not seeds:
        raise WinnowError(f"Job {folder.id} has no seeds: draw some first.")
    try:
        with _open_target(folder, params, total=len(seeds)) as target:
            requests = build_requests(seeds, prompt, target.endpoint, parameters=target.parameters)
            _send(folder, requests, target)
    except _Stopped:
        return


def _send(folder: JobFolder, requests: list[Request], target: _Target) -> None:
    # Seeds with the same snippet ask the same: the answer is paid for once.
    elsewhere = _read_elsewhere(folder)
    waiting = {request.key: request for request in requests if request.seed_id not in elsewhere}
    tally = Tally(total=len(waiting), duplicates=len(requests) - len(waiting), price=target.price)
    path = folder.path / "responses.jsonl"
    cut_torn_line(path)
    for response in read_responses(path):
        if response.failure is None and response.key in waiting:
            del waiting[response.key]
            tally.add(response, earlier=True)
    report = _Reporter(folder, tally)
    is_embedded = target.grace_seconds == 0

    def store(response: Response) -> None:
        if is_embedded and response.failure and folder.stop_requested():
            return  # our own stop broke it off; it cost nothing and is asked again
        append_response(path, response)
        tally.add(response)
        report()

    report()
    run_requests(
        list(waiting.values()),
        target.endpoint,
        concurrency=target.concurrency,
        store=store,
        on_progress=report.if_due,
        stop=folder.stop_requested,
        price=target.price,
        grace_seconds=target.grace_seconds,
        answer_seconds=target.answer_seconds,
    )
    report()


def _read_elsewhere(folder: JobFolder) -> frozenset[str]:
    """The seeds that other jobs answered while this one was stopped, as who resumed it noted."""
    try:
        return frozenset(json.loads((folder.path / "elsewhere.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return frozenset()


class _Reporter:
    """Writes progress lines: after each answer, and at least one a second."""

    def __init__(self, folder: JobFolder, tally: Tally) -> None:
        self._folder = folder
        self._tally = tally
        self._last = 0.0

    def __call__(self) -> None:
        self._folder.progress(phase="generating", **self._tally.fields())
        self._last = time.monotonic()

    def if_due(self) -> None:
        if time.monotonic() - self._last >= PROGRESS_SECONDS:
            self()


@contextmanager
def _open_target(folder: JobFolder, params: dict[str, Any], *, total: int) -> Iterator[_Target]:
    """The endpoint that the parameters name; the embedded one is fetched and started."""
    wanted = _required(params, "endpoint")
    parameters = {
        "temperature": params.get("temperature", 0),
        "max_tokens": params.get("max_tokens", 2500),
    }
    concurrency = max(1, int(params.get("concurrency") or 1))
    match wanted.get("kind"):
        case "embedded":
            with _embedded(folder, params, concurrency, total=total) as (endpoint, slots):
                yield _Target(
                    endpoint,
                    {**parameters, **embedded_parameters()},
                    Price(0.0, 0.0),
                    slots,
                    0.0,
                    EMBEDDED_ANSWER_SECONDS,
                )
        case "url":
            price = params.get("price")
            yield _Target(
                Endpoint(wanted["base_url"], wanted["model"], os.environ.get(KEY_VARIABLE, "")),
                parameters,
                Price(float(price["input"]), float(price["output"])) if price else None,
                concurrency,
                PAID_GRACE_SECONDS,
                float(params.get("timeout") or 300.0),
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


def _required(params: dict[str, Any], name: str) -> dict[str, Any]:
    value = params.get(name)
    if not isinstance(value, dict):
        raise WinnowError(f"The job's parameter {name} is {value!r}; it must be an object.")
    return value
