"""The commands that do a step: start its job, follow it, say what came of it."""

import uuid
from argparse import Namespace
from dataclasses import asdict

from storage import reviews, samples, seeds
from storage.filters import SampleFilter
from workbench.commands import extend
from workbench.commands.answer import Answer, follow
from workbench.commands.asking import read_changed_limits, read_target_options
from workbench.jobs.folder import JobFolder
from workbench.pipeline.analyze import start_analyze
from workbench.pipeline.clean import clean_samples
from workbench.pipeline.draw import parse_quotas, start_draw
from workbench.pipeline.generate import Estimate, GenerateOptions, estimate, start_generate
from workbench.pipeline.jobs import find_job, resume_job
from workbench.pipeline.send import SENDING
from workbench.pipeline.train import TrainOptions, start_training
from workbench.pipeline.trial import start_trial
from workbench.seeds.options import DrawOptions
from workbench.workspace import Workspace

EVOLUTION = "evol-instruct"


def draw(workspace: Workspace, arguments: Namespace) -> Answer:
    """Draw seeds from corpora."""
    quotas = parse_quotas(arguments.languages)
    wanted = sum(quotas.values()) if quotas else 100
    options = DrawOptions(
        count=wanted if arguments.count is None else arguments.count,
        languages=quotas,
        min_lines=arguments.min_lines,
        max_lines=arguments.max_lines,
        random_seed=arguments.random_seed,
        licences=arguments.licenses,
    )
    job = follow(workspace, start_draw(workspace, arguments.corpora, options))
    with workspace.database.read() as cursor:
        total = seeds.count_seeds(cursor)
    rejected = job["progress"].get("rejected", {})
    drawn = job["progress"].get("done", 0)
    passed_over = sum(rejected.values())
    return Answer(
        f"Drew {drawn:,} seeds, passed over {passed_over:,} documents; {total:,} seeds are there.",
        {"job": job["id"], "drawn": drawn, "rejected": rejected, "seeds": total},
    )


def generate(workspace: Workspace, arguments: Namespace) -> Answer:
    """Generate samples, or go on with a job that was stopped."""
    if arguments.resume:
        return _resume(workspace, arguments)
    if arguments.prompt == EVOLUTION:
        return extend.evolve(workspace, arguments)
    target = read_target_options(workspace, arguments)
    options = GenerateOptions(count=arguments.count, prompt=arguments.prompt, target=target)
    if not arguments.dry_run:
        return _follow_generation(workspace, start_generate(workspace, options))
    tried = _follow_generation(workspace, start_trial(workspace, options, count=arguments.dry_run))
    found = estimate(workspace, options)
    words = f"{tried.summary} {arguments.count:,} would take {estimate_words(found)}."
    return Answer(words, {**tried.values, "estimate": asdict(found)})


def _resume(workspace: Workspace, arguments: Namespace) -> Answer:
    folder = find_job(workspace, arguments.resume)
    limits = read_changed_limits(folder, arguments) if folder.spec.kind in SENDING else None
    resume_job(workspace, folder.id, limits=limits)
    if folder.spec.kind == "evolve":
        return extend.follow_rounds(workspace, folder)
    return _follow_generation(workspace, folder)


def _follow_generation(workspace: Workspace, folder: JobFolder) -> Answer:
    job = follow(workspace, folder)
    progress = job["progress"]
    failed = progress.get("failed", {})
    with workspace.database.read() as cursor:
        total = samples.count_samples(cursor)
    reasons = ", ".join(f"{count} {reason}" for reason, count in failed.items())
    tail = f" ({reasons})" if reasons else ""
    ok, done, seconds = (progress.get(name, 0) for name in ("ok", "done", "seconds"))
    rate = f", {ok / done:.0%} of the answers" if done else ""
    rate += f", {60 * ok / seconds:,.1f} a minute" if ok and seconds else ""
    return Answer(
        f"Got {ok:,} samples{rate}, {sum(failed.values()):,} failed{tail}; "
        f"{total:,} samples are there.",
        {"job": job["id"], "failed": failed, "samples": total, **_figures(progress)},
    )


def estimate_words(found: Estimate) -> str:
    """An estimate in words: how long, for how much."""
    if found.seconds is None:
        return "an unknown time"
    minutes = found.seconds / 60
    time = f"about {minutes:,.0f} min" if minutes >= 1.5 else f"about {found.seconds:,.0f} s"
    cost = "at an unknown price" if found.cost is None else f"and {found.cost:,.2f} USD"
    return f"{time} {cost}, {found.yielded or 0:.0%} of the answers giving a sample"


def _figures(progress: dict[str, object]) -> dict[str, object]:
    names = (
        "ok",
        "total",
        "tokens_per_second",
        "samples_per_minute",
        "prompt_tokens",
        "completion_tokens",
        "cost",
        "uncertain",
        "unpriced",
    )
    return {name: progress.get(name) for name in names}


def analyze(workspace: Workspace, arguments: Namespace) -> Answer:
    """Check and measure all samples."""
    job = follow(workspace, start_analyze(workspace))
    with workspace.database.read() as cursor:
        total = samples.count_samples(cursor)
        found = samples.count_samples(cursor, SampleFilter(finding="any"))
    return Answer(
        f"Analyzed {total:,} samples; the checks found something in {found:,}.",
        {"job": job["id"], "samples": total, "with_findings": found},
    )


def clean(workspace: Workspace, arguments: Namespace) -> Answer:
    """Run the checks alone."""
    names = [name.strip() for name in arguments.checks.split(",") if name.strip()]
    reasons = clean_samples(workspace, names)
    words = ", ".join(f"{count:,} {reason}" for reason, count in reasons.most_common())
    return Answer(f"Found {words or 'nothing wrong'}.", {"findings": dict(reasons)})


def decide(workspace: Workspace, arguments: Namespace) -> Answer:
    """Accept or reject one sample."""
    decision = reviews.Decision(
        uuid.uuid4().hex, arguments.sample, arguments.verdict, workspace.settings.reviewer
    )
    with workspace.database.transaction() as cursor:
        verdict = reviews.add_decision(cursor, decision)
    return Answer(
        f"Sample {arguments.sample} is {verdict}.",
        {"sample": arguments.sample, "verdict": verdict, "decision": decision.id},
    )


def train(workspace: Workspace, arguments: Namespace) -> Answer:
    """Train on a frozen data set and score the model before and after."""
    options = TrainOptions(
        arguments.dataset, arguments.recipe, arguments.model, arguments.limit, arguments.max_steps
    )
    folder = start_training(workspace, options)
    job = follow(workspace, folder)
    result = folder.result()
    training, scores = result.get("train", {}), result.get("evaluation")
    before, after = training.get("held_out_loss_before"), training.get("held_out_loss_after")
    words = f"Trained {training.get('steps', 0):,} steps into {folder.path / 'model'}"
    if before is not None and after is not None:
        words += f"; held-out loss {before:.3f} -> {after:.3f}"
    if scores and "base" in scores and "tuned" in scores:
        words += (
            f"; HumanEval pass@1 on {scores['tasks']} tasks "
            f"{scores['base']['pass@1']:.1%} -> {scores['tuned']['pass@1']:.1%}"
        )
    return Answer(f"{words}.", {"job": job["id"], "folder": str(folder.path), **result})
