"""Evolving in rounds: lineage kept, each round started once, nothing asked twice, caps shared."""

import json
import threading
import time
from dataclasses import replace

import pytest
from pydantic import SecretStr

from storage.errors import WinnowError
from storage.evolutions import get_round, list_ancestors, list_children, rounds_to_follow
from storage.filters import SampleFilter
from storage.imports import add_origins
from storage.jobs import add_job, get_job, settle_job
from storage.ledger import claim_requests
from storage.reviews import Decision, add_decision
from storage.samples import add_samples, count_samples, get_cards
from tests.conftest import fill, make_sample
from tests.generation.conftest import Reply, chat_body
from tests.generation.conftest import serve as serve
from workbench.generation.evolution import make_evolution
from workbench.generation.limits import load_limits
from workbench.generation.requests import read_requests
from workbench.jobs.folder import JobFolder, JobState
from workbench.jobs.process import is_ended
from workbench.pipeline.evolve import (
    EvolveOptions,
    choose_prompt,
    next_round,
    start_evolve,
    start_next_rounds,
)
from workbench.pipeline.ingest import Ingestor, take_in
from workbench.pipeline.jobs import cancel_job
from workbench.pipeline.target import TargetOptions, choose_target
from workbench.review.evidence import evidence_of

ACCEPTED = SampleFilter(verdict="accepted")
CONFIGURED = TargetOptions(endpoint="configured", concurrency=4)


def harder(number: int) -> Reply:
    """A problem that shares nothing with any other."""
    words = " ".join(f"part{number}x{index}" for index in range(12))
    text = f"[Problem Description]\nDo {words}.\n\n[Solution]\n```python\nprint({number})\n```"
    return Reply(chat_body(text))


@pytest.fixture
def shop(workspace, serve):
    """Three samples, two of them accepted, and an endpoint that evolves whatever it is asked."""
    server = serve(*[harder(number) for number in range(40)])
    fill(workspace, 3)
    for name in ("s0", "s1"):
        with workspace.database.transaction() as cursor:
            add_decision(cursor, Decision(f"d-{name}", name, "accepted", "ada"))
    workspace.settings = workspace.settings.model_copy(
        update={"base_url": server.url, "model": "good-model", "api_key": SecretStr("sk-test")}
    )
    return workspace, server


def finish(workspace, folder: JobFolder) -> JobState:
    deadline = time.monotonic() + 40
    while not is_ended(folder.state()):
        assert time.monotonic() < deadline, (folder.path / "log.txt").read_text()
        time.sleep(0.05)
    take_in(workspace)
    return folder.state()


def evolved(workspace) -> list[str]:
    with workspace.database.read() as cursor:
        rows = cursor.execute("select sample_id from evolutions order by sample_id").fetchall()
    return [row[0] for row in rows]


def cards(workspace, names):
    with workspace.database.read() as cursor:
        return get_cards(cursor, names)


