"""Jobs that send requests, whatever they ask for: starting, resuming, asking anew."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from duckdb import DuckDBPyConnection

from storage import ledger
from storage.errors import WinnowError
from storage.evolutions import Evolution, add_evolutions
from storage.jobs import add_job, settle_job
from storage.judgements import Judgement, add_judgements
from storage.outcomes import list_failures
from storage.records import Prompt, Request, Response, Sample
from storage.samples import add_samples
from workbench.generation.evolution import TASK as EVOLVING
from workbench.generation.limits import Limits, load_limits
from workbench.generation.requests import FILE_NAME, make_request, read_requests
from workbench.generation.tasks import PARSER_VERSION, Reading, read_response
from workbench.jobs.folder import JobFolder, JobState, write_json, write_lines
from workbench.jobs.process import create_job, start_job
from workbench.pipeline.target import Target
from workbench.workspace import Workspace

# The kinds of job that send requests.
SENDING = ("generate", "evolve", "judge")
ELSEWHERE = "elsewhere.json"
BATCH = 2000
RETRY_TEMPERATURE = 0.7


def start_sending(
    workspace: Workspace,
    kind: str,
    requests: Iterable[Request],
    *,
    target: Target,
    prompts: Iterable[Prompt],
    params: dict[str, Any] | None = None,
    job_id: str | None = None,
) -> JobFolder:
    """Write the requests, claim those that nobody asked yet, and start their sender.

    `params` is what the pages and a later resume want to know of the job; no secret. `job_id` is
    for work that must not be started twice; without it the job gets a new id.

    Raises:
        WinnowError: nothing is left to ask.
    """
    described = {
        **(params or {}),
        "endpoint": target.endpoint,
        "endpoint_name": target.name,
        "model": target.model,
        "price": asdict(target.price) if target.price else None,
        "cache_dir": str(workspace.settings.models_dir),
    }
    folder = create_job(workspace.jobs_dir, kind, described, job_id=job_id)
    unique = _once(requests)
    # Whole before the job can be seen: one resumed with half of its requests would look finished.
    write_lines(folder.path / FILE_NAME, map(asdict, unique))
    target.limits.save(folder.path)
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, kind)
        for prompt in prompts:
            ledger.add_prompt(cursor, prompt)
    if not claim(workspace, folder):
        _give_up(workspace, folder)
        raise WinnowError(
            f"Everything of this was asked of {target.model} before, or is being asked now: "
            "nothing is left to send."
        )
    start_job(folder, secrets=target.secrets)
    return folder


def _once(requests: Iterable[Request]) -> Iterator[Request]:
    """Each key once: seeds with the same snippet ask the same, and the answer is paid for once."""
    seen = set[str]()
    for request in requests:
        if request.key not in seen:
            seen.add(request.key)
            yield request


def claim(workspace: Workspace, folder: JobFolder) -> int:
    """Claim the job's requests that nobody else answered or asks; how many it may send.

    The keys of the others are written into its folder for its sender to leave out.
    """
    params = folder.spec.params
    elsewhere: list[str] = []
    open_requests = 0
    requests = read_requests(folder.path)
    while batch := list(islice(requests, BATCH)):
        with workspace.database.transaction() as cursor:
            states = ledger.claim_requests(
                cursor,
                batch,
                job_id=folder.id,
                endpoint=params["endpoint_name"],
                model=params["model"],
            )
        open_requests += sum(state != "answered" for state in states.values())
        elsewhere += [request.key for request in batch if request.key not in states]
    write_json(folder.path / ELSEWHERE, elsewhere)
    return open_requests


def _give_up(workspace: Workspace, folder: JobFolder) -> None:
    folder.finish(JobState.CANCELLED)
    with workspace.database.transaction() as cursor:
        ledger.release_requests(cursor, folder.id)
        settle_job(cursor, folder.id, state=JobState.CANCELLED.value, taken={})


def prepare_resume(
    workspace: Workspace,
    folder: JobFolder,
    *,
    limits: Limits | None = None,
    retry: Collection[str] = (),
) -> None:
    """Make a stopped job ready to be started again: its limits, and what of it is still its own.

    `retry` names reasons of failures that are asked anew: what got no answer is sent again, an
    answer that gave nothing is asked for in another attempt.

    Raises:
        WinnowError: there is nothing left that the job could send.
    """
    kept = limits or load_limits(folder.path)
    added = _add_attempts(workspace, folder, retry)
    replace(kept, retry=tuple(sorted(retry))).save(folder.path)
    if claim(workspace, folder) or added:
        return
    if retry:
        raise WinnowError(
            f"Job {folder.id} has nothing to ask anew for the reason {', '.join(sorted(retry))}: "
            "the Generate page shows why its requests failed."
        )
    raise WinnowError(
        f"Job {folder.id} has nothing left to send: what it asked for was answered, or is "
        "being asked by another job."
    )


def _add_attempts(workspace: Workspace, folder: JobFolder, reasons: Collection[str]) -> int:
    """Append another attempt for every answer that gave nothing for one of the reasons."""
    wanted = {}
    with workspace.database.read() as cursor:
        for reason in reasons:
            for row in list_failures(cursor, folder.id, reason=reason):
                if row["state"] == "answered":
                    wanted[row["key"]] = row["attempt"]
    if not wanted:
        return 0
    params = folder.spec.params
    every = list(read_requests(folder.path))
    fresh = [
        make_request(
            request.messages,
            endpoint=params["endpoint_name"],
            model=params["model"],
            parameters=_livelier(request.parameters),
            seed_id=request.seed_id,
            prompt_id=request.prompt_id,
            task=request.task,
            attempt=request.attempt + 1,
            about=request.about,
        )
        for request in every
        if request.key in wanted
    ]
    write_lines(folder.path / FILE_NAME, map(asdict, _once([*every, *fresh])))
    return len(fresh)


def _livelier(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters for another attempt: at temperature 0 the same answer would come again."""
    if parameters.get("temperature"):
        return parameters
    return {**parameters, "temperature": RETRY_TEMPERATURE}


