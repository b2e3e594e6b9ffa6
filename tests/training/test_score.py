"""Scores by hand."""

import pytest

from training.score import compare_answers, score_answers, wilson_interval


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
