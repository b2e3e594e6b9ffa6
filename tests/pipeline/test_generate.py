"""Starting, resuming and retrying: nothing is asked twice, no key goes astray."""

import threading
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from storage import ledger
from storage.errors import WinnowError
from storage.jobs import get_job
from storage.outcomes import count_outcomes, page_failures
from storage.prices import set_price
from storage.samples import count_samples
from storage.seeds import add_seeds
from tests.conftest import make_seed
from tests.generation.conftest import Reply, ScriptedServer, chat_body
from workbench.generation.answers import read_answers
from workbench.generation.limits import load_limits
from workbench.generation.requests import read_requests
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import is_ended
from workbench.pipeline.generate import GenerateOptions, estimate, start_generate
from workbench.pipeline.ingest import take_in
from workbench.pipeline.jobs import cancel_job, pause_job, resume_job
from workbench.pipeline.send import parse_again
from workbench.pipeline.target import TargetOptions
from workbench.workspace import Workspace

SEEDS = 6
NO_LABELS = chat_body("Some text without labels.")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer([])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def seeded(workspace: Workspace, server: ScriptedServer) -> Workspace:
    workspace.settings = workspace.settings.model_copy(
        update={"base_url": server.url, "model": "good-model", "api_key": SecretStr("sk-one")}
    )
    with workspace.database.transaction() as cursor:
        seeds = [make_seed(f"seed{number}") for number in range(SEEDS)]
        add_seeds(cursor, seeds, job_id="draw-1")
    return workspace


def options(count: int = SEEDS, **target) -> GenerateOptions:
    return GenerateOptions(count=count, target=TargetOptions(endpoint="configured", **target))


def seeds_of(folder: JobFolder) -> set[str]:
    return {request.seed_id for request in read_requests(folder.path)}


