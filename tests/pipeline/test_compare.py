"""Comparisons against a scripted endpoint: nothing is paid twice, every seed has its pair."""

import threading
import time

import pytest
from pydantic import SecretStr

from storage.comparisons import list_comparisons, pair_states
from storage.errors import WinnowError
from storage.seeds import add_seeds
from tests.conftest import make_seed
from tests.generation.conftest import Reply, ScriptedServer, chat_body
from workbench.jobs.process import is_ended
from workbench.pipeline.compare import ArmOptions, ask_missing, start_comparison
from workbench.pipeline.generate import GenerateOptions, start_generate
from workbench.pipeline.ingest import take_in
from workbench.pipeline.jobs import cancel_job
from workbench.pipeline.prompts import save_version
from workbench.pipeline.target import TargetOptions

THERE = TargetOptions(endpoint="configured", concurrency=4)
BRIEF = "Briefly:\n{snippet}\n[Problem Description] then [Solution]."


@pytest.fixture
def server():
    started = ScriptedServer([])
    threading.Thread(target=started.serve_forever, args=(0.05,), daemon=True).start()
    yield started
    started.shutdown()
    started.server_close()


@pytest.fixture
def seeded(workspace, server):
    workspace.settings = workspace.settings.model_copy(
        update={"base_url": server.url, "model": "good-model", "api_key": SecretStr("sk-one")}
    )
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed(f"seed{number}") for number in range(6)], job_id="draw-1")
    save_version(workspace, "brief", system="", user=BRIEF)
    return workspace


def finish(workspace, jobs):
    deadline = time.monotonic() + 60
    while not all(is_ended(job.state()) for job in jobs):
        assert time.monotonic() < deadline, [job.last_progress() for job in jobs]
        time.sleep(0.1)
    take_in(workspace)


def start(workspace, first="oss-instruct", second="brief", **options):
    return start_comparison(
        workspace, ArmOptions(first, THERE), ArmOptions(second, THERE), **options
    )


def states(workspace, comparison):
    with workspace.database.read() as cursor:
        return pair_states(cursor, comparison.id)


def test_two_prompts_at_one_model_are_one_job_and_every_seed_is_a_pair(seeded, server):
    comparison, jobs = start(seeded, count=3, name="Sides")
    assert len(jobs) == 1
    finish(seeded, jobs)
    assert server.billed == 6
    found = states(seeded, comparison)
    assert [state.pair.seed_id for state in found] == ["seed0", "seed1", "seed2"]
    assert all(state.is_ready for state in found)
    again, none = start(seeded, count=3)
    assert (none, server.billed) == ([], 6)
    assert all(state.is_ready for state in states(seeded, again))


def test_seeds_that_one_arm_answered_come_first_and_are_not_asked_again(seeded, server):
    # The seeds that are answered are the first three; a version that came later has none of them.
    finish(
        seeded,
        [start_generate(seeded, GenerateOptions(count=2, prompt="oss-instruct", target=THERE))],
    )
    with seeded.database.transaction() as cursor:
        cursor.execute("update seeds set position = position + 100 where id in ('seed0', 'seed1')")
    comparison, jobs = start(seeded, count=3)
    finish(seeded, jobs)
    assert [state.pair.seed_id for state in states(seeded, comparison)] == [
        "seed0",
        "seed1",
        "seed2",
    ]
    assert server.billed == 2 + 4


def test_two_models_are_two_jobs(seeded, server):
    other = TargetOptions(endpoint="configured", model="other-model")
    first, second = ArmOptions("brief", THERE), ArmOptions("brief", other)
    comparison, jobs = start_comparison(seeded, first, second, count=2)
    finish(seeded, jobs)
    assert len(jobs) == 2
    assert {row["model"] for row in server.asked} == {"good-model", "other-model"}
    assert all(state.is_ready for state in states(seeded, comparison))


def test_an_arm_that_gave_nothing_is_a_failure_with_its_reason(seeded, server):
    server.replies += [Reply(chat_body("no labels")) for _ in range(2)]
    comparison, jobs = start(seeded, count=1)
    finish(seeded, jobs)
    (state,) = states(seeded, comparison)
    assert (state.first, state.second) == ("failed", "failed")
    assert state.first_reason == state.second_reason == "no_problem_label"
    with pytest.raises(WinnowError, match="Nothing of"):
        ask_missing(seeded, comparison.id)


def test_what_a_cancelled_job_left_is_asked_by_the_next(seeded, server):
    server.replies += [Reply(chat_body("late"), delay=20.0) for _ in range(8)]
    comparison, jobs = start(seeded, count=4)
    deadline = time.monotonic() + 30
    while not server.under_way and time.monotonic() < deadline:
        time.sleep(0.05)
    assert {state.first for state in states(seeded, comparison)} == {"waiting"}
    cancel_job(seeded, jobs[0].id)
    finish(seeded, jobs)
    server.replies.clear()
    left = [side for state in states(seeded, comparison) for side in (state.first, state.second)]
    assert "missing" in left
    assert "waiting" not in left
    finish(seeded, ask_missing(seeded, comparison.id))
    assert "missing" not in {state.second for state in states(seeded, comparison)}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"second": "oss-instruct"}, "Both sides ask the same"),
        ({"second": "nothing"}, "no prompt 'nothing'"),
        ({"count": 0}, "0 pairs"),
        ({"count": 5000}, "5000 pairs"),
        ({"name": "x" * 61}, "is no name"),
        ({"name": "a\u202eb"}, "is no name"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_not_kept(seeded, options, words):
    with pytest.raises(WinnowError, match=words):
        start(seeded, **options)
    with seeded.database.read() as cursor:
        assert list_comparisons(cursor) == []


def test_without_seeds_there_is_nothing_to_compare(seeded):
    with seeded.database.transaction() as cursor:
        cursor.execute("delete from seeds")
    with pytest.raises(WinnowError, match="draw some"):
        start(seeded)


def test_another_endpoint_is_not_asked_in_the_place_of_the_one_compared(seeded, server):
    comparison, jobs = start(seeded, count=1)
    finish(seeded, jobs)
    seeded.settings = seeded.settings.model_copy(update={"base_url": "https://other.example/v1"})
    with pytest.raises(WinnowError, match="is set now"):
        ask_missing(seeded, comparison.id)