def take_readings(
    cursor: DuckDBPyConnection, readings: Sequence[tuple[Response, Reading]], job_id: str
) -> None:
    """Take in answers and what was read from them: settle the ledger, keep what each gives."""
    outcomes = [(response, reading.reason) for response, reading in readings]
    ledger.add_responses(cursor, outcomes, job_id=job_id, parser=PARSER_VERSION)
    keep_readings(cursor, readings)


def keep_readings(cursor: DuckDBPyConnection, readings: Sequence[tuple[Response, Reading]]) -> None:
    """Keep the samples and judgements that answers gave; an evolved sample with its lineage."""
    add_evolutions(
        cursor,
        [
            _evolution(reading.sample, response)
            for response, reading in readings
            if reading.sample and response.task == EVOLVING
        ],
    )
    add_judgements(
        cursor,
        [
            _judgement(reading.judgement, response)
            for response, reading in readings
            if reading.judgement
        ],
    )
    samples = [(reading.sample, response.model) for response, reading in readings if reading.sample]
    add_samples(cursor, samples)


def _evolution(sample: Sample, response: Response) -> Evolution:
    about = response.about
    return Evolution(
        sample_id=sample.id,
        parent_id=about["sample"],
        parent_revision=about["revision"],
        heuristic=about["heuristic"],
        round=about["round"],
        request_key=response.key,
    )


def _judgement(scores: dict[str, Any], response: Response) -> Judgement:
    return Judgement(
        request_key=response.key,
        sample_id=response.about["sample"],
        revision=response.about["revision"],
        model=response.model,
        judged_at=datetime.fromtimestamp(response.received_at, UTC),
        **scores,
    )


def parse_again(workspace: Workspace) -> tuple[int, int]:
    """Read with this version what an older one got nothing from: (answers read, now of use)."""
    seen = gained = 0
    after = ""
    while True:
        with workspace.database.read() as cursor:
            batch = ledger.unparsed_responses(cursor, parser=PARSER_VERSION, after=after)
        if not batch:
            return seen, gained
        readings = [(response, read_response(response)) for response in batch]
        with workspace.database.transaction() as cursor:
            reasons = [(response.key, reading.reason) for response, reading in readings]
            ledger.settle_reading(cursor, reasons, parser=PARSER_VERSION)
            keep_readings(cursor, readings)
        seen += len(batch)
        gained += sum(reading.reason is None for _, reading in readings)
        after = batch[-1].key
