"""A whole evaluation: a local model or an endpoint on one benchmark, and what came of it."""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from storage.errors import WinnowError
from training.benchmarks.catalog import find_benchmark, load_tasks
from training.endpoint_answers import Endpoint, ask_endpoint, check_url
from training.evaluate import MAX_NEW_TOKENS, Answering, collect_answers, generate_answers
from training.folder import RunFolder
from training.score import pair_answers, score_answers, score_samples
from workbench.sandbox import find_sandbox

LABEL = "model"  # of the answers: an evaluation has one model


@dataclass(frozen=True, slots=True)
class EvaluationOptions:
    """What to score on what; `model` is a local one, or a name where `endpoint` is a URL.

    `samples` of 1 at temperature 0 is greedy pass@1. `out` keeps the answers, and `against` is the
    folder of an earlier evaluation to compare with, task by task.
    """

    model: str
    cache_dir: Path
    benchmark: str = "humaneval"
    benchmark_file: Path | None = None
    limit: int | None = None
    samples: int = 1
    temperature: float = 0.0
    random_seed: int = 976
    endpoint: str = ""
    concurrency: int = 8
    out: Path | None = None
    against: Path | None = None


def score_model(options: EvaluationOptions) -> dict[str, Any]:
    """Score one model; finished answers in `options.out` are reused.

    Raises:
        WinnowError: something of what was asked cannot be done; the sentence says what and why.
    """
    options = _check(options)
    official = find_benchmark(options.benchmark).official
    tasks = load_tasks(
        options.benchmark,
        cache_dir=options.cache_dir,
        limit=options.limit,
        file=options.benchmark_file,
    )
    earlier = _read_earlier(options.against, options.benchmark) if options.against else None
    sandbox = find_sandbox()
    with TemporaryDirectory(prefix="winnow-evaluation-") as scratch:
        folder = RunFolder(options.out or Path(scratch))
        answering = _answer_from(options, folder)
        folder.open(_asked(options, official.sha256))
        folder.listen()
        done = collect_answers(
            answering,
            tasks,
            label=LABEL,
            folder=folder,
            sandbox=sandbox,
            phase=f"evaluating {LABEL}",
            samples=options.samples,
        )
        score: dict[str, Any] = {
            "benchmark": options.benchmark,
            "benchmark_sha256": official.sha256,
            "model": options.model,
            "samples": options.samples,
            "temperature": options.temperature,
            **_score(options, done),
        }
        if earlier is not None:
            score["paired"] = _pair([task.task_id for task in tasks], earlier, done)
        state = "done" if len(done) == len(tasks) * options.samples else "cancelled"
        folder.finish(state, train={}, evaluation=score)
        return {"state": state, **score}


def _check(options: EvaluationOptions) -> EvaluationOptions:
    if options.samples > 1 and not options.temperature:
        raise WinnowError(
            f"{options.samples} samples at temperature 0 would all be the same: add --temperature, "
            "0.8 for instance."
        )
    if options.against and (options.samples > 1 or options.temperature):
        raise WinnowError(
            "Answers are compared task by task where each has one greedy answer: use --against "
            "without --samples and --temperature."
        )
    return dataclasses.replace(
        options, endpoint=check_url(options.endpoint) if options.endpoint else ""
    )


def _asked(options: EvaluationOptions, sha256: str) -> dict[str, Any]:
    """What determines an answer and its verdict; a folder is continued only for the same.

    More tasks and more samples only add to what is there.
    """
    asked: dict[str, Any] = {
        "evaluated model": options.model,
        "benchmark": options.benchmark,
        "benchmark sha256": sha256,
        "temperature": options.temperature,
        "endpoint": options.endpoint,
    }
    if options.temperature:
        asked["random seed"] = options.random_seed
    return asked


def _answer_from(options: EvaluationOptions, folder: RunFolder) -> Answering:
    if options.endpoint:
        endpoint = Endpoint(
            url=options.endpoint,
            model=options.model,
            concurrency=options.concurrency,
            temperature=options.temperature,
            random_seed=options.random_seed,
        )

        def ask(
            questions: Sequence[str], samples: Sequence[int]
        ) -> Iterator[list[tuple[int, str]]]:
            return ask_endpoint(endpoint, questions, samples, stop_requested=folder.stop_requested)

        return ask
    from training.models import fast_dtype, load_model, load_tokenizer, resolve_model

    source = resolve_model(options.model, cache_dir=options.cache_dir)
    tokenizer = load_tokenizer(source)

    def generate(
        questions: Sequence[str], samples: Sequence[int]
    ) -> Iterator[list[tuple[int, str]]]:
        return generate_answers(
            load_model(source, dtype=fast_dtype(training=False)),
            tokenizer,
            questions,
            max_new_tokens=MAX_NEW_TOKENS,
            stop_requested=folder.stop_requested,
            temperature=options.temperature,
            samples=samples,
            random_seed=options.random_seed,
        )

    return generate


def _score(
    options: EvaluationOptions, done: Mapping[tuple[str, int], dict[str, Any]]
) -> dict[str, Any]:
    if options.samples == 1:
        return score_answers({task_id: row for (task_id, _), row in done.items()})
    return score_samples(done.values(), random_seed=options.random_seed)


def _read_earlier(folder: Path, benchmark: str) -> dict[str, dict[str, Any]]:
    """The greedy answers of an earlier evaluation, by task.

    Raises:
        WinnowError: the folder holds none, or none of this benchmark.
    """
    asked = RunFolder(folder).read("run.json")
    answers = RunFolder(folder).answers(LABEL)
    if not answers or "evaluated model" not in asked:
        raise WinnowError(f"{folder} holds no evaluation: name a folder that --out has filled.")
    if asked.get("benchmark", benchmark) != benchmark or asked.get("temperature"):
        raise WinnowError(
            f"{folder} holds {json.dumps(asked.get('benchmark'))} at temperature "
            f"{asked.get('temperature')}: only greedy answers to {benchmark} can be compared."
        )
    return answers


def _pair(
    names: Sequence[str],
    earlier: Mapping[str, Mapping[str, Any]],
    done: Mapping[tuple[str, int], Mapping[str, Any]],
) -> dict[str, Any]:
    """The paired table on the tasks that both answered; `tasks` says how many those are."""
    now = {task_id: row for (task_id, _), row in done.items()}
    shared = [name for name in names if name in earlier and name in now]
    return {"tasks": len(shared), **dataclasses.asdict(pair_answers(shared, earlier, now))}
