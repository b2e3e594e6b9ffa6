"""The commands that work on samples there are: evolving them in rounds, having them judged."""

from argparse import Namespace
from collections import Counter

from storage import samples
from storage.evolutions import get_round
from storage.filters import SampleFilter
from storage.judgements import count_judged
from workbench.commands.answer import Answer, follow
from workbench.commands.asking import read_target_options
from workbench.jobs.folder import JobFolder
from workbench.pipeline.evolve import EvolveOptions, next_round, start_evolve
from workbench.pipeline.judge import JudgeOptions, start_judge
from workbench.workspace import Workspace


def evolve(workspace: Workspace, arguments: Namespace) -> Answer:
    """Evolve samples, following every round to its end."""
    options = EvolveOptions(
        where=SampleFilter.parse(arguments.filter),
        count=arguments.count,
        rounds=arguments.rounds,
        target=read_target_options(workspace, arguments),
    )
    return follow_rounds(workspace, start_evolve(workspace, options))


def follow_rounds(workspace: Workspace, folder: JobFolder) -> Answer:
    """Follow an evolution and the rounds after it to their end."""
    jobs: list[str] = []
    gained, failed, error = 0, Counter[str](), ""
    while True:
        job = follow(workspace, folder)
        jobs.append(folder.id)
        gained += job["progress"].get("ok", 0)
        failed.update(job["progress"].get("failed", {}))
        error = job["error"] or ""
        following = next_round(workspace, folder.id)
        if following is None:
            break
        folder = following
    with workspace.database.read() as cursor:
        total = samples.count_samples(cursor)
        noted = get_round(cursor, folder.id)
    remark = error or (noted[1] if noted else "")
    return Answer(
        f"Evolved {_samples(gained)} in {len(jobs)} {'round' if len(jobs) == 1 else 'rounds'}, "
        f"{failed.total():,} dropped{_reasons(failed)}; {_samples(total)} are there."
        + (f" {remark}" if remark else ""),
        {"jobs": jobs, "ok": gained, "failed": dict(failed), "samples": total, "remark": remark},
    )


def judge(workspace: Workspace, arguments: Namespace) -> Answer:
    """Have samples judged; the judgements are suggestions for reviewers and decide nothing."""
    options = JudgeOptions(
        where=SampleFilter.parse(arguments.filter),
        count=arguments.count,
        target=read_target_options(workspace, arguments),
    )
    job = follow(workspace, start_judge(workspace, options))
    progress = job["progress"]
    failed = Counter[str](progress.get("failed", {}))
    with workspace.database.read() as cursor:
        judged = count_judged(cursor)
    remark = job["error"] or ""
    return Answer(
        f"Judged {_samples(progress.get('ok', 0))}, {failed.total():,} failed{_reasons(failed)}; "
        f"{_samples(judged)} judged in all." + (f" {remark}" if remark else ""),
        {
            "job": job["id"],
            "ok": progress.get("ok", 0),
            "failed": dict(failed),
            "judged": judged,
            "remark": remark,
        },
    )


def _samples(count: int) -> str:
    return "1 sample" if count == 1 else f"{count:,} samples"


def _reasons(failed: Counter[str]) -> str:
    words = ", ".join(f"{count:,} {reason}" for reason, count in failed.most_common())
    return f" ({words})" if words else ""