def test_two_rounds_keep_the_lineage_both_ways_and_each_round_starts_once(shop):
    workspace, server = shop
    first = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 2, CONFIGURED))
    assert finish(workspace, first) is JobState.DONE
    started: list[JobFolder] = []
    racers = [
        threading.Thread(target=lambda: started.extend(start_next_rounds(workspace)))
        for _ in range(4)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert {folder.id for folder in started} == {f"{first.id}-round2"}
    assert len(list(workspace.jobs_dir.glob("evolve-*/spec.json"))) == 2
    assert next_round(workspace, first.id) == started[0]
    assert finish(workspace, started[0]) is JobState.DONE
    assert start_next_rounds(workspace) == []
    assert started[0].spec.params["after"] == first.id
    assert len(server.asked) == 4
    with workspace.database.read() as cursor:
        assert rounds_to_follow(cursor) == []
        assert count_samples(cursor) == 3 + 4
        (child,) = list_children(cursor, "s0")
        (grandchild,) = list_children(cursor, child.sample_id)
        assert [one.parent_id for one in list_ancestors(cursor, grandchild.sample_id)] == [
            child.sample_id,
            "s0",
        ]
        roots = cursor.execute("select distinct root_id from evolutions order by 1").fetchall()
    assert (child.round, grandchild.round, child.parent_revision) == (1, 2, 1)
    assert roots == [("s0",), ("s1",)]
    (card,) = cards(workspace, [grandchild.sample_id])
    assert (card["source"], card["licence"], card["seed_id"]) == ("evol-instruct", "MIT", "seed0")
    assert card["verdict"] == "undecided"
    lines = {line.title: line for line in evidence_of(card)}
    assert lines["Evolved, round 2"].detail == child.sample_id
    (parent,) = cards(workspace, ["s0"])
    lines = {line.title: line for line in evidence_of(parent)}
    assert lines["Evolved further"].detail == child.sample_id


def test_what_was_evolved_is_not_asked_again_but_the_next_samples_are(shop):
    workspace, server = shop
    one = EvolveOptions(ACCEPTED, 1, 1, CONFIGURED)
    for _ in range(2):
        finish(workspace, start_evolve(workspace, one))
    assert len({json.dumps(body["messages"]) for body in server.asked}) == 2 == len(server.asked)
    with pytest.raises(WinnowError, match="None of the 2 samples of verdict=accepted is left"):
        start_evolve(workspace, one)
    with pytest.raises(WinnowError, match="No sample matches language=cobol"):
        start_evolve(workspace, replace(one, where=SampleFilter(language="cobol")))
    for rounds in (0, 4):
        with pytest.raises(WinnowError, match=f"{rounds} rounds cannot be"):
            start_evolve(workspace, replace(one, rounds=rounds))
    with pytest.raises(WinnowError, match="0 samples"):
        start_evolve(workspace, replace(one, count=0))


def test_a_failed_evolution_is_dropped_with_its_reason_and_ends_the_chain_with_a_sentence(shop):
    workspace, server = shop
    (parent,) = cards(workspace, ["s0"])
    same = f"[Problem Description]\n{parent['problem']}\n[Solution]\n```python\nx\n```"
    server.replies = [Reply(chat_body(same)), Reply(chat_body("I'm sorry, but I can't do that."))]
    where = SampleFilter(verdict="accepted")
    folder = start_evolve(
        workspace, EvolveOptions(where, 10, 3, replace(CONFIGURED, concurrency=1))
    )
    assert finish(workspace, folder) is JobState.DONE
    with workspace.database.read() as cursor:
        reasons = dict(
            cursor.execute(
                "select reason, count(*) from requests where job_id = ? group by 1", [folder.id]
            ).fetchall()
        )
        assert count_samples(cursor) == 3
    assert reasons == {"evolution_equal": 1, "refused": 1}
    assert next_round(workspace, folder.id) is None
    with workspace.database.read() as cursor:
        noted = get_round(cursor, folder.id)
    assert noted == (None, "Round 2 was not started: round 1 gave no sample that could be evolved "
                     "further.")  # fmt: skip
    assert next_round(workspace, folder.id) is None


def test_a_chain_goes_on_after_the_app_was_killed_in_the_middle_of_starting_a_round(shop):
    workspace, _ = shop
    first = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 2, CONFIGURED))
    finish(workspace, first)
    wanted = f"{first.id}-round2"
    # Killed after the folder was made, before the database knew of it.
    (workspace.jobs_dir / wanted).mkdir()
    folder = next_round(workspace, first.id)
    assert folder and folder.id == wanted
    finish(workspace, folder)
    # Killed after the job was started, before that was noted.
    with workspace.database.transaction() as cursor:
        cursor.execute("delete from evolution_rounds")
    assert [one.id for one in start_next_rounds(workspace)] == [wanted]
    assert len(list(workspace.jobs_dir.glob("evolve-*/spec.json"))) == 2


def test_the_app_starts_the_next_round_by_itself(shop):
    workspace, _ = shop
    folder = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 2, CONFIGURED))
    ingestor = Ingestor(workspace)
    ingestor.start()
    try:
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            with workspace.database.read() as cursor:
                record = get_job(cursor, f"{folder.id}-round2")
            if record and record.state == "done":
                break
            time.sleep(0.1)
    finally:
        ingestor.stop()
    assert record and record.state == "done"
    assert len(evolved(workspace)) == 4


def test_a_job_that_is_not_done_is_followed_by_nothing(shop):
    workspace, server = shop
    server.replies = [Reply(harder(1).body, delay=30.0)] * 2
    folder = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 2, CONFIGURED))
    assert next_round(workspace, folder.id) is None
    cancel_job(workspace, folder.id)
    server.replies = []
    assert finish(workspace, folder) is JobState.CANCELLED
    assert next_round(workspace, folder.id) is None
    assert start_next_rounds(workspace) == []


def test_the_next_round_gets_the_money_that_is_left_and_the_key_goes_nowhere_else(shop):
    workspace, _ = shop
    workspace.settings = workspace.settings.model_copy(
        update={"price_input": 1.0, "price_output": 1000.0}
    )
    capped = replace(CONFIGURED, max_cost=20.0)
    first = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 3, capped))
    finish(workspace, first)
    second = next_round(workspace, first.id)
    assert second
    # Two answers of 50 tokens at 1,000 US dollars a million, and 100 at 1.
    assert load_limits(second.path).max_cost == pytest.approx(20.0 - 2 * (0.05 + 0.0001))
    finish(workspace, second)
    workspace.settings = workspace.settings.model_copy(update={"base_url": "http://127.0.0.1:9/v1"})
    assert next_round(workspace, second.id) is None
    with workspace.database.read() as cursor:
        noted = get_round(cursor, second.id)
    assert noted and "the endpoint was changed" in noted[1]
    for path in workspace.jobs_dir.rglob("*"):
        assert not path.is_file() or b"sk-test" not in path.read_bytes()


