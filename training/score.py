"""Scores: a pass rate with its uncertainty, and what a training fixed and broke."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# 95% of a normal distribution lies within this many standard deviations.
_Z = 1.959963984540054
_RESAMPLES = 2000  # the ends of a 95% interval are then the 50th smallest and largest


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models on the same tasks: how many each passes, which ones `tuned` fixed and broke, and
    the exact probability of so uneven a split by chance (McNemar 1947)."""

    both: tuple[str, ...]
    fixed: tuple[str, ...]
    broke: tuple[str, ...]
    neither: tuple[str, ...]
    p_value: float


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


def estimate_pass_at_k(samples: int, passed: int, k: int) -> float:
    """The unbiased chance that one of `k` answers passes, given `passed` of `samples` (Chen et al.
    2021): 1 - C(samples - passed, k) / C(samples, k).

    estimate_pass_at_k(5, 1, 2) is 0.4; ValueError where k is not in 1 to `samples`.
    """
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} needs at least {k} samples, there are {samples}")
    return 1.0 - math.comb(samples - passed, k) / math.comb(samples, k)


def bootstrap_interval(values: Sequence[float], *, random_seed: int) -> tuple[float, float]:
    """The 95% interval of the mean over tasks: percentiles of 2,000 resamples of the tasks."""
    if not values:
        return 0.0, 1.0
    source = random.Random(random_seed)  # noqa: S311 - resampling, no secret
    means = sorted(
        math.fsum(source.choices(values, k=len(values))) / len(values) for _ in range(_RESAMPLES)
    )
    cut = _RESAMPLES // 40
    return means[cut - 1], means[-cut]


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


def score_samples(
    answers: Iterable[Mapping[str, Any]], *, random_seed: int, ks: Sequence[int] = (1, 10, 100)
) -> dict[str, Any]:
    """pass@k of several answers to each task, for every k of `ks` that there are answers for, each
    with its interval over tasks; `passed` counts the tasks that any answer passes."""
    by_task: dict[str, list[bool]] = {}
    verdicts: list[str] = []
    for answer in answers:
        verdicts.append(str(answer["verdict"]))
        by_task.setdefault(answer["task_id"], []).append(verdicts[-1] == "passed")
    fewest = min(map(len, by_task.values()), default=0)
    at: dict[str, dict[str, float]] = {}
    for k in sorted({*ks, fewest}):
        if 1 <= k <= fewest:
            rates = [estimate_pass_at_k(len(all_), sum(all_), k) for all_ in by_task.values()]
            low, high = bootstrap_interval(rates, random_seed=random_seed)
            at[str(k)] = {"rate": math.fsum(rates) / len(rates), "low": low, "high": high}
    first = at.get("1", {"rate": 0.0, "low": 0.0, "high": 1.0})
    return {
        "passed": sum(map(any, by_task.values())),
        "tasks": len(by_task),
        "pass@1": first["rate"],
        "low": first["low"],
        "high": first["high"],
        "pass_at": at,
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
    }


def compare_answers(
    tasks: Sequence[str],
    base: Mapping[str, Mapping[str, Any]],
    tuned: Mapping[str, Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """(tasks that only the tuned model passes, tasks that only the base passes), in task order."""
    paired = pair_answers(tasks, base, tuned)
    return list(paired.fixed), list(paired.broke)


def pair_answers(
    tasks: Sequence[str],
    base: Mapping[str, Mapping[str, Any]],
    tuned: Mapping[str, Mapping[str, Any]],
) -> Paired:
    """The paired table of two models' greedy answers, tasks in order."""
    before = {task for task in tasks if base[task]["verdict"] == "passed"}
    after = {task for task in tasks if tuned[task]["verdict"] == "passed"}
    fixed = tuple(task for task in tasks if task in after - before)
    broke = tuple(task for task in tasks if task in before - after)
    return Paired(
        both=tuple(task for task in tasks if task in before & after),
        fixed=fixed,
        broke=broke,
        neither=tuple(task for task in tasks if task not in before | after),
        p_value=mcnemar_test(len(fixed), len(broke)),
    )


def mcnemar_test(fixed: int, broke: int) -> float:
    """The two-sided exact p of McNemar's test.

    It is how often a fair coin, thrown once for each task that changed, falls as unevenly or more.

    mcnemar_test(8, 1) is 0.039; with five changes or fewer nothing can be below 0.05.
    """
    changed = fixed + broke
    tail = sum(math.comb(changed, count) for count in range(min(fixed, broke) + 1))
    return min(1.0, float(2 * tail / 2**changed))
