"""Evolving samples in rounds: each is a job of its own, and starts when the one before ends."""

import contextlib
import fcntl
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from duckdb import DuckDBPyConnection

from storage import evolutions
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.jobs import get_job
from storage.ledger import spending
from storage.records import Prompt, Request
from workbench.generation.evolution import MOST_ROUNDS, TASK, check_rounds, make_evolution
from workbench.generation.limits import Limits, load_limits
from workbench.generation.prompts import load_prompt
from workbench.jobs.folder import JobFolder, JobState
from workbench.pipeline.asking import Build, Chosen, choose_requests, samples_of
from workbench.pipeline.send import start_sending
from workbench.pipeline.target import Target, TargetOptions, choose_target
from workbench.workspace import Workspace

KIND = "evolve"


@dataclass(frozen=True, slots=True)
class EvolveOptions:
    """What to evolve: the first `count` samples of a filter, in so many rounds (1 to 3)."""

    where: SampleFilter = field(default_factory=lambda: SampleFilter(verdict="accepted"))
    count: int = 20
    rounds: int = 1
    target: TargetOptions = field(default_factory=TargetOptions)


def start_evolve(workspace: Workspace, options: EvolveOptions) -> JobFolder:
    """Start the first round: one harder problem for each sample that this was not asked of before.

    A sample that has three evolutions behind it is not evolved further. `start_next_rounds` or
    `next_round` go on when the round has ended.

    Raises:
        WinnowError: nothing to evolve, or a wrong option.
    """
    check_rounds(options.rounds)
    target = choose_target(workspace, options.target)
    prompt = choose_prompt(target)
    ids = samples_of(workspace, options.where)
    chosen = choose_requests(workspace, ids, _build(target, prompt), count=options.count)
    if not chosen.requests:
        raise WinnowError(_explain_none(chosen, options, target.model))
    params = {
        "task": TASK,
        "round": 1,
        "rounds": options.rounds,
        "after": None,
        "filter": options.where.as_words(),
        "target": asdict(options.target),
        "prompt_id": prompt.id,
        "prompt": prompt.name,
    }
    return start_sending(
        workspace, KIND, chosen.requests, target=target, prompts=[prompt], params=params
    )


def choose_prompt(target: Target) -> Prompt:
    """The built-in prompt for a target; the embedded model's answer is held by a grammar."""
    return load_prompt("evol-instruct-small" if target.embedded else "evol-instruct")


def _build(target: Target, prompt: Prompt) -> Build:
    def build(cursor: DuckDBPyConnection, cards: list[dict[str, Any]]) -> list[Request]:
        behind = evolutions.rounds_of(cursor, [card["id"] for card in cards])
        return [
            make_evolution(
                card,
                prompt,
                round_number=behind.get(card["id"], 0) + 1,
                endpoint=target.name,
                model=target.model,
                parameters=target.parameters,
            )
            for card in cards
            if behind.get(card["id"], 0) < MOST_ROUNDS
        ]

    return build


def _explain_none(chosen: Chosen, options: EvolveOptions, model: str) -> str:
    words = options.where.as_words() or "no filter"
    if not chosen.looked_at:
        return (
            f"No sample matches {words}: accept some on the Review page, or name another filter, "
            "such as imported=any for what was imported."
        )
    return (
        f"None of the {chosen.looked_at:,} samples of {words} is left to evolve: {model} was asked "
        f"about {chosen.asked:,}, {chosen.left_out:,} have {MOST_ROUNDS} rounds behind them."
    )


def start_next_rounds(workspace: Workspace) -> list[JobFolder]:
    """Start what follows every round that has ended since somebody last looked.

    To be called by the owner of the database, as often as it likes.
    """
    with workspace.database.read() as cursor:
        ended = evolutions.rounds_to_follow(cursor)
    started = [next_round(workspace, job_id) for job_id in ended]
    return [folder for folder in started if folder is not None]