def test_an_imported_sample_without_a_seed_hands_its_licence_on(shop):
    workspace, _ = shop
    sample = replace(make_sample("old", ""), request_key="")
    names = ("repository", "path", "corpus", "format")
    origin = {name: name for name in names} | {"sample_id": "old", "file": "evol.jsonl", "line": 7}
    origin |= {"first_line": 0, "last_line": 0, "licence": "CC-BY-NC-4.0", "prompt_id": None}
    origin |= {"model": None, "endpoint": None, "extra": {}}
    with workspace.database.transaction() as cursor:
        add_origins(cursor, [origin])
        add_samples(cursor, [(sample, "")])
    for where, found in ((SampleFilter(imported="none"), 3), (SampleFilter(imported="x"), 0)):
        with workspace.database.read() as cursor:
            assert count_samples(cursor, where) == found
    where = SampleFilter.parse("imported=evol.jsonl")
    finish(workspace, start_evolve(workspace, EvolveOptions(where, 5, 1, CONFIGURED)))
    (card,) = cards(workspace, evolved(workspace))
    assert (card["licence"], card["repository"]) == ("CC-BY-NC-4.0", "repository")
    assert card["evolution"]["parent_id"] == "old"


def test_a_sample_with_three_rounds_behind_it_is_left_alone(shop):
    workspace, server = shop
    finish(workspace, start_evolve(workspace, EvolveOptions(ACCEPTED, 1, 1, CONFIGURED)))
    with workspace.database.transaction() as cursor:
        cursor.execute("update evolutions set round = 3")
    undecided = SampleFilter(verdict="undecided")
    asked = len(server.asked)
    finish(workspace, start_evolve(workspace, EvolveOptions(undecided, 10, 1, CONFIGURED)))
    assert len(server.asked) == asked + 1  # s2 alone
    with workspace.database.transaction() as cursor:
        cursor.execute("update evolutions set round = 3")
    with pytest.raises(WinnowError, match="2 have 3 rounds behind them"):
        start_evolve(workspace, EvolveOptions(SampleFilter(model="good-model"), 10, 1, CONFIGURED))


def test_a_key_that_another_job_claims_meanwhile_ends_the_chain_in_a_sentence(shop):
    workspace, _ = shop
    first = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 2, CONFIGURED))
    finish(workspace, first)
    target = choose_target(workspace, CONFIGURED)
    requests = [
        make_evolution(
            card,
            choose_prompt(target),
            round_number=2,
            endpoint=target.name,
            model=target.model,
            parameters=target.parameters,
        )
        for card in cards(workspace, evolved(workspace))
    ]
    with workspace.database.transaction() as cursor:
        add_job(cursor, "evolve-other", "evolve")
        claim_requests(
            cursor, requests, job_id="evolve-other", endpoint=target.name, model=target.model
        )
    assert next_round(workspace, first.id) is None
    with workspace.database.read() as cursor:
        noted = get_round(cursor, first.id)
    assert noted and "2 were evolved before" in noted[1]


def test_a_request_says_which_sample_it_evolves(shop):
    workspace, _ = shop
    folder = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 1, CONFIGURED))
    requests = list(read_requests(folder.path))
    assert {request.about["sample"] for request in requests} == {"s0", "s1"}
    assert {request.task for request in requests} == {"evol-instruct"}
    finish(workspace, folder)


def test_a_round_whose_folder_is_gone_or_damaged_blocks_no_other(shop):
    workspace, _ = shop
    for name in ("evolve-gone", "evolve-damaged"):
        with workspace.database.transaction() as cursor:
            add_job(cursor, name, "evolve")
            settle_job(cursor, name, state="done", taken={})
    (workspace.jobs_dir / "evolve-damaged").mkdir()
    JobFolder(workspace.jobs_dir / "evolve-damaged").finish(JobState.DONE)
    (workspace.jobs_dir / "evolve-damaged" / "spec.json").write_text("{")
    first = start_evolve(workspace, EvolveOptions(ACCEPTED, 10, 2, CONFIGURED))
    finish(workspace, first)
    (second,) = start_next_rounds(workspace)
    assert second.id == f"{first.id}-round2"
    with workspace.database.read() as cursor:
        noted = get_round(cursor, "evolve-damaged")
    assert noted and "is damaged" in noted[1]
    finish(workspace, second)
