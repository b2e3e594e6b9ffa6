"""The command line of training: `python -m training train DATASET`, `… evaluate MODEL`."""

import argparse
import dataclasses
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from storage.errors import WinnowError
from training.benchmarks.catalog import BENCHMARKS
from training.folder import RunFolder
from training.recipes import RECIPES, Recipe, find_recipe

DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
DEFAULT_CACHE = Path("~/.cache/winnow/models")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WinnowError(f"{message} (see {self.prog} --help).")


def build_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = _Parser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train a model, and score it before and after")
    train.add_argument("dataset", type=Path, help="an exported folder, or a .jsonl file")
    recipes = "; ".join(f"{recipe.name}: {recipe.description}" for recipe in RECIPES)
    train.add_argument("--recipe", default="lora", help=recipes)
    train.add_argument("--model", default=DEFAULT_MODEL, help="a folder, a .gguf file, or a Hub id")
    train.add_argument("--out", type=Path, required=True, help="the run's folder")
    train.add_argument("--evaluate", choices=["humaneval"], help="score before and after")
    train.add_argument("--limit", type=int, help="tasks to score: 164 by default, 0 for none")
    train.add_argument("--max-steps", type=_positive(int), help="optimizer steps at most")
    train.add_argument("--epochs", type=_positive(float))
    train.add_argument("--max-length", type=_positive(int), help="tokens of a row at most")
    train.add_argument("--learning-rate", type=_positive(float))
    train.add_argument("--random-seed", type=int, default=976)
    score = _add_evaluate(commands)
    for command in (train, score):
        command.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="converted models")
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _add_evaluate(commands: Any) -> argparse.ArgumentParser:
    score: argparse.ArgumentParser = commands.add_parser("evaluate", help="score a model")
    score.add_argument("model", help="a folder, a .gguf file, a Hub id, or an endpoint's model")
    names = [benchmark.name for benchmark in BENCHMARKS]
    score.add_argument("--benchmark", choices=names, default=names[0])
    score.add_argument("--benchmark-file", type=Path, help="its official file, or the folder of it")
    score.add_argument("--limit", type=int, help="tasks, evenly spaced (default: all)")
    score.add_argument("--samples", type=_positive(int), default=1, help="answers to each task")
    score.add_argument("--temperature", type=_positive(float), default=0.0, help="default: greedy")
    score.add_argument("--random-seed", type=int, default=976)
    score.add_argument("--endpoint", default="", help="an OpenAI-compatible URL, as http://…/v1")
    score.add_argument("--concurrency", type=_positive(int), default=8, help="questions at once")
    score.add_argument("--out", type=Path, help="keep the answers here, and take up finished ones")
    score.add_argument("--against", type=Path, help="an earlier --out folder to compare with")
    return score


def _positive(kind: type[int] | type[float]) -> Any:
    def parse(text: str) -> int | float:
        value = kind(text)
        if not 0 < value < float("inf"):
            raise ValueError(text)
        return value

    parse.__name__ = f"positive {kind.__name__}"  # argparse names it in its message
    return parse


def main(argv: list[str]) -> int:
    """Run a command: 0, or 2 for bad input with one sentence, or 1 for a fault of ours."""
    # libgomp and the tokenizers read these when they are loaded, which is later.
    # Spinning OpenMP threads starve each other beside any other busy process (7 times slower).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if "WORLD_SIZE" not in os.environ:
        # On several GPUs without a launcher the Trainer would silently use DataParallel.
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    folder: RunFolder | None = None
    try:
        options = build_parser().parse_args(argv)
        if options.command == "evaluate":
            return _evaluate(options)
        folder = RunFolder(options.out.expanduser())
        return _train(options, folder)
    except WinnowError as error:
        print(error, file=sys.stderr)
        _fail(folder, str(error))
        return 2
    except Exception as error:  # noqa: BLE001 - the edge: the traceback stays in the log
        traceback.print_exc()
        _fail(folder, f"The run stopped on an unexpected {type(error).__name__}: {error}")
        return 1


def _fail(folder: RunFolder | None, sentence: str) -> None:
    """Leave the reason in the run's folder, where there is one of this run to leave it in."""
    if folder is None or folder.is_foreign or not folder.path.is_dir():
        return
    try:
        folder.finish("failed", error=sentence)
    except OSError as error:
        print(f"The reason could not be written to {folder.path}: {error}", file=sys.stderr)


def _recipe(options: argparse.Namespace) -> Recipe:
    changes = {
        name: value
        for name in ("max_steps", "epochs", "max_length", "learning_rate")
        if (value := getattr(options, name)) is not None
    }
    if "epochs" in changes and "max_steps" not in changes:
        changes["max_steps"] = 0  # asked for epochs: the recipe's own limit gives way
    return dataclasses.replace(find_recipe(options.recipe), **changes)


def _tasks(options: argparse.Namespace) -> int:
    """How many tasks to score; none unless --evaluate asks for it."""
    if options.evaluate is None:
        return 0
    limit: int = 164 if options.limit is None else options.limit
    return limit


def _train(options: argparse.Namespace, folder: RunFolder) -> int:
    from training.run import RunOptions, run

    result = run(
        folder,
        RunOptions(
            dataset=options.dataset.expanduser(),
            model=options.model,
            recipe=_recipe(options),
            cache_dir=options.cache.expanduser(),
            tasks=_tasks(options),
            random_seed=options.random_seed,
        ),
    )
    print(json.dumps(result) if options.json else _summarize(result))
    return 0


def _summarize(result: dict[str, Any]) -> str:
    train, evaluation = result["train"], result["evaluation"]
    parts = [str(result["state"])]
    if train:
        parts.append(f"{train['rows']} rows, {train['steps']} steps in {train['seconds']} s")
        before, after = train["held_out_loss_before"], train["held_out_loss_after"]
        if before is not None and after is not None:
            parts.append(f"held-out loss {before:.3f} -> {after:.3f}")
    parts += [
        f"{name} {_rate(evaluation[name])}" for name in ("base", "tuned") if name in evaluation
    ]
    return "; ".join(parts)


def _rate(score: dict[str, Any]) -> str:
    if "pass_at" in score:
        return ", ".join(
            f"pass@{k} {at['rate']:.1%} (95%: {at['low']:.1%} to {at['high']:.1%})"
            for k, at in score["pass_at"].items()
        )
    return (
        f"pass@1 {score['pass@1']:.1%} ({score['passed']} of {score['tasks']}, "
        f"95%: {score['low']:.1%} to {score['high']:.1%})"
    )


def _evaluate(options: argparse.Namespace) -> int:
    from training.evaluation_run import EvaluationOptions, score_model

    names = [field.name for field in dataclasses.fields(EvaluationOptions)]
    given = {name: getattr(options, name) for name in names if hasattr(options, name)}
    for name in ("benchmark_file", "out", "against"):
        given[name] = given[name].expanduser() if given[name] else None
    score = score_model(EvaluationOptions(**given, cache_dir=options.cache.expanduser()))
    print(json.dumps(score) if options.json else _summarize_score(score))
    return 0


def _summarize_score(score: dict[str, Any]) -> str:
    stopped = "" if score["state"] == "done" else ", stopped before its end"
    text = f"{score['model']} on {score['benchmark']}{stopped}: {_rate(score)}"
    if paired := score.get("paired"):
        text += (
            f"; {len(paired['fixed'])} fixed, {len(paired['broke'])} broke of {paired['tasks']} "
            f"tasks (McNemar p = {paired['p_value']:.3f})"
        )
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
