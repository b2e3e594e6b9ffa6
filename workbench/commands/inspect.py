"""The commands that look, and put in order: status, jobs, parse, prices, doctor."""

from argparse import Namespace
from dataclasses import asdict

from storage import ledger, reviews, samples, seeds
from storage.datasets import list_datasets
from storage.errors import WinnowError
from storage.runs import list_runs
from workbench.commands.answer import Answer
from workbench.doctor import diagnose
from workbench.generation.limits import Price
from workbench.pipeline.jobs import cancel_job, describe_jobs, pause_job, resume_job
from workbench.pipeline.prices import ModelPrice, known_prices, save_price
from workbench.pipeline.send import parse_again
from workbench.settings import Settings
from workbench.workspace import Workspace


def status(workspace: Workspace, arguments: Namespace) -> Answer:
    """Counts at every step, what is running, what it cost."""
    with workspace.database.read() as cursor:
        verdicts = reviews.count_verdicts(cursor)
        spent = ledger.spending(cursor)
        values = {
            "seeds": seeds.count_seeds(cursor),
            "samples": sum(verdicts.values()),
            "unanalyzed": samples.count_unanalyzed(cursor),
            **verdicts,
            "datasets": len(list_datasets(cursor)),
            "runs": len(list_runs(cursor)),
            "spent": spent,
        }
    running = [job for job in describe_jobs(workspace) if job["running"]]
    cost = f"{spent['cost']:.2f} USD"
    if spent["unpriced"]:
        cost += f" and {spent['unpriced']:,} requests of unknown price"
    lines = [
        f"{values['seeds']:,} seeds, {values['samples']:,} samples "
        f"({verdicts['accepted']:,} accepted, {verdicts['rejected']:,} rejected, "
        f"{verdicts['undecided']:,} undecided), {values['datasets']} data sets, "
        f"{values['runs']} runs, {cost}"
    ]
    lines += [
        f"running: {job['id']} {job['done'] or 0} of {job['total'] or '?'}" for job in running
    ]
    return Answer("\n".join(lines), {**values, "running": running})


def jobs(workspace: Workspace, arguments: Namespace) -> Answer:
    """List, pause, cancel or resume jobs."""
    if arguments.action == "list":
        found = describe_jobs(workspace)
        lines = [f"{job['id']}  {job['state']}  {job['error'] or ''}".rstrip() for job in found]
        return Answer("\n".join(lines) or "There are no jobs yet.", {"jobs": found})
    if not arguments.job:
        raise WinnowError(
            f"Which job? Write `jobs {arguments.action} JOB`; `jobs list` names them."
        )
    match arguments.action:
        case "cancel":
            cancel_job(workspace, arguments.job)
            words = "is stopping"
        case "pause":
            pause_job(workspace, arguments.job)
            words = "is pausing"
        case _:
            resume_job(workspace, arguments.job, retry=arguments.reason or ())
            words = "goes on"
    return Answer(f"Job {arguments.job} {words}.", {"job": arguments.job})


def parse(workspace: Workspace, arguments: Namespace) -> Answer:
    """Read again what an older parser got nothing from."""
    seen, gained = parse_again(workspace)
    return Answer(
        f"Read {seen:,} answers again; {gained:,} of them are of use now.",
        {"read": seen, "gained": gained},
    )


def prices(workspace: Workspace, arguments: Namespace) -> Answer:
    """List what models cost, or set or forget a price."""
    if arguments.action == "list":
        known = known_prices(workspace)
        lines = [_price_line(row) for row in known]
        return Answer(
            "\n".join(lines) or "No model was asked yet, and no price is set.",
            {"prices": [asdict(row) for row in known]},
        )
    if not arguments.model:
        raise WinnowError(f"Which model? Write `prices {arguments.action} MODEL`.")
    if arguments.action == "set" and (arguments.input is None or arguments.output is None):
        raise WinnowError(
            "A price is two numbers, US dollars per million prompt and completion tokens: write "
            f"`prices set {arguments.model} 0.5 1.5`."
        )
    if arguments.action == "set":
        price = Price(arguments.input, arguments.output)
        words = f"{arguments.model} costs {price.input:g} and {price.output:g} USD per million"
    else:
        price, words = None, f"The price of {arguments.model} is forgotten"
    save_price(workspace, arguments.model, price)
    return Answer(f"{words}.", {"model": arguments.model})


def _price_line(row: ModelPrice) -> str:
    if row.price is None:
        return f"{row.model}  unknown"
    return f"{row.model}  {row.price.input:g} in, {row.price.output:g} out (USD per million tokens)"


def doctor(settings: Settings) -> Answer:
    """What works on this machine and what to do about what does not."""
    found = diagnose(settings)
    lines = [f"{'ok  ' if row.works else 'LOOK'}  {row.name}: {row.text}" for row in found]
    return Answer("\n".join(lines), {"checks": [asdict(row) for row in found]})
