"""The commands that look: status, jobs, doctor."""

from argparse import Namespace
from dataclasses import asdict

from storage import ledger, reviews, samples, seeds
from storage.datasets import list_datasets
from storage.errors import WinnowError
from storage.runs import list_runs
from workbench.commands.answer import Answer
from workbench.doctor import diagnose
from workbench.pipeline.jobs import cancel_job, describe_jobs, resume_job
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
    """List, cancel or resume jobs."""
    if arguments.action == "list":
        found = describe_jobs(workspace)
        lines = [f"{job['id']}  {job['state']}  {job['error'] or ''}".rstrip() for job in found]
        return Answer("\n".join(lines) or "There are no jobs yet.", {"jobs": found})
    if not arguments.job:
        raise WinnowError(
            f"Which job? Write `jobs {arguments.action} JOB`; `jobs list` names them."
        )
    if arguments.action == "cancel":
        cancel_job(workspace, arguments.job)
        return Answer(f"Job {arguments.job} is stopping.", {"job": arguments.job})
    resume_job(workspace, arguments.job)
    return Answer(f"Job {arguments.job} goes on.", {"job": arguments.job})


def doctor(settings: Settings) -> Answer:
    """What works on this machine and what to do about what does not."""
    found = diagnose(settings)
    lines = [f"{'ok  ' if row.works else 'LOOK'}  {row.name}: {row.text}" for row in found]
    return Answer("\n".join(lines), {"checks": [asdict(row) for row in found]})
