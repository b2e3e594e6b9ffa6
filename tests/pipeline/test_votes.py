"""Blind votes and their tally: sides that nobody can compute, numbers that come out by hand."""

import dataclasses
import time

import pytest
from scipy.stats import binomtest

from storage.comparisons import Arm, Comparison, Pair, add_comparison
from storage.errors import WinnowError
from storage.ledger import add_responses
from storage.samples import add_samples
from storage.seeds import add_seeds
from tests.conftest import make_sample, make_seed
from tests.pipeline.test_ingest import response
from workbench.generation.prompts import load_prompt
from workbench.pipeline.votes import cast_vote, first_is_left, get_pair, open_tally, standing


def make_comparison(name="Sides", salt="pepper"):
    arms = [
        Arm(load_prompt(prompt).id, "configured", "http://127.0.0.1/v1", model, model, 0.0)
        for prompt, model in (("oss-instruct", "model-one"), ("oss-instruct-small", "model-two"))
    ]
    return Comparison("c0ffee", name, salt, "ada", time.time(), *arms)


def judged(workspace, count=8, *, failed=()):
    """A comparison whose answers are all there, but for the second arm's at `failed`."""
    comparison = make_comparison()
    pairs = [Pair(n, f"seed{n}", f"key-a{n}", f"key-b{n}") for n in range(1, count + 1)]
    samples = [
        make_sample(f"{side}{n}", f"seed{n}", problem=f"Problem {side}{n}")
        for n in range(1, count + 1)
        for side in "ab"
        if not (side == "b" and n in failed)
    ]
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed(f"seed{n}") for n in range(1, count + 1)], job_id="draw-1")
        add_comparison(cursor, comparison, pairs)
        add_samples(cursor, [(sample, "m") for sample in samples])
        for n in failed:
            lost = dataclasses.replace(response(0, "{}"), key=f"key-b{n}")
            add_responses(cursor, [(lost, "cut_off")], job_id="generate-1")
    return comparison


def side_of(comparison, position, arm):
    return "left" if (arm == "first") == first_is_left(comparison, position) else "right"


def vote(workspace, comparison, position, choice, reviewer="ada", name=None):
    name = name or f"vote-{position}-{choice}-{reviewer}-{time.monotonic_ns()}"
    if choice in ("first", "second"):
        choice = side_of(comparison, position, choice)
    cast_vote(
        workspace, comparison, vote_id=name, position=position, choice=choice, reviewer=reviewer
    )


def test_sides_change_from_pair_to_pair_and_with_a_salt_that_stays_here():
    sides = [first_is_left(make_comparison(), n) for n in range(1, 401)]
    assert 150 < sum(sides) < 250
    other = [first_is_left(make_comparison(salt="other"), n) for n in range(1, 401)]
    assert 150 < sum(a == b for a, b in zip(sides, other, strict=True)) < 250


def test_a_pair_shows_each_answer_on_the_side_that_a_vote_for_it_names(workspace):
    comparison = judged(workspace)
    for position in range(1, 9):
        pair = get_pair(workspace, comparison, position)
        texts = {"left": pair.left[0], "right": pair.right[0]}
        assert texts[side_of(comparison, position, "first")] == f"Problem a{position}"
        assert texts[side_of(comparison, position, "second")] == f"Problem b{position}"


def test_an_edit_of_a_sample_does_not_change_what_is_judged(workspace):
    comparison = judged(workspace, 1)
    with workspace.database.transaction() as cursor:
        cursor.execute(
            "insert into samples select id, 2, seed_id, request_key, 'Edited', solution, language,"
            " source, now() from samples"
        )
    pair = get_pair(workspace, comparison, 1)
    assert {pair.left[0], pair.right[0]} == {"Problem a1", "Problem b1"}