def finish(workspace: Workspace, folder: JobFolder) -> str:
    deadline = time.monotonic() + 30
    while not is_ended(folder.state()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    take_in(workspace)
    return folder.state().value


def failures(cursor, folder: JobFolder) -> dict[str, int]:
    reasons = count_outcomes(cursor, [folder.id])[folder.id].reasons
    return {reason: sum(states.values()) for reason, states in reasons.items()}


def count(workspace: Workspace) -> int:
    with workspace.database.read() as cursor:
        return count_samples(cursor)


def test_seeds_that_a_job_asks_about_are_left_to_it(seeded, server):
    server.replies = [Reply(chat_body("x"), delay=1.0)] * 4
    first = start_generate(seeded, options(4))
    second = start_generate(seeded, options(10))
    assert seeds_of(first) == {f"seed{number}" for number in range(4)}
    assert seeds_of(second) == {"seed4", "seed5"}
    with pytest.raises(WinnowError, match="was asked about all 6 seeds already, or is being asked"):
        start_generate(seeded, options(10))
    for folder in (first, second):
        assert finish(seeded, folder) == "done"
    assert len(server.asked) == 6


def test_a_paused_job_keeps_its_seeds_and_a_cancelled_one_gives_them_back(seeded, server):
    server.replies = [Reply(chat_body("x"), delay=0.7)] * 40
    folder = start_generate(seeded, options(concurrency=1))
    pause_job(seeded, folder.id)
    assert finish(seeded, folder) == "paused"
    with pytest.raises(WinnowError, match="asked about all 6 seeds"):
        start_generate(seeded, options())
    cancel_job(seeded, folder.id)
    assert finish(seeded, folder) == "cancelled"
    asked = {one.seed_id for one in read_answers(folder.path)}
    other = start_generate(seeded, options(concurrency=6))
    assert seeds_of(other) == {f"seed{number}" for number in range(SEEDS)} - asked
    # What the second job has taken over the first one does not ask when it is resumed.
    with pytest.raises(WinnowError, match="has nothing left to send"):
        resume_job(seeded, folder.id)
    assert finish(seeded, other) == "done"
    assert len(server.asked) == SEEDS


def test_a_killed_app_finds_its_job_even_before_it_was_noted(seeded, server):
    folder = start_generate(seeded, options(2))
    finish(seeded, folder)
    with seeded.database.transaction() as cursor:  # as if the app had died before its rows
        for table in ("jobs", "requests", "tries", "responses", "samples", "sample_state"):
            cursor.execute(f"delete from {table}")
    (folder.path / "result.json").unlink()
    resume_job(seeded, folder.id)
    assert finish(seeded, folder) == "done"
    assert len(server.asked) == 2
    assert count(seeded) == 2


def test_the_key_of_one_endpoint_is_not_sent_to_another(seeded, server):
    folder = start_generate(seeded, options(1))
    finish(seeded, folder)
    (folder.path / "result.json").unlink()
    seeded.settings = seeded.settings.model_copy(update={"base_url": "https://other.example/v1"})
    with pytest.raises(WinnowError, match="the key that is set is for"):
        resume_job(seeded, folder.id)
    assert not folder.is_alive()


def test_an_answer_that_gave_nothing_is_asked_for_anew_only_on_request(seeded, server):
    server.replies = [Reply(NO_LABELS), Reply(NO_LABELS)]
    folder = start_generate(seeded, options(4, concurrency=1))
    assert finish(seeded, folder) == "done"
    assert count(seeded) == 2
    with pytest.raises(WinnowError, match="is done: there is nothing to resume"):
        resume_job(seeded, folder.id)
    with pytest.raises(WinnowError, match="has nothing to ask anew for the reason timed_out"):
        resume_job(seeded, folder.id, retry=["timed_out"])
    server.replies = [Reply(NO_LABELS)]
    resume_job(seeded, folder.id, retry=["no_problem_label"])
    assert finish(seeded, folder) == "done"
    again = server.asked[4:]
    assert [body["messages"] for body in again] == [body["messages"] for body in server.asked[:2]]
    assert {body["temperature"] for body in again} == {0.7}
    assert count(seeded) == 3
    with seeded.database.read() as cursor:
        assert failures(cursor, folder) == {"no_problem_label": 1}
        (row,) = page_failures(cursor, folder.id, reason="no_problem_label")
        assert row["attempt"] == 1
        (raw,) = ledger.raw_answers(cursor, row["key"])
        assert raw["raw"] == NO_LABELS
        assert ledger.spending(cursor)["requests"] == 6


def test_what_may_be_paid_is_sent_again_only_on_request(seeded, server):
    server.replies = [Reply(chat_body("x"), cut=True)]
    folder = start_generate(seeded, options(2, concurrency=1))
    finish(seeded, folder)
    with seeded.database.read() as cursor:
        assert failures(cursor, folder) == {"connection_lost": 1}
        assert ledger.spending(cursor)["unpriced"] == 2  # no price is known at all
    with pytest.raises(WinnowError, match="nothing to resume"):
        resume_job(seeded, folder.id)
    resume_job(seeded, folder.id, retry=["connection_lost"])
    assert finish(seeded, folder) == "done"
    assert len(server.asked) == 3
    assert count(seeded) == 2
    with seeded.database.read() as cursor:
        assert failures(cursor, folder) == {}


def test_a_new_parser_reads_old_answers_again(seeded, server):
    folder = start_generate(seeded, options(3))
    finish(seeded, folder)
    with seeded.database.transaction() as cursor:  # as an older parser might have left it
        cursor.execute("update requests set parser = 0, reason = 'no_code_block'")
        cursor.execute("delete from samples")
        cursor.execute("delete from sample_state")
    assert parse_again(seeded) == (3, 3)
    assert parse_again(seeded) == (0, 0)
    assert count(seeded) == 3
    assert len(server.asked) == 3
    with seeded.database.read() as cursor:
        assert failures(cursor, folder) == {}


def test_limits_can_be_changed_at_a_resume(seeded, server):
    server.replies = [Reply("{}", 401)] * 2
    folder = start_generate(seeded, options(2, concurrency=1))
    assert finish(seeded, folder) == "paused"
    with seeded.database.read() as cursor:
        assert "refuses the API key" in get_job(cursor, folder.id).error
    limits = load_limits(folder.path)
    resume_job(seeded, folder.id, limits=type(limits)(concurrency=3, requests_per_minute=600))
    server.replies = []
    finish(seeded, folder)
    assert load_limits(folder.path).requests_per_minute == 600


def test_an_estimate_rests_on_what_was_seen(seeded, server):
    unknown = estimate(seeded, options(100))
    assert (unknown.answers, unknown.seconds, unknown.cost, unknown.most_cost) == (0, *[None] * 3)
    with seeded.database.transaction() as cursor:
        set_price(cursor, "good-model", (1.0, 2.0))
    bound = estimate(seeded, options(100))
    assert bound.cost is None and bound.most_cost > 100 * 2500 * 2.0 / 1e6
    finish(seeded, start_generate(seeded, options(2, max_cost=1.0)))
    known = estimate(seeded, options(100))
    assert known.answers == 2 and known.seconds > 0 and known.yielded == 1.0
    assert known.cost == pytest.approx(100 * (100 * 1.0 + 50 * 2.0) / 1e6)
    slow = estimate(seeded, options(100, requests_per_minute=10))
    assert slow.seconds == pytest.approx(600)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (options(0), "0 samples cannot be asked for"),
        (options(1, temperature=3), "Temperature 3 is out of range"),
        (options(1, concurrency=0), "0 requests at once cannot be"),
        (options(1, requests_per_minute=-1), "-1 is no limit for requests per minute"),
        (options(1, max_cost=5.0), "The price of good-model is not known, so a cap of 5"),
        (options(1, resend_unknown=-1), "-1 requests cannot be sent again"),
        (GenerateOptions(1, "no such"), "There is no prompt 'no such'"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_starts_nothing(seeded, wrong, sentence):
    with pytest.raises(WinnowError, match=sentence):
        start_generate(seeded, wrong)
    assert not list(seeded.jobs_dir.iterdir())
