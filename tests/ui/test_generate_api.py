"""The JSON routes of the Generate page, over a workspace with a real job folder."""

import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from storage.evolutions import Evolution, add_evolutions
from storage.jobs import add_job
from storage.ledger import add_responses
from storage.records import Response
from storage.samples import add_samples
from storage.seeds import add_seeds
from tests.conftest import fill, make_sample, make_seed
from workbench.generation.limits import Limits, load_limits
from workbench.jobs.folder import JobState
from workbench.jobs.process import create_job
from workbench.ui.api import add_routes
from workbench.ui.security import Guard

HOSTILE = '<script>alert("${1}")</script>'


@pytest.fixture
def client(workspace):
    app = FastAPI()
    add_routes(app, workspace)
    app.add_middleware(Guard, host="127.0.0.1")
    return TestClient(app, base_url="http://127.0.0.1:7860")


def make_job(workspace, *, kind="generate", state=JobState.DONE, error=None, price=None):
    params = {
        "model": "good-model",
        "endpoint": {"kind": "url", "base_url": "https://there/v1", "model": "good-model"},
        "endpoint_name": "https://there/v1",
        "prompt": "oss-instruct",
        "price": price,
    }
    folder = create_job(workspace.jobs_dir, kind, params)
    Limits(concurrency=3).save(folder.path)
    folder.progress(done=1, total=3, phase="generating")
    folder.finish(state, error=error)
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, kind)
    return folder


def answer(workspace, folder, key, *, reason=None, raw="{}", received_at=None, **changed):
    values = {
        "key": key,
        "seed_id": f"seed-{key}",
        "prompt_id": "p1",
        "endpoint": "https://there/v1",
        "model": "good-model",
        "parameters": {"temperature": 0},
        "raw": raw,
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "seconds": 1.5,
        "cost": 0.25,
        "received_at": received_at or time.time(),
    }
    response = Response(**{**values, **changed})
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed(response.seed_id)], job_id="draw-1")
        add_responses(cursor, [(response, reason)], job_id=folder.id, parser=1)


def test_a_job_is_told_with_its_yield_its_money_and_its_failures(client, workspace):
    folder = make_job(workspace, price={"input": 1.0, "output": 2.0})
    answer(workspace, folder, "a")
    answer(workspace, folder, "b", reason="cut_off")
    lost = {"failure": "timed_out", "cost": None, "reserved": 0.5}
    answer(workspace, folder, "c", reason="timed_out", **lost)
    told = client.get("/api/generate/jobs").json()
    job = told["jobs"][0]
    assert (job["id"], job["state"], job["model"]) == (folder.id, "done", "good-model")
    assert (job["gave"], job["cost"], job["unpriced"], job["at_most"]) == (1, 0.5, 1, 0.5)
    assert job["reasons"] == {"cut_off": {"answered": 1}, "timed_out": {"unknown": 1}}
    assert (job["priced"], job["free"]) == (True, False)
    assert (told["older_readings"], told["more"]) == (1, False)


def test_jobs_of_other_kinds_are_not_among_them(client, workspace):
    create_job(workspace.jobs_dir, "draw", {}).finish(JobState.DONE)
    judged = make_job(workspace, kind="judge")
    assert [job["id"] for job in client.get("/api/generate/jobs").json()["jobs"]] == [judged.id]


def test_the_job_that_is_named_is_told_however_old_it_is(client, workspace):
    folders = {make_job(workspace).id for _ in range(3)}
    first = client.get("/api/generate/jobs?limit=1").json()
    assert (len(first["jobs"]), first["more"]) == (1, True)
    for name in folders:
        told = client.get(f"/api/generate/jobs?limit=1&job={name}").json()["jobs"]
        assert name in [job["id"] for job in told]
    assert len(client.get("/api/generate/jobs?limit=1&job=nobody").json()["jobs"]) == 1


def test_failures_come_a_page_at_a_time_and_each_once(client, workspace):
    folder = make_job(workspace)
    for number in range(53):
        answer(workspace, folder, f"k{number:02}", reason="cut_off")
    path = f"/api/generate/jobs/{folder.id}/failures"
    page = client.get(path, params={"reason": "cut_off"}).json()
    assert (len(page["rows"]), page["more"]) == (50, True)
    after = page["rows"][-1]["key"]
    rest = client.get(path, params={"reason": "cut_off", "after": after}).json()
    assert ([row["key"] for row in rest["rows"]], rest["more"]) == (["k50", "k51", "k52"], False)
    assert rest["rows"][0]["start"].startswith("def seed-k50")
    assert client.get(path, params={"reason": "other"}).json()["rows"] == []