def test_the_newest_vote_of_a_reviewer_counts_and_an_undone_one_does_not(workspace):
    comparison = judged(workspace, 3)
    vote(workspace, comparison, 1, "first")
    vote(workspace, comparison, 1, "second")
    vote(workspace, comparison, 2, "both_bad")
    vote(workspace, comparison, 2, "undone")
    now = standing(workspace, comparison, reviewer="ada")
    assert now.pairs == ((1, side_of(comparison, 1, "second")), (2, ""), (3, ""))
    assert standing(workspace, comparison, reviewer="bob").judged == 0
    tally = open_tally(workspace, comparison.id, reviewer="ada")
    assert (tally.first.wins, tally.second.wins, tally.judged) == (0, 1, 1)
    with workspace.database.read() as cursor:
        rows = cursor.execute("select count(*) from comparison_votes").fetchall()
    assert rows == [(4,)]


def test_a_vote_that_is_sent_twice_is_kept_once(workspace):
    comparison = judged(workspace, 1)
    for choice in ("first", "second"):  # the second is the first again, whatever it says
        vote(workspace, comparison, 1, choice, name="vote-0001")
    assert open_tally(workspace, comparison.id, reviewer="ada").first.wins == 1


def test_the_tally_comes_out_by_hand(workspace):
    comparison = judged(workspace, 8, failed=[8])
    for position, choice in enumerate(
        ["first", "first", "first", "first", "second", "both_good", "both_bad"], start=1
    ):
        vote(workspace, comparison, position, choice)
    tally = open_tally(workspace, "Sides", reviewer="ada")
    assert (tally.first.wins, tally.second.wins, tally.ties) == (4, 1, 2)
    assert (tally.both_good, tally.both_bad, tally.judged, tally.pairs) == (1, 1, 7, 8)
    assert (tally.first.failures, tally.second.failures) == ({}, {"cut_off": 1})
    assert tally.open == 0
    expected = binomtest(4, 5)
    interval = expected.proportion_ci(0.95, method="wilson")
    assert tally.p_value == pytest.approx(expected.pvalue)
    assert (tally.first.share, tally.first.low, tally.first.high) == pytest.approx(
        (0.8, interval.low, interval.high)
    )
    assert tally.second.low == pytest.approx(1 - interval.high)
    assert (tally.first.model, tally.second.model) == ("model-one", "model-two")
    assert tally.first.prompt.startswith("oss-instruct · ")


def test_a_pair_is_one_observation_however_many_judge_it(workspace):
    comparison = judged(workspace, 2)
    for reviewer, choice in (("ada", "first"), ("bob", "first"), ("eve", "second")):
        vote(workspace, comparison, 1, choice, reviewer)
    vote(workspace, comparison, 2, "first", "ada")
    vote(workspace, comparison, 2, "second", "bob")
    tally = open_tally(workspace, comparison.id, reviewer="ada")
    assert (tally.first.wins, tally.second.wins, tally.ties) == (1, 0, 1)
    assert (tally.votes, tally.reviewers, tally.judged) == (5, 3, 2)


def test_votes_after_the_tally_was_seen_are_counted_as_not_blind(workspace):
    comparison = judged(workspace, 2)
    vote(workspace, comparison, 1, "first")
    open_tally(workspace, comparison.id, reviewer="ada")
    vote(workspace, comparison, 2, "first")
    vote(workspace, comparison, 2, "first", "bob")
    assert open_tally(workspace, comparison.id, reviewer="bob").not_blind == 1


def test_an_empty_tally_claims_nothing(workspace):
    comparison = judged(workspace, 1)
    tally = open_tally(workspace, comparison.id, reviewer="ada")
    assert (tally.p_value, tally.first.share, tally.judged) == (None, None, 0)


@pytest.mark.parametrize(
    ("position", "choice", "words"),
    [
        (2, "left", "Pair 2 of this comparison has no two answers"),
        (9, "left", "Pair 9"),
        (1, "first", "is no vote"),
        (1, "", "is no vote"),
    ],
)
def test_a_vote_that_cannot_be_is_refused_and_not_kept(workspace, position, choice, words):
    comparison = judged(workspace, 2, failed=[2])
    with pytest.raises(WinnowError, match=words):
        cast_vote(
            workspace, comparison, vote_id="v", position=position, choice=choice, reviewer="ada"
        )
    assert open_tally(workspace, comparison.id, reviewer="ada").votes == 0
