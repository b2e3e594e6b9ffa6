"""Tries the judging itself before a model is judged by it, on answers whose verdict is known."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from storage.errors import WinnowError
from training.benchmarks.judging import judge_answer
from training.benchmarks.task import Differential, Task
from workbench.sandbox import Sandbox

CANARIES = 3
_LOOP_SECONDS = 2.0


def check_judging(sandbox: Sandbox, tasks: Sequence[Task]) -> None:
    """Return when references pass, empty bodies fail and an endless loop is stopped.

    Raises:
        WinnowError: one of them does not; then a score would say nothing of a model.
    """
    fair = [task for task in tasks if not _takes_anything(task)] or list(tasks)
    chosen = [fair[index * len(fair) // CANARIES] for index in range(CANARIES)]
    chosen = list(dict.fromkeys(chosen))
    looping = f"def {chosen[0].entry_point}(*arguments):\n    while True:\n        pass\n"
    tries = [(task, task.reference, "passed", "the reference solution") for task in chosen]
    tries += [(task, task.empty, "failed", "an empty function") for task in chosen]
    with ThreadPoolExecutor(2) as pool:
        loop = pool.submit(judge_answer, sandbox, chosen[0], looping, timeout=_LOOP_SECONDS)
        results = list(pool.map(lambda item: judge_answer(sandbox, item[0], item[1]), tries))
        results.append(loop.result())
    tries.append((chosen[0], looping, "timed_out", "an endless loop"))
    for (task, _, wanted, what), result in zip(tries, results, strict=True):
        if result.verdict != wanted:
            raise WinnowError(
                f"The judging does not work on this machine: {what} of {task.task_id} should be "
                f"{_word(wanted)}, but is {_word(result.verdict)} "
                f"({result.detail or 'no reason'}). Nothing was "
                "scored; close other programs and run: python -m workbench doctor."
            )


def _takes_anything(task: Task) -> bool:
    """Mbpp/164's oracle lets every answer pass, an empty one too."""
    return isinstance(task.judging, Differential) and task.judging.oracle == "anything"


def _word(verdict: str) -> str:
    return verdict.replace("_", " ")
