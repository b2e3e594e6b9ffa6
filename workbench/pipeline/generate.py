"""Generating samples: from seeds through an endpoint to the ledger and the samples."""

from dataclasses import dataclass, field
from typing import Any

from storage import ledger
from storage.errors import WinnowError
from storage.records import Prompt
from storage.seeds import count_seeds, unused_seeds
from workbench.jobs.folder import JobFolder
from workbench.pipeline.prompts import find_version
from workbench.pipeline.send import start_sending
from workbench.pipeline.target import Target, TargetOptions, choose_target
from workbench.workspace import Workspace

MOST_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """What to generate: so many samples, with a prompt (its name, or the id of one version)."""

    count: int = 20
    prompt: str = "oss-instruct"
    target: TargetOptions = field(default_factory=TargetOptions)


def start_generate(workspace: Workspace, options: GenerateOptions) -> JobFolder:
    """Start generating from the next seeds that this prompt and model were not asked about.

    Raises:
        WinnowError: nothing to generate from, or a wrong option.
    """
    from workbench.generation.requests import build_requests

    _check_count(options.count)
    target = choose_target(workspace, options.target)
    prompt = find_prompt(workspace, options.prompt, embedded=target.embedded)
    with workspace.database.read() as cursor:
        seeds = unused_seeds(
            cursor,
            prompt_id=prompt.id,
            endpoint=target.name,
            model=target.model,
            limit=options.count,
        )
        there = count_seeds(cursor)
    if not seeds:
        raise WinnowError(_explain_no_seeds(there, target.model))
    requests = build_requests(
        seeds, prompt, endpoint=target.name, model=target.model, parameters=target.parameters
    )
    params = {"task": "oss-instruct", "prompt_id": prompt.id, "prompt": prompt.name}
    return start_sending(
        workspace, "generate", requests, target=target, prompts=[prompt], params=params
    )


def find_prompt(workspace: Workspace, name_or_id: str, *, embedded: bool) -> Prompt:
    """A prompt by its name or the id of one version.

    For the embedded model `oss-instruct` is its form for small models, held by a grammar.

    Raises:
        WinnowError: there is no such prompt.
    """
    small = embedded and name_or_id == "oss-instruct"
    return find_version(workspace, "oss-instruct-small" if small else name_or_id)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a generation will take, from what this model and prompt took before.

    `answers` seen for it (0: nothing is known but the most that it can cost). `seconds` and `cost`
    (US dollars) are for all; `most_cost` is a bound; None is unknown. `yielded` is from 0 to 1.
    """

    answers: int
    seconds: float | None
    cost: float | None
    most_cost: float | None
    yielded: float | None


def estimate(workspace: Workspace, options: GenerateOptions) -> Estimate:
    """What the options would take in time and money; nothing is sent.

    Raises:
        WinnowError: a wrong option.
    """
    _check_count(options.count)
    target = choose_target(workspace, options.target)
    prompt = find_prompt(workspace, options.prompt, embedded=target.embedded)
    with workspace.database.read() as cursor:
        seen = ledger.model_averages(cursor, target.model, prompt_id=prompt.id)
        some = unused_seeds(
            cursor, prompt_id=prompt.id, endpoint=target.name, model=target.model, limit=50
        )
    answers, price = seen["answers"], target.price
    seconds = cost = None
    if answers:
        seconds = _seconds(seen, target, options.count)
    if answers and price and (seen["prompt_tokens"] or price.input == price.output == 0):
        tokens = seen["prompt_tokens"] * price.input + seen["completion_tokens"] * price.output
        cost = options.count * tokens / 1e6
    most = _most_cost(some, prompt, target)
    return Estimate(
        answers, seconds, cost, None if most is None else most * options.count, seen["yielded"]
    )


def _seconds(seen: dict[str, Any], target: Target, count: int) -> float:
    """At so many at once, but no faster than the limits per minute."""
    limits = target.limits
    seconds = seen["seconds"] * count / min(limits.concurrency, count)
    if limits.requests_per_minute:
        seconds = max(seconds, 60 * count / limits.requests_per_minute)
    if limits.tokens_per_minute:
        tokens = (seen["prompt_tokens"] or 0) + (seen["completion_tokens"] or 0)
        seconds = max(seconds, 60 * count * tokens / limits.tokens_per_minute)
    return float(seconds)


def _most_cost(seeds: list[Any], prompt: Prompt, target: Target) -> float | None:
    """The most that one request costs, averaged over some."""
    from workbench.generation.budget import reservation
    from workbench.generation.requests import build_requests

    requests = build_requests(
        seeds, prompt, endpoint=target.name, model=target.model, parameters=target.parameters
    )
    costs = [reservation(request, target.price) or 0.0 for request in requests]
    return sum(costs) / len(costs) if costs and target.price else None


def _check_count(count: int) -> None:
    if not 1 <= count <= MOST_AT_ONCE:
        raise WinnowError(f"{count} samples cannot be asked for: use 1 to {MOST_AT_ONCE:,}.")


def _explain_no_seeds(there: int, model: str) -> str:
    if not there:
        return "There are no seeds yet: draw some on the Seeds page first."
    return (
        f"{model} was asked about all {there:,} seeds already, or is being asked in a job that has "
        "not ended: draw more seeds, or retry what failed."
    )