def test_a_request_opens_down_to_every_raw_answer_as_it_was(client, workspace):
    folder = make_job(workspace)
    lost = {"failure": "timed_out", "cost": None}
    answer(workspace, folder, "a", reason="timed_out", raw="", received_at=1000.0, **lost)
    answer(workspace, folder, "a", reason="not_json", raw=HOSTILE, received_at=2000.0)
    told = client.get("/api/generate/requests/a").json()
    assert [one["raw"] for one in told["answers"]] == [HOSTILE, ""]
    assert [one["outcome"] for one in told["answers"]] == ["answered", "timed_out"]
    assert told["seed"]["path"] == "src/seed-a.py"
    assert (told["request"]["reason"], told["request"]["model"]) == ("not_json", "good-model")
    missing = client.get("/api/generate/requests/nothing")
    assert (missing.status_code, "no request 'nothing'" in missing.json()["error"]) == (400, True)


def test_a_huge_answer_is_shown_from_its_beginning_with_its_length(client, workspace):
    folder = make_job(workspace)
    answer(workspace, folder, "a", reason="too_large", raw="x" * 300_000)
    shown = client.get("/api/generate/requests/a").json()["answers"][0]
    assert (len(shown["raw"]), shown["characters"]) == (200_000, 300_000)


def test_other_limits_are_checked_before_a_job_goes_on_with_them(client, workspace):
    folder = make_job(workspace, state=JobState.PAUSED, error="The cap is reached.")
    assert client.get(f"/api/generate/jobs/{folder.id}/limits").json()["concurrency"] == 3
    path = f"/api/generate/jobs/{folder.id}/resume"
    refused = client.post(path, json={"limits": {"concurrency": 0}})
    assert (refused.status_code, "at once" in refused.json()["error"]) == (400, True)
    refused = client.post(path, json={"limits": {"concurrency": 2, "max_cost": -1}})
    assert "no limit for max cost" in refused.json()["error"]
    assert load_limits(folder.path).concurrency == 3
    assert folder.state() == "paused"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("jobs/nobody/pause", "does not exist"),
        ("jobs/nobody/resume", "does not exist"),
        ("jobs/..%2F..%2Fetc/resume", "does not exist|Not Found"),
    ],
)
def test_a_job_that_is_not_there_is_one_sentence(client, path, words):
    answered = client.post(f"/api/generate/{path}", json={})
    assert answered.status_code in (400, 404)
    assert any(part in str(answered.json()) for part in words.split("|"))


def test_a_job_that_has_ended_is_neither_paused_nor_resumed(client, workspace):
    folder = make_job(workspace)
    for what, words in (("pause", "is not running"), ("resume", "is done")):
        answered = client.post(f"/api/generate/jobs/{folder.id}/{what}", json={})
        assert (answered.status_code, words in answered.json()["error"]) == (400, True)


def test_answers_that_an_older_parser_refused_are_read_again(client, workspace):
    folder = make_job(workspace)
    text = "[Problem Description]\\nAdd.\\n\\n[Solution]\\n```python\\nprint(1)\\n```"
    choice = '{"finish_reason": "stop", "message": {"content": "' + text + '"}}'
    answer(workspace, folder, "a", reason="no_code_block", raw='{"choices": [' + choice + "]}")
    answer(workspace, folder, "b", reason="cut_off", raw="no JSON")
    assert client.post("/api/generate/parse-again").json() == {"seen": 2, "gained": 1}
    told = client.get("/api/generate/jobs").json()
    assert (told["older_readings"], told["samples"], told["jobs"][0]["gave"]) == (0, 1, 1)


def test_the_newest_samples_are_safe_html_beside_what_they_came_from(client, workspace):
    fill(workspace, 2)
    hostile = make_sample("bad", "seed0", problem=HOSTILE, solution=HOSTILE)
    child = make_sample("child", "seed1")
    with workspace.database.transaction() as cursor:
        add_samples(cursor, [(hostile, "m"), (child, "m")])
        add_evolutions(cursor, [Evolution("child", "s1", 1, "add_constraints", 1, "k")])
    told = client.get("/api/generate/newest?size=2").json()
    assert [one["id"] for one in told] == ["child", "bad"]
    assert told[0]["origin"]["title"] == "Parent"
    assert "adds one" in told[0]["origin"]["html"]
    assert told[1]["origin"]["place"] == "toolbox · src/seed0.py"
    assert "<script" not in str(told)


def test_prices_are_saved_and_forgotten(client):
    saved = client.post("/api/prices", json={"model": "m", "input": 1, "output": 2}).json()
    assert saved == [{"model": "m", "price": {"input": 1, "output": 2}, "origin": "typed in"}]
    half = client.post("/api/prices", json={"model": "m", "input": 1})
    assert (half.status_code, "One price is missing" in half.json()["error"]) == (400, True)
    assert client.post("/api/prices", json={"model": "m"}).json() == []
