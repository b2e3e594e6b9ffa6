"""Judges an answer to a task of any benchmark, the code and the tests in a sandbox each."""

from importlib import resources

from training.benchmarks.expected import MEMORY, Expected, find_expected
from training.benchmarks.task import Differential, PublishedTests, Task
from workbench.sandbox import Judgement, Sandbox, judge
from workbench.sandbox.inside.literals import write_literal

# As EvalPlus 0.3.1: each input may take four times what the reference took, and at least a second.
TIME_FACTOR = 4.0
LEAST_SECONDS = 1.0
MOST_SECONDS = 60.0  # for all inputs of a task together
# The first call waits until the code is defined, and all of them cross two processes.
START_SECONDS = 2.0
TRAVEL_SECONDS = 15.0


def judge_answer(
    sandbox: Sandbox, task: Task, code: str, *, timeout: float | None = None
) -> Judgement:
    """Whether `code` solves the task; `timeout` is for all of it, in seconds.

    Raises:
        SandboxError: a sandbox could not be started; nothing is known of the code then.
        WinnowError: the reference that the code is compared with does not run.
    """
    rule = task.judging
    if isinstance(rule, PublishedTests):
        return judge(
            sandbox,
            code,
            setup=rule.setup,
            tests=rule.tests,
            entry_point=rule.called,
            timeout=timeout or 8.0,
            inside=rule.inside,
        )
    expected = find_expected(sandbox, task, rule)
    limits = [max(LEAST_SECONDS, TIME_FACTOR * seconds) for seconds in expected.seconds]
    return judge(
        sandbox,
        code,
        setup=resources.files("training.benchmarks").joinpath("comparison.py").read_text("utf-8"),
        tests=_write_check(rule, expected, limits),
        entry_point=task.entry_point,
        timeout=timeout or min(MOST_SECONDS, sum(limits)) + START_SECONDS + TRAVEL_SECONDS,
        limits=MEMORY,
        returned=rule.returned,
    )


def _write_check(rule: Differential, expected: Expected, limits: list[float]) -> str:
    names = [
        f"{part} input {index}"
        for part, inputs in (("base", rule.base_inputs), ("plus", rule.plus_inputs))
        for index in range(len(inputs))
    ]
    inputs = [*rule.base_inputs, *rule.plus_inputs]
    seconds = [limits[0] + START_SECONDS, *limits[1:]]
    cases = ",\n".join(
        f"({name!a}, {write_literal(list(arguments))}, {output}, {limit!r})"
        for name, arguments, output, limit in zip(
            names, inputs, expected.outputs, seconds, strict=True
        )
        if output is not None
    )
    return (
        f"CASES = [\n{cases},\n]\n"
        "def check(candidate):\n"
        f"    compare_all(candidate, CASES, call=call_within, atol={rule.atol!r},"
        f" oracle={rule.oracle!a}, wrong=CandidateError)\n"
    )
