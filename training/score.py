"""Scores: a pass rate with its uncertainty, and what a training fixed and broke."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

# 95% of a normal distribution lies within this many standard deviations.
_Z = 1.959963984540054


def wilson_interval(passed: int, total: int) -> tuple[float, float]:
    """The 95% interval of a rate (Wilson 1927): sensible at 0 and at 1, and for few tasks.

    wilson_interval(10, 20) is (0.299, 0.701): twenty tasks tell little.
    """
    if total == 0:
        return 0.0, 1.0
    rate, square = passed / total, _Z * _Z
    center = (rate + square / (2 * total)) / (1 + square / total)
    spread = rate * (1 - rate) / total + square / (4 * total * total)
    half = _Z * math.sqrt(spread) / (1 + square / total)
    return max(0.0, center - half), min(1.0, center + half)


def score_answers(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """pass@1 of greedy answers with its interval, and how many answers had each verdict."""
    verdicts = [str(answer["verdict"]) for answer in answers.values()]
    passed = verdicts.count("passed")
    low, high = wilson_interval(passed, len(verdicts))
    return {
        "passed": passed,
        "tasks": len(verdicts),
        "pass@1": passed / len(verdicts) if verdicts else 0.0,
        "low": low,
        "high": high,
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
    }


def compare_answers(
    tasks: Sequence[str],
    base: Mapping[str, Mapping[str, Any]],
    tuned: Mapping[str, Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """(tasks that only the tuned model passes, tasks that only the base passes), in task order."""
    before = {task for task in tasks if base[task]["verdict"] == "passed"}
    after = {task for task in tasks if tuned[task]["verdict"] == "passed"}
    return (
        [task for task in tasks if task in after - before],
        [task for task in tasks if task in before - after],
    )