def next_round(workspace: Workspace, job_id: str) -> JobFolder | None:
    """The round that follows a job that is done, started if nobody has started it yet.

    None where there is none: it was the last, it gave nothing, or the next cannot be started, with
    a sentence that `storage.evolutions.get_round` gives; or where the job is not done.
    """
    folder = JobFolder(workspace.jobs_dir / job_id)
    if folder.state() is not JobState.DONE:
        return None
    with _alone(folder) as alone:
        if not alone:
            return None
        with workspace.database.read() as cursor:
            noted = evolutions.get_round(cursor, job_id)
        if noted is None:
            noted = _follow(workspace, folder)
            with workspace.database.transaction() as cursor:
                evolutions.note_round(cursor, job_id, next_job=noted[0], sentence=noted[1])
    return JobFolder(workspace.jobs_dir / noted[0]) if noted[0] else None


@contextlib.contextmanager
def _alone(folder: JobFolder) -> Iterator[bool]:
    """Whether nobody else is starting what follows this job; a crash gives the lock free."""
    with (folder.path / "next.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _follow(workspace: Workspace, folder: JobFolder) -> tuple[str | None, str]:
    """Start the round after this job: its id, or None and why there is none."""
    try:
        params = folder.spec.params
    except WinnowError as error:
        return None, str(error)
    number, rounds = int(params.get("round", 1)) + 1, int(params.get("rounds", 1))
    if number > rounds:
        return None, ""
    first = str(params.get("chain") or folder.id)
    # The same for everybody who gets here, after a crash too.
    wanted = f"{first}-round{number}"
    if _is_there(workspace, wanted):
        return wanted, ""
    try:
        _start_round(workspace, folder, wanted, number=number, first=first)
    except WinnowError as error:
        sentence = f"Round {number} was not started: {error}"
        return (wanted if _is_there(workspace, wanted) else None), sentence
    return wanted, ""


def _is_there(workspace: Workspace, job_id: str) -> bool:
    """Whether the job has been started, or only needs to be resumed."""
    with workspace.database.read() as cursor:
        record = get_job(cursor, job_id)
    return record is not None and record.state != JobState.CANCELLED


def _start_round(
    workspace: Workspace, before: JobFolder, job_id: str, *, number: int, first: str
) -> None:
    params = before.spec.params
    with workspace.database.read() as cursor:
        ids = evolutions.evolved_by(cursor, before.id)
    if not ids:
        raise WinnowError(f"round {number - 1} gave no sample that could be evolved further.")
    target = _same_target(workspace, before)
    prompt = choose_prompt(target)
    chosen = choose_requests(workspace, ids, _build(target, prompt), count=len(ids))
    if not chosen.requests:
        raise WinnowError(
            f"of the {chosen.looked_at:,} samples of round {number - 1}, {chosen.left_out:,} have "
            f"{MOST_ROUNDS} rounds behind them and {chosen.asked:,} were evolved before."
        )
    kept = ("task", "rounds", "filter", "target")
    described = {name: params[name] for name in kept} | {
        "round": number,
        "after": before.id,
        "chain": first,
        "prompt_id": prompt.id,
        "prompt": prompt.name,
    }
    start_sending(
        workspace,
        KIND,
        chosen.requests,
        target=target,
        prompts=[prompt],
        params=described,
        job_id=job_id,
    )


def _same_target(workspace: Workspace, before: JobFolder) -> Target:
    """The endpoint and model of the round before, with the limits that it left."""
    params = before.spec.params
    options = TargetOptions(**params["target"])
    target = choose_target(workspace, replace(options, max_cost=None))
    if (target.name, target.model) != (params["endpoint_name"], params["model"]):
        raise WinnowError(
            f"the endpoint was changed from {params['model']} at {params['endpoint_name']} to "
            f"{target.model} at {target.name} meanwhile."
        )
    return replace(target, limits=_limits_left(workspace, before))


def _limits_left(workspace: Workspace, before: JobFolder) -> Limits:
    """The limits of the round before; what it may have spent is gone from the cap on money."""
    limits = replace(load_limits(before.path), retry=())
    if limits.max_cost is None:
        return limits
    with workspace.database.read() as cursor:
        spent = spending(cursor, before.id)
    left = limits.max_cost - spent["cost"] - (spent["at_most"] or 0.0)
    if left <= 0:
        raise WinnowError("the cap on money is used up.")
    return replace(limits, max_cost=left)
