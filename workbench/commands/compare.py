"""The command for blind comparisons: start, go on, list, tally."""

from argparse import Namespace
from dataclasses import asdict

from storage.comparisons import list_comparisons
from storage.errors import WinnowError
from workbench.commands.answer import Answer, follow
from workbench.jobs.folder import JobFolder
from workbench.pipeline.compare import ArmOptions, ask_missing, find_comparison, start_comparison
from workbench.pipeline.target import TargetOptions
from workbench.pipeline.votes import ArmTally, Standing, Tally, open_tally, standing
from workbench.workspace import Workspace


def compare(workspace: Workspace, arguments: Namespace) -> Answer:
    """Start a comparison, go on with one, list them, or tally one."""
    if arguments.action == "start":
        return _start(workspace, arguments)
    if arguments.action == "list":
        return _list(workspace)
    if not arguments.comparison:
        raise WinnowError(
            f"Which comparison? Write `compare {arguments.action} ID`; `compare list` names them."
        )
    if arguments.action == "resume":
        jobs = ask_missing(workspace, arguments.comparison, max_cost=arguments.max_cost)
        return _followed(workspace, find_comparison(workspace, arguments.comparison).id, jobs)
    tally = open_tally(workspace, arguments.comparison, reviewer=workspace.settings.reviewer)
    return Answer(tally_text(tally), asdict(tally))


def _start(workspace: Workspace, arguments: Namespace) -> Answer:
    first, second = (
        parse_arm(workspace, text, temperature=arguments.temperature, max_cost=arguments.max_cost)
        for text in (arguments.first, arguments.second)
    )
    comparison, jobs = start_comparison(
        workspace, first, second, count=arguments.count, name=arguments.name
    )
    return _followed(workspace, comparison.id, jobs)


def parse_arm(
    workspace: Workspace, text: str | None, *, temperature: float, max_cost: float | None
) -> ArmOptions:
    """`PROMPT[@MODEL]` as an arm: a model of the endpoint that is set, or `embedded[:NAME]`.

    Without a model it is the endpoint's own, or the embedded one where no endpoint is set.

    Raises:
        WinnowError: there is no prompt in it.
    """
    prompt, _, where = (text or "").partition("@")
    if not prompt:
        raise WinnowError("A comparison needs --first PROMPT[@MODEL] and --second PROMPT[@MODEL].")
    kind, _, name = where.partition(":")
    if kind == "embedded" or not (where or workspace.settings.base_url):
        target = TargetOptions("embedded", name, temperature, max_cost=max_cost)
    else:
        target = TargetOptions("configured", where, temperature, max_cost=max_cost)
    return ArmOptions(prompt, target)


def _followed(workspace: Workspace, comparison_id: str, jobs: list[JobFolder]) -> Answer:
    for job in jobs:
        follow(workspace, job)
    now = _standing(workspace, comparison_id)
    return Answer(
        f"{now.name} ({now.id}): {len(now.pairs):,} pairs to judge, {now.failed:,} without two "
        f"answers, {now.missing:,} not asked. Judge them on the Generate page.",
        {"comparison": now.id, "jobs": [job.id for job in jobs], **_figures(now)},
    )


def _standing(workspace: Workspace, comparison_id: str) -> Standing:
    comparison = find_comparison(workspace, comparison_id)
    return standing(workspace, comparison, reviewer=workspace.settings.reviewer)


def _figures(now: Standing) -> dict[str, object]:
    counts = {name: getattr(now, name) for name in ("judged", "waiting", "missing", "failed")}
    return {"name": now.name, "ready": len(now.pairs), **counts}


def _list(workspace: Workspace) -> Answer:
    with workspace.database.read() as cursor:
        ids = [comparison.id for comparison in list_comparisons(cursor)]
    found = [_standing(workspace, comparison_id) for comparison_id in ids]
    lines = [
        f"{now.id}  {now.name}: {now.judged:,} of {len(now.pairs):,} judged, {now.waiting:,} being "
        f"asked, {now.missing:,} not asked, {now.failed:,} without two answers"
        for now in found
    ]
    values = [{"id": now.id, **_figures(now)} for now in found]
    return Answer("\n".join(lines) or "There are no comparisons yet.", {"comparisons": values})


def tally_text(tally: Tally) -> str:
    """A tally for a terminal: one line for each arm, then ties and how sure it is."""
    lines = [
        f"{tally.name}: {tally.judged:,} of {tally.pairs:,} pairs judged, {tally.ties:,} tied, "
        f"{tally.open:,} not answered yet; {tally.votes:,} votes, {tally.not_blind:,} of them "
        "after the tally was seen",
        *(_arm_line(arm) for arm in (tally.first, tally.second)),
    ]
    if tally.p_value is not None:
        lines.append(f"exact sign test: p = {tally.p_value:.3g}")
    return "\n".join(lines)


def _arm_line(arm: ArmTally) -> str:
    share = ""
    if arm.share is not None and arm.low is not None and arm.high is not None:
        share = f" ({arm.share:.0%} of those won, 95% interval {arm.low:.0%} to {arm.high:.0%})"
    failed = ", ".join(f"{count:,} {reason}" for reason, count in arm.failures.items())
    return (
        f"{arm.prompt} at {arm.model}, temperature {arm.temperature:g}: won {arm.wins:,}{share}; "
        f"gave nothing: {failed or 'never'}"
    )
