"""What became of a job's requests: each counted once, by its newest attempt, with its money."""

import time

import pytest

from storage.ledger import add_responses
from storage.outcomes import asked_models, count_older_readings, count_outcomes
from storage.records import Response


def respond(key: str, **changed) -> Response:
    values = {
        "key": key,
        "seed_id": key.partition("/")[0],
        "prompt_id": "p",
        "endpoint": "https://there/v1",
        "model": "m",
        "parameters": {},
        "raw": "{}",
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "seconds": 1.0,
        "cost": 0.5,
        "received_at": time.time(),
    }
    return Response(**{**values, **changed})


def add(workspace, *outcomes, job="generate-1", parser=2):
    with workspace.database.transaction() as cursor:
        add_responses(cursor, outcomes, job_id=job, parser=parser)


def outcomes_of(workspace, *jobs):
    with workspace.database.read() as cursor:
        return count_outcomes(cursor, jobs)


def test_outcomes_are_counted_by_reason_and_state(workspace):
    add(
        workspace,
        (respond("a"), None),
        (respond("b"), "cut_off"),
        (respond("c", failure="rate_limited", cost=0.0), "rate_limited"),
        (respond("d", failure="timed_out", cost=None, reserved=0.25), "timed_out"),
        (respond("e", failure="timed_out", cost=0.0), "timed_out"),
    )
    found = outcomes_of(workspace, "generate-1", "generate-2")
    one = found["generate-1"]
    assert one.gave == 1
    assert one.reasons == {
        "cut_off": {"answered": 1},
        "rate_limited": {"failed": 1},
        "timed_out": {"unknown": 1, "failed": 1},
    }
    assert (one.cost, one.unpriced, one.at_most) == (pytest.approx(1.0), 1, pytest.approx(0.25))
    assert (found["generate-2"].gave, found["generate-2"].reasons) == (0, {})


def test_a_new_attempt_stands_for_the_one_before_it_but_both_are_paid(workspace):
    add(workspace, (respond("a"), "cut_off"), (respond("a/1", attempt=1), None))
    one = outcomes_of(workspace, "generate-1")["generate-1"]
    assert (one.gave, one.reasons) == (1, {})
    assert one.cost == pytest.approx(1.0)


def test_without_a_price_nobody_says_what_it_can_have_cost(workspace):
    add(workspace, (respond("a", cost=None), None))
    one = outcomes_of(workspace, "generate-1")["generate-1"]
    assert (one.cost, one.unpriced, one.at_most) == (0, 1, None)


def test_only_answers_that_gave_nothing_to_an_older_parser_can_be_read_again(workspace):
    failed = respond("c", failure="timed_out", cost=0.0)
    add(workspace, (respond("a"), "cut_off"), (respond("b"), None), (failed, "x"), parser=1)
    add(workspace, (respond("d"), "cut_off"), parser=2)
    with workspace.database.read() as cursor:
        assert count_older_readings(cursor, parser=2) == 1
        assert count_older_readings(cursor, parser=1) == 0


def test_embedded_models_are_not_among_those_that_cost(workspace):
    add(workspace, (respond("a"), None), (respond("b", endpoint="embedded:s", model="s"), None))
    with workspace.database.read() as cursor:
        assert asked_models(cursor) == ["m"]
