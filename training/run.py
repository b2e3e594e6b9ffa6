"""A whole run: score the base, train, save, score the tuned model, and say how it ended."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from training.benchmarks.catalog import load_tasks
from training.benchmarks.humaneval import NAME
from training.benchmarks.task import Task
from training.dataset import Dataset, read_dataset, split_held_out
from training.encoding import Encoding, encode_rows
from training.folder import RunFolder, write_json
from training.recipes import Recipe
from training.score import compare_answers, score_answers
from workbench.sandbox import Sandbox, find_sandbox


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run should do; `tasks` of HumanEval before and after, 0 for none."""

    dataset: Path
    model: str
    recipe: Recipe
    cache_dir: Path
    tasks: int = 0
    random_seed: int = 976


def run(folder: RunFolder, options: RunOptions) -> dict[str, Any]:
    """Do the run and write its result; what an earlier, killed run finished is taken over.

    Raises:
        WinnowError: something of what was asked cannot be done; the sentence says what and why.
    """
    dataset = read_dataset(options.dataset)
    if len(dataset.rows) < 2:
        raise WinnowError(
            f"The data set {dataset.name} has one row: at least 2 are needed, one to train on and "
            "one to measure with."
        )
    folder.open(_asked(options, dataset))
    folder.listen()
    # Before the training: hours of it should not end with "there is no sandbox".
    tasks: list[Task] = []
    if options.tasks:
        tasks = load_tasks(NAME, limit=options.tasks, cache_dir=options.cache_dir)
    sandbox = find_sandbox() if tasks else None
    folder.progress("loading", dataset=dataset.name, rows=len(dataset.rows))

    from training.models import load_tokenizer, resolve_model

    source = resolve_model(options.model, cache_dir=options.cache_dir)
    tokenizer = load_tokenizer(source)
    base: dict[str, dict[str, Any]] = {}
    if sandbox:
        base = _score(folder, source, tokenizer, tasks, sandbox=sandbox, label="base")
        if folder.stop_requested():
            return _end(folder, options, {}, tasks, base, {})
    train = folder.read("training.json") or _train(folder, options, dataset, source, tokenizer)
    if folder.stop_requested() or not sandbox:
        return _end(folder, options, train, tasks, base, {})
    tuned_source = str(folder.path / "model")
    tuned = _score(folder, tuned_source, tokenizer, tasks, sandbox=sandbox, label="tuned")
    return _end(folder, options, train, tasks, base, tuned)


def _asked(options: RunOptions, dataset: Dataset) -> dict[str, Any]:
    """What determines a run's numbers; a folder is continued only for the same."""
    return {
        "dataset content_hash": dataset.content_hash,
        "base model": options.model,
        "recipe": dataclasses.asdict(options.recipe),
        "random seed": options.random_seed,
    }


def _score(
    folder: RunFolder,
    source: str,
    tokenizer: Any,
    tasks: Sequence[Task],
    *,
    sandbox: Sandbox,
    label: str,
) -> dict[str, dict[str, Any]]:
    from training.evaluate import evaluate
    from training.models import fast_dtype, load_model

    def load() -> Any:
        return load_model(source, dtype=fast_dtype(training=False))

    phase = f"evaluating {label}"
    return evaluate(
        load, tokenizer, tasks, label=label, folder=folder, sandbox=sandbox, phase=phase
    )


def _train(
    folder: RunFolder, options: RunOptions, dataset: Dataset, source: str, tokenizer: Any
) -> dict[str, Any]:
    """Train and save; the summary is in training.json only when the training went to its end."""
    import torch

    from training.models import fast_dtype, load_model, save_model
    from training.train import measure_loss, tune

    recipe = options.recipe
    encoding, held_out = _encode(options, dataset, tokenizer)
    autocast = fast_dtype(training=True) == torch.bfloat16
    # Adapters train beside frozen bf16 weights; weights that train themselves need fp32, in which
    # the small steps of a low learning rate are not rounded away.
    dtype = torch.bfloat16 if autocast and recipe.lora_rank else torch.float32
    model = load_model(source, dtype=dtype)

    def measure(measured: Any) -> float | None:
        return measure_loss(
            measured, held_out.kept, batch_size=recipe.micro_batch_size, autocast=autocast
        )

    before = measure(model)
    note = "from the first step: a training that was stopped is not continued in this version"
    folder.progress("training", step=0, held_out_loss=before, note=note)
    result = tune(
        model,
        encoding.kept,
        recipe=recipe,
        random_seed=options.random_seed,
        autocast=autocast,
        on_step=lambda fields: folder.progress("training", **fields),
        stop_requested=folder.stop_requested,
    )
    steps = len(result.losses)
    folder.progress("saving", step=steps, steps=steps)
    tuned = result.model.to(torch.bfloat16)  # measured in the form in which it is saved and used
    save_model(tuned, tokenizer, folder.path / "model")
    after = measure(tuned)
    folder.progress("training", step=steps, steps=steps, held_out_loss=after)
    summary = {
        "dataset": dataset.name,
        "content_hash": dataset.content_hash,
        "base_model": options.model,
        "recipe": dataclasses.asdict(recipe),
        "random_seed": options.random_seed,
        "rows": len(encoding.kept),
        "held_out_rows": len(held_out.kept),
        "dropped_rows": [*encoding.without_answer, *held_out.without_answer],
        "truncated": encoding.truncated + held_out.truncated,
        "tokens": result.tokens,
        "steps": steps,
        "first_loss": result.losses[0] if steps else None,
        "last_loss": result.losses[-1] if steps else None,
        "held_out_loss_before": before,
        "held_out_loss_after": after,
        "seconds": round(result.seconds, 1),
        "dtype": str(dtype).removeprefix("torch."),
        "stopped": result.stopped,
    }
    if not result.stopped:
        write_json(folder.path / "training.json", summary)
    return summary


def _encode(options: RunOptions, dataset: Dataset, tokenizer: Any) -> tuple[Encoding, Encoding]:
    """(rows to train on, rows held out), encoded.

    Raises:
        WinnowError: no row has room for an answer.
    """
    recipe = options.recipe
    rows, held = split_held_out(
        dataset.rows, share=recipe.held_out, random_seed=options.random_seed
    )
    encoding = encode_rows(rows, tokenizer, max_length=recipe.max_length)
    if not encoding.kept:
        raise WinnowError(
            f"No row of {dataset.name} has a problem shorter than {recipe.max_length} tokens: "
            "raise --max-length."
        )
    return encoding, encode_rows(held, tokenizer, max_length=recipe.max_length)


def _end(
    folder: RunFolder,
    options: RunOptions,
    train: dict[str, Any],
    tasks: Sequence[Task],
    base: dict[str, dict[str, Any]],
    tuned: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Write the result; scores stand in it only where all tasks were answered."""
    evaluation: dict[str, Any] = {}
    names = [task.task_id for task in tasks]
    if tasks:
        evaluation = {"benchmark": NAME, "tasks": len(tasks)}
        for label, answers in (("base", base), ("tuned", tuned)):
            if len(answers) == len(tasks):
                evaluation[label] = score_answers(answers)
        if "base" in evaluation and "tuned" in evaluation:
            fixed, broke = compare_answers(names, base, tuned)
            evaluation |= {"fixed": fixed, "broke": broke}
    finished = bool(train) and not train["stopped"] and (not tasks or "tuned" in evaluation)
    state = "done" if finished else "cancelled"
    return folder.finish(state, train=train, evaluation=evaluation)
