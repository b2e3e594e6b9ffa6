"""Comparisons: two prompt versions, or two models, asked about the same seeds."""

import json
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from storage import comparisons, ledger
from storage.comparisons import Arm, Comparison, Pair
from storage.errors import WinnowError
from storage.records import Prompt, Request, Seed
from storage.seeds import get_seeds
from workbench.generation.requests import build_requests
from workbench.jobs.folder import JobFolder
from workbench.pipeline.prompts import find_version
from workbench.pipeline.send import start_sending
from workbench.pipeline.target import Target, TargetOptions, choose_target
from workbench.workspace import Workspace

MOST_PAIRS = 2_000  # more than anybody judges
MOST_NAME = 60


@dataclass(frozen=True, slots=True)
class ArmOptions:
    """One way to ask: a prompt version (id or name) sent to an endpoint's model."""

    prompt: str = "oss-instruct"
    target: TargetOptions = field(default_factory=TargetOptions)


@dataclass(frozen=True, slots=True)
class _Side:
    """An arm with what asking it needs."""

    arm: Arm
    prompt: Prompt
    target: Target

    def requests(self, seeds: Sequence[Seed]) -> list[Request]:
        """Its first question about each seed, in their order."""
        return list(
            build_requests(
                seeds,
                self.prompt,
                endpoint=self.target.name,
                model=self.target.model,
                parameters=self.target.parameters,
            )
        )


def start_comparison(
    workspace: Workspace, first: ArmOptions, second: ArmOptions, *, count: int = 20, name: str = ""
) -> tuple[Comparison, list[JobFolder]]:
    """Keep a comparison over so many seeds, and start asking what of it was not asked before.

    Seeds that were answered for both arms are taken first, then those of one arm, then others in
    the order drawn. There is no job where everything was answered, and one where both arms ask the
    same model, within the limits of the first. The comparison is kept before its jobs start: if one
    of them cannot, `ask_missing` goes on.

    Raises:
        WinnowError: an arm that cannot be, two equal ones, a wrong count, or no seeds.
    """
    if not 1 <= count <= MOST_PAIRS:
        raise WinnowError(f"{count} pairs cannot be compared: use 1 to {MOST_PAIRS:,}.")
    sides = [_choose_side(workspace, options) for options in (first, second)]
    seeds, pairs = _choose_pairs(workspace, sides, count)
    comparison = Comparison(
        id=uuid.uuid4().hex[:12],
        name=_choose_name(workspace, name),
        salt=secrets.token_hex(16),
        created_by=workspace.settings.reviewer,
        created_at=time.time(),
        first=sides[0].arm,
        second=sides[1].arm,
    )
    with workspace.database.transaction() as cursor:
        for side in sides:
            ledger.add_prompt(cursor, side.prompt)
        comparisons.add_comparison(cursor, comparison, pairs)
    return comparison, _ask(workspace, comparison.id, sides, seeds)


def ask_missing(
    workspace: Workspace, comparison_id: str, *, max_cost: float | None = None
) -> list[JobFolder]:
    """Start asking what of a comparison has no answer and is being asked by nobody.

    Raises:
        WinnowError: there is no such comparison, nothing is missing, or its endpoint is set to
            another one now.
    """
    comparison = find_comparison(workspace, comparison_id)
    with workspace.database.read() as cursor:
        states = comparisons.pair_states(cursor, comparison.id)
        by_id = get_seeds(cursor, [state.pair.seed_id for state in states])
    sides = [_side_of(workspace, arm, max_cost) for arm in (comparison.first, comparison.second)]
    seeds = [by_id[state.pair.seed_id] for state in states]
    jobs = _ask(workspace, comparison.id, sides, seeds)
    if not jobs:
        raise WinnowError(
            f"Nothing of {comparison.name!r} can be asked: each seed was answered, is being asked, "
            "or was sent with an unknown outcome."
        )
    return jobs


