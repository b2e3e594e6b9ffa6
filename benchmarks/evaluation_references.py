"""Judges every reference solution, and every empty function, of all four benchmarks.

    python -m benchmarks.evaluation_references --folder FOLDER [--benchmark NAME] [--cache FOLDER]

FOLDER holds the official files (mbpp.jsonl, HumanEvalPlus.jsonl.gz, MbppPlus.jsonl.gz); without it
they are looked for in the cache and downloaded. A reference that does not pass and an empty
function that does are listed with the reason: they bound what any model can be told.
Inputs that are left out, because their outputs are too large to compare, are counted.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from training.benchmarks.catalog import BENCHMARKS, load_tasks
from training.benchmarks.expected import find_expected
from training.benchmarks.judging import judge_answer
from training.benchmarks.task import Differential
from workbench.sandbox import Judgement, Sandbox, find_sandbox

WORKERS = 2


def main(argv: list[str]) -> int:
    """Print one line per benchmark and one per surprise; 1 where there was a surprise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--benchmark", choices=[benchmark.name for benchmark in BENCHMARKS])
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/winnow/models"))
    options = parser.parse_args(argv)
    sandbox = find_sandbox()
    surprises = 0
    for benchmark in BENCHMARKS:
        if options.benchmark in (None, benchmark.name):
            file = None if benchmark.name == "humaneval" else options.folder
            surprises += judge_all(sandbox, benchmark.name, file, options.cache.expanduser())
    return 1 if surprises else 0


def judge_all(sandbox: Sandbox, name: str, file: Path | None, cache_dir: Path) -> int:
    """Judge all of one benchmark, print what came of it, and return how many surprised."""
    begin = time.monotonic()
    tasks = load_tasks(name, file=file, cache_dir=cache_dir)
    with ThreadPoolExecutor(WORKERS) as pool:
        right = list(pool.map(lambda task: judge_answer(sandbox, task, task.reference), tasks))
        empty = list(pool.map(lambda task: judge_answer(sandbox, task, task.empty), tasks))
    seconds = time.monotonic() - begin
    passed = sum(result.verdict == "passed" for result in right)
    refused = sum(result.verdict != "passed" for result in empty)
    print(
        f"{name}: {passed} of {len(tasks)} references pass, {refused} of {len(tasks)} empty "
        f"functions do not; {seconds:.0f} s with {WORKERS} at once",
        flush=True,
    )
    for task, result, answer in zip(tasks, right, empty, strict=True):
        if result.verdict != "passed":
            print(f"  {task.task_id}: the reference is {_words(result)}", flush=True)
        if answer.verdict == "passed":
            print(f"  {task.task_id}: an empty function passes", flush=True)
    for task in tasks:
        if isinstance(task.judging, Differential):
            outputs = find_expected(sandbox, task, task.judging).outputs
            if None in outputs:
                left_out = outputs.count(None)
                print(f"  {task.task_id}: {left_out} of {len(outputs)} inputs are left out")
    return len(tasks) - passed + len(tasks) - refused


def _words(result: Judgement) -> str:
    return f"{result.verdict.replace('_', ' ')} ({result.detail})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
