"""Origins of imported samples, and the decisions that came with them."""

from datetime import UTC, datetime, timedelta, timezone

from storage.database import fetch_dicts
from storage.imports import (
    RestoredDecision,
    add_origins,
    count_origins,
    get_origin,
    restore_decisions,
    texts_by_revision,
)
from storage.reviews import Decision, add_decision, count_verdicts
from storage.samples import add_samples, get_cards
from tests.conftest import fill, make_sample

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def origin(sample_id, **changes):
    return {
        "sample_id": sample_id,
        "file": "rows.jsonl",
        "line": 3,
        "format": "oss-instruct",
        "corpus": "imported",
        "repository": "rows.jsonl",
        "path": "line 3",
        "first_line": 1,
        "last_line": 2,
        "licence": "MIT",
        "prompt_id": None,
        "model": None,
        "endpoint": None,
        "extra": {"index": 7, "system": "\ufffd"},
    } | changes


def test_an_origin_is_kept_once_and_gives_licence_and_repository(workspace):
    sample = make_sample("a1", "")
    with workspace.database.transaction() as cursor:
        add_origins(cursor, [origin("a1")])
        add_origins(cursor, [origin("a1", line=9, licence="ISC")])
        assert add_samples(cursor, [(sample, "")]) == 1
    with workspace.database.read() as cursor:
        found = get_origin(cursor, "a1")
        card = get_cards(cursor, ["a1"])[0]
        assert get_origin(cursor, "other") is None
        assert count_origins(cursor) == {"rows.jsonl": 1}
    assert (found["line"], found["prompt_id"]) == (3, None)
    assert found["extra"] == {"index": 7, "system": "\ufffd"}
    assert (card["licence"], card["repository"]) == ("MIT", "rows.jsonl")


def test_samples_from_seeds_keep_the_licence_of_their_seed(workspace):
    fill(workspace, 1)
    with workspace.database.read() as cursor:
        card = get_cards(cursor, ["s0"])[0]
    assert (card["licence"], card["repository"]) == ("MIT", "toolbox")


def test_decisions_come_back_with_reviewer_and_time_and_only_once(workspace):
    fill(workspace, 2)
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    decisions = [
        RestoredDecision("s0", 1, "accepted", "grace", NOON),
        RestoredDecision("s1", 1, "rejected", "grace", NOON),
    ]
    again = [RestoredDecision("s0", 1, "accepted", "grace", elsewhere)]
    for batch in (decisions, again, []):
        with workspace.database.transaction() as cursor:
            restore_decisions(cursor, batch)
    with workspace.database.read() as cursor:
        rows = fetch_dicts(cursor.execute("select * from decisions order by position"))
        cards = get_cards(cursor, ["s0", "s1"])
    assert [row["position"] for row in rows] == [1, 2]
    assert [row["reviewer"] for row in rows] == ["grace", "grace"]
    assert [card["verdict"] for card in cards] == ["accepted", "rejected"]
    assert {card["decided_at"] for card in cards} == {NOON}


def test_a_restored_decision_can_be_overruled_and_undone(workspace):
    fill(workspace, 1)
    with workspace.database.transaction() as cursor:
        restore_decisions(cursor, [RestoredDecision("s0", 1, "accepted", "grace", NOON)])
        add_decision(cursor, Decision("d1", "s0", "rejected", "ada"))
        assert count_verdicts(cursor)["rejected"] == 1
        add_decision(cursor, Decision("d2", "s0", "undone", "ada", undoes="d1"))
        assert count_verdicts(cursor)["accepted"] == 1


def test_texts_are_found_by_sample_and_revision(workspace):
    fill(workspace, 1)
    with workspace.database.read() as cursor:
        found = texts_by_revision(cursor, ["s0", "gone"])
    assert list(found) == ["s0"]
    assert found["s0"][1][0].startswith("Write the function `s0`")