def find_comparison(workspace: Workspace, id_or_name: str) -> Comparison:
    """A comparison by its id or its name.

    Raises:
        WinnowError: there is none.
    """
    with workspace.database.read() as cursor:
        every = comparisons.list_comparisons(cursor)
    for comparison in every:
        if id_or_name in (comparison.id, comparison.name):
            return comparison
    raise WinnowError(f"There is no comparison {id_or_name!r}. `compare list` shows them.")


def _choose_side(workspace: Workspace, options: ArmOptions) -> _Side:
    prompt = find_version(workspace, options.prompt)
    target = choose_target(workspace, options.target)
    arm = Arm(
        prompt_id=prompt.id,
        kind="embedded" if target.embedded else "configured",
        endpoint=target.name,
        model=target.model,
        choice=str(target.endpoint["model"]),
        temperature=options.target.temperature,
    )
    return _Side(arm, prompt, target)


def _side_of(workspace: Workspace, arm: Arm, max_cost: float | None) -> _Side:
    """An arm that was kept, as it can be asked now."""
    options = TargetOptions(
        endpoint=arm.kind, model=arm.choice, temperature=arm.temperature, max_cost=max_cost
    )
    side = _choose_side(workspace, ArmOptions(arm.prompt_id, options))
    if side.arm != arm:
        raise WinnowError(
            f"This comparison asks {arm.model} at {arm.endpoint}, but {side.arm.model} at "
            f"{side.arm.endpoint} is set now: set that endpoint on the Settings page first."
        )
    return side


def _choose_pairs(
    workspace: Workspace, sides: Sequence[_Side], count: int
) -> tuple[list[Seed], list[Pair]]:
    with workspace.database.read() as cursor:
        some = comparisons.seeds_to_compare(cursor, [], limit=1)
        if not some:
            raise WinnowError("There are no seeds yet: draw some on the Seeds page first.")
        asked = [(side.arm, json.dumps(side.requests(some)[0].parameters)) for side in sides]
        seeds = comparisons.seeds_to_compare(cursor, asked, limit=count)
    first, second = (side.requests(seeds) for side in sides)
    if first[0].key == second[0].key:
        raise WinnowError(
            "Both sides ask the same: choose another prompt version, model or temperature for one."
        )
    pairs = [
        Pair(position, seed.id, one.key, other.key)
        for position, (seed, one, other) in enumerate(
            zip(seeds, first, second, strict=True), start=1
        )
    ]
    return seeds, pairs


def _choose_name(workspace: Workspace, name: str) -> str:
    with workspace.database.read() as cursor:
        taken = {comparison.name for comparison in comparisons.list_comparisons(cursor)}
    wanted = " ".join(name.split())
    if not wanted:
        number = next(n for n in range(1, len(taken) + 2) if f"Comparison {n}" not in taken)
        return f"Comparison {number}"
    if len(wanted) > MOST_NAME or not wanted.isprintable():
        raise WinnowError(f"{wanted[:MOST_NAME]!r} is no name: use up to {MOST_NAME} characters.")
    if wanted in taken:
        raise WinnowError(f"There is a comparison called {wanted!r} already: choose another name.")
    return wanted


def _ask(
    workspace: Workspace, comparison_id: str, sides: Sequence[_Side], seeds: Sequence[Seed]
) -> list[JobFolder]:
    """Start one job for each model that has something left to be asked."""
    groups: dict[tuple[str, str], list[_Side]] = {}
    for side in sides:
        groups.setdefault((side.target.name, side.target.model), []).append(side)
    jobs = []
    for group in groups.values():
        # Seed by seed, so that the first pairs can be judged while the others are asked.
        columns = [side.requests(seeds) for side in group]
        requests = [request for row in zip(*columns, strict=True) for request in row]
        with workspace.database.read() as cursor:
            fresh = comparisons.find_open_keys(cursor, [request.key for request in requests])
        requests = [request for request in requests if request.key in fresh]
        if not requests:
            continue
        params = {
            "task": "oss-instruct",
            "comparison": comparison_id,
            "prompt": " and ".join(side.prompt.name for side in group),
        }
        jobs.append(
            start_sending(
                workspace,
                "generate",
                requests,
                target=group[0].target,
                prompts=[side.prompt for side in group],
                params=params,
            )
        )
    return jobs
