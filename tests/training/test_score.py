"""Scores by hand."""

import pytest

from training.score import (
    bootstrap_interval,
    compare_answers,
    estimate_pass_at_k,
    mcnemar_test,
    pair_answers,
    score_answers,
    score_samples,
    wilson_interval,
)


def test_wilson_interval_agrees_with_published_values() -> None:
    assert wilson_interval(10, 20) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson_interval(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_score_counts_every_verdict() -> None:
    verdicts = ("passed", "failed", "no_code", "timed_out")
    score = score_answers({str(index): {"verdict": name} for index, name in enumerate(verdicts)})
    assert (score["passed"], score["tasks"], score["pass@1"]) == (1, 4, 0.25)
    assert sum(score["verdicts"].values()) == 4


def test_fixed_and_broken_tasks_are_named_in_order() -> None:
    base = {"a": {"verdict": "passed"}, "b": {"verdict": "failed"}, "c": {"verdict": "passed"}}
    tuned = {"a": {"verdict": "timed_out"}, "b": {"verdict": "passed"}, "c": {"verdict": "passed"}}
    assert compare_answers(["a", "b", "c"], base, tuned) == (["b"], ["a"])


def test_pass_at_k_counts_the_draws_that_have_a_right_answer() -> None:
    assert estimate_pass_at_k(5, 1, 2) == pytest.approx(0.4)  # 4 of 10 pairs have the right one
    assert estimate_pass_at_k(5, 0, 5) == 0.0
    assert estimate_pass_at_k(5, 4, 2) == 1.0
    assert estimate_pass_at_k(200, 20, 10) == pytest.approx(0.6602, abs=1e-4)
    for k in (0, 6):
        with pytest.raises(ValueError, match="needs at least"):
            estimate_pass_at_k(5, 1, k)


def test_samples_are_averaged_over_tasks_with_an_interval() -> None:
    rows = [
        {"task_id": task, "verdict": verdict}
        for task, passed in (("a", 4), ("b", 2), ("c", 0))
        for verdict in ["passed"] * passed + ["failed"] * (4 - passed)
    ]
    score = score_samples(rows, random_seed=1)
    assert (score["passed"], score["tasks"]) == (2, 3)
    assert score["pass@1"] == pytest.approx(0.5)
    assert set(score["pass_at"]) == {"1", "4"}
    assert score["pass_at"]["4"]["rate"] == pytest.approx(2 / 3)
    assert score["low"] < 0.5 < score["high"]
    assert score["verdicts"] == {"failed": 6, "passed": 6}
    assert score_samples([], random_seed=1)["tasks"] == 0


def test_bootstrap_is_narrow_for_many_equal_tasks_and_repeatable() -> None:
    assert bootstrap_interval([0.5] * 10, random_seed=1) == (0.5, 0.5)
    values = [0.0, 1.0] * 50
    low, high = bootstrap_interval(values, random_seed=3)
    assert (low, high) == bootstrap_interval(values, random_seed=3)
    assert low == pytest.approx(0.4, abs=0.03)  # 1.96 standard errors of 0.05
    assert high == pytest.approx(0.6, abs=0.03)


def test_mcnemar_agrees_with_the_binomial_by_hand() -> None:
    assert mcnemar_test(0, 0) == 1.0
    assert mcnemar_test(5, 5) == 1.0
    assert mcnemar_test(8, 1) == mcnemar_test(1, 8) == pytest.approx(20 / 512)
    assert mcnemar_test(6, 0) == pytest.approx(2 / 64)
    assert mcnemar_test(900, 700) < 1e-6


def test_paired_table_has_every_task_once() -> None:
    verdicts = {"a": "11", "b": "01", "c": "10", "d": "00"}
    base, tuned = (
        {task: {"verdict": "passed" if word[side] == "1" else "failed"}
         for task, word in verdicts.items()}
        for side in (0, 1)
    )  # fmt: skip
    paired = pair_answers(list(verdicts), base, tuned)
    parts = (paired.both, paired.fixed, paired.broke, paired.neither)
    assert parts == (("a",), ("b",), ("c",), ("d",))
