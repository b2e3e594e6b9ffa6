"""A judge suggests: its scores stand beside a sample, and no verdict ever comes of them."""

import json
import time

import pytest

from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.judgements import Judgement, add_judgements, count_judged, latest_judgements
from storage.reviews import Decision, add_decision, count_verdicts
from storage.samples import get_cards
from tests.conftest import fill
from tests.generation.conftest import Reply, chat_body
from tests.generation.conftest import serve as serve
from workbench.jobs.folder import JobState
from workbench.jobs.process import is_ended
from workbench.pipeline.ingest import take_in
from workbench.pipeline.judge import JudgeOptions, start_judge
from workbench.pipeline.target import TargetOptions
from workbench.review.evidence import evidence_of

EVERYTHING = SampleFilter()
CONFIGURED = TargetOptions(endpoint="configured", concurrency=1)


def judgement(score: int, reason: str = "Fine.") -> Reply:
    scores = {"meets_problem": score, "logic": score, "edge_cases": score, "reason": reason}
    return Reply(chat_body(json.dumps(scores)))


@pytest.fixture
def court(workspace, serve):
    """Three samples of which one is accepted, and a judge."""
    server = serve()
    fill(workspace, 3)
    with workspace.database.transaction() as cursor:
        add_decision(cursor, Decision("d0", "s0", "accepted", "ada"))
    workspace.settings = workspace.settings.model_copy(
        update={"base_url": server.url, "model": "good-model"}
    )
    return workspace, server


def finish(workspace, folder) -> JobState:
    deadline = time.monotonic() + 40
    while not is_ended(folder.state()):
        assert time.monotonic() < deadline, (folder.path / "log.txt").read_text()
        time.sleep(0.05)
    take_in(workspace)
    return folder.state()


def card_of(workspace, name: str) -> dict:
    with workspace.database.read() as cursor:
        return get_cards(cursor, [name])[0]


def suggestions(workspace, name: str) -> list[str]:
    lines = evidence_of(card_of(workspace, name))
    found = [line for line in lines if line.title.startswith("Judge")]
    assert {line.level for line in found} <= {"plain"}
    return [f"{line.title}. {line.text}" for line in found]


def test_a_judgement_is_shown_and_changes_no_verdict(court):
    workspace, server = court
    server.replies = [judgement(1, "<b>Wrong</b>"), judgement(5), Reply(chat_body("Five of five."))]
    with workspace.database.read() as cursor:
        before = count_verdicts(cursor)
        decisions = cursor.execute("select * from decisions").fetchall()
    folder = start_judge(workspace, JudgeOptions(EVERYTHING, 10, CONFIGURED))
    assert finish(workspace, folder) is JobState.DONE
    with workspace.database.read() as cursor:
        assert count_verdicts(cursor) == before == {"undecided": 2, "accepted": 1, "rejected": 0}
        assert cursor.execute("select * from decisions").fetchall() == decisions
        assert count_judged(cursor) == 2
        reasons = cursor.execute("select reason from requests where reason is not null").fetchall()
        samples = cursor.execute("select count(*) from samples").fetchall()
    assert reasons == [("judgement_unreadable",)] and samples == [(3,)]
    assert suggestions(workspace, "s0") == [
        "Judge suggests 1, 1, 1 of 5. Meets the problem 1, logic 1, edge cases 1, says good-model: "
        "<b>Wrong</b>"
    ]
    assert suggestions(workspace, "s2") == []


def test_what_was_judged_is_not_paid_for_again(court):
    workspace, server = court
    server.replies = [judgement(3)] * 3
    finish(workspace, start_judge(workspace, JudgeOptions(EVERYTHING, 2, CONFIGURED)))
    finish(workspace, start_judge(workspace, JudgeOptions(EVERYTHING, 2, CONFIGURED)))
    assert len(server.asked) == 3
    with pytest.raises(WinnowError, match="None of the 3 samples of no filter is left to judge"):
        start_judge(workspace, JudgeOptions(EVERYTHING, 2, CONFIGURED))
    with pytest.raises(WinnowError, match="No sample matches verdict=rejected"):
        start_judge(workspace, JudgeOptions(SampleFilter(verdict="rejected"), 2, CONFIGURED))


def make_judgement(key: str, *, revision: int = 1, model: str = "m", score: int = 3, day: int = 1):
    from datetime import UTC, datetime

    at = datetime(2026, 5, day, tzinfo=UTC)
    return Judgement(key, "s0", revision, model, score, score, score, "Because.", at)


def test_the_newest_of_each_model_counts_and_all_are_kept(court):
    workspace, _ = court
    rows = [
        make_judgement("k1", score=1, day=1),
        make_judgement("k2", score=4, day=3),
        make_judgement("k3", score=2, day=2, model="other"),
    ]
    with workspace.database.transaction() as cursor:
        add_judgements(cursor, rows)
        add_judgements(cursor, [make_judgement("k1", score=5, day=9)])
        found = latest_judgements(cursor, ["s0", "s1"])
        assert cursor.execute("select count(*) from judgements").fetchall() == [(3,)]
    assert [(row["model"], row["logic"]) for row in found["s0"]] == [("m", 4), ("other", 2)]
    assert list(found) == ["s0"]
    assert len(suggestions(workspace, "s0")) == 2


def test_a_judgement_of_an_older_text_is_not_shown_of_the_newer_one(court):
    workspace, _ = court
    with workspace.database.transaction() as cursor:
        add_judgements(cursor, [make_judgement("k1")])
    assert len(suggestions(workspace, "s0")) == 1
    with workspace.database.transaction() as cursor:
        cursor.execute(
            "insert into samples select id, 2, seed_id, request_key, problem, 'edited', language,"
            " source, created_at from samples where id = 's0'"
        )
        cursor.execute("update sample_state set revision = 2 where sample_id = 's0'")
    assert suggestions(workspace, "s0") == []
    with workspace.database.read() as cursor:
        assert count_judged(cursor) == 0
