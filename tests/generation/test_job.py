import json
import os
import signal
import time
from dataclasses import asdict
from email.utils import formatdate

import pytest

from storage.errors import WinnowError
from tests.generation.conftest import ANSWER, Reply, chat_body, error_body, make_seed
from workbench.generation.endpoint import Endpoint
from workbench.generation.job import run
from workbench.generation.ledger import read_responses
from workbench.generation.prompts import load_prompt
from workbench.generation.requests import build_requests
from workbench.jobs.folder import JobFolder, append_line, read_lines
from workbench.jobs.process import is_ended, request_stop, start_job

KEY = "sk-secret-123"
PROPER = chat_body(ANSWER.format(n=0))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_API_KEY", KEY)


def responses(folder: JobFolder) -> list:
    return list(read_responses(folder.path / "responses.jsonl"))


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def test_each_seed_is_asked_once_and_counted(serve, make_job) -> None:
    server = serve()
    folder = make_job(server.url, seeds=5, price={"input": 1.0, "output": 2.0})
    run(folder)
    assert len(server.asked) == 5
    assert server.asked[0]["temperature"] == 0 and server.asked[0]["max_tokens"] == 2500
    assert {r.seed_id for r in responses(folder)} == {f"seed-{n}" for n in range(5)}
    last = folder.last_progress()
    assert (last["phase"], last["done"], last["ok"], last["failed"]) == ("generating", 5, 5, {})
    assert (last["prompt_tokens"], last["completion_tokens"]) == (500, 250)
    assert last["cost"] == pytest.approx(5 * (100 * 1.0 + 50 * 2.0) / 1e6)


def test_no_key_is_in_any_file_of_the_job(serve, make_job) -> None:
    server = serve(Reply(error_body(f"you sent {KEY}"), 400), Reply(PROPER.replace("Add", KEY)))
    folder = make_job(server.url, seeds=3)
    run(folder)
    assert server.keys == {f"Bearer {KEY}"}
    for file in folder.path.iterdir():
        assert KEY.encode() not in file.read_bytes(), file


def test_an_unknown_price_is_an_unknown_cost(serve, make_job) -> None:
    folder = make_job(serve(Reply(chat_body("x", usage=None))).url, seeds=2)
    run(folder)
    assert folder.last_progress()["cost"] is None
    assert sorted(r.prompt_tokens for r in responses(folder)) == [0, 100]


@pytest.mark.parametrize(
    ("reply", "reason", "tries"),
    [
        (Reply(error_body("bad", code="x"), 400), "bad_request", 1),
        (Reply(error_body("l", code="context_length_exceeded"), 400), "prompt_too_long", 1),
        (Reply("<html>hi</html>"), "not_json", 1),
        (Reply(PROPER[:-9]), "not_json", 1),
        (Reply(PROPER, cut=True), "connection_lost", 1),
        (Reply(PROPER, delay=1.5), "timed_out", 1),
        (Reply(json.dumps({"error": {"message": "m", "code": 400}})), "bad_request", 1),
        (Reply(error_body("wait", code="r"), 429, {"Retry-After": "3600"}), "rate_limited", 1),
        (Reply(json.dumps({"choices": []})), "no_choices", 1),
        (Reply(chat_body(None)), "no_content", 1),
        (Reply(chat_body("abc", finish="length")), "cut_off", 1),
        (Reply(chat_body("a", usage={"prompt_tokens": -1})), "no_problem_label", 1),
        (Reply(error_body("later"), 429, {"Retry-After": "0"}), None, 2),
        (Reply("oops", 500), None, 2),
        (Reply("oops", 503, {"Retry-After": "0.1"}), None, 2),
        (Reply("{}", 429, {"Retry-After": "nonsense"}), None, 2),
        (Reply("{}", 429, {"Retry-After": formatdate(usegmt=True)}), None, 2),
        (Reply(chat_body("[Problem Description]\nA\ud800\0\n[Solution]\n```\nx\n```")), None, 1),
    ],
)
def test_each_failure_has_its_reason_and_only_certain_ones_are_retried(
    serve, make_job, reply: Reply, reason: str | None, tries: int
) -> None:
    server = serve(reply)
    folder = make_job(server.url, timeout=1.0)
    run(folder)
    assert len(server.asked) == tries
    last = folder.last_progress()
    assert (last["done"], last["ok"]) == (1, 0 if reason else 1)
    assert last["failed"] == ({reason: 1} if reason else {})


def test_retry_after_is_obeyed(serve, make_job) -> None:
    server = serve(Reply("{}", 429, {"Retry-After": "1"}))
    start = time.monotonic()
    run(make_job(server.url))
    assert 1.0 <= time.monotonic() - start < 4.0


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(error_body(f"bad key {KEY}"), 401), "refuses the API key: check WINNOW_API_KEY"),
        (Reply("", 403), "refuses the API key"),
        (Reply(error_body("x", type="insufficient_quota"), 429), "quota is used up"),
        (Reply("", 402), "quota is used up"),
        (Reply(error_body("x"), 404), "does not know the model good-model"),
    ],
)
def test_a_refusal_for_good_stops_the_job_with_one_sentence(
    serve, make_job, reply: Reply, sentence: str
) -> None:
    server = serve(*[reply] * 20)
    folder = make_job(server.url, seeds=20, concurrency=3)
    with pytest.raises(WinnowError, match=sentence) as caught:
        run(folder)
    assert server.url in str(caught.value) and KEY not in str(caught.value)
    assert len(server.asked) <= 4


def test_an_endpoint_that_is_not_there_stops_the_job(make_job) -> None:
    folder = make_job("http://127.0.0.1:9/v1", seeds=50, concurrency=8)
    with pytest.raises(WinnowError, match=r"http://127\.0\.0\.1:9/v1 cannot be reached"):
        run(folder)
    assert {r.failure for r in responses(folder)} <= {"unreachable"}


def test_an_endpoint_that_only_fails_is_not_asked_for_ever(serve, make_job) -> None:
    server = serve(*[Reply(error_body("no such field"), 400)] * 100)
    with pytest.raises(WinnowError, match=r"does not accept the request\. It says: no such field"):
        run(make_job(server.url, seeds=100))
    assert len(server.asked) <= 12


def test_a_resumed_job_asks_only_for_what_failed_or_is_missing(serve, make_job) -> None:
    server = serve(Reply("<p>", 200), Reply(chat_body("no labels")))
    folder = make_job(server.url, seeds=4, concurrency=1)
    run(folder)
    assert len(server.asked) == 4
    path = folder.path / "responses.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:40])  # killed while writing the fourth
    run(folder)
    assert [body["messages"] for body in server.asked[4:]] == [
        server.asked[0]["messages"],  # it failed
        server.asked[3]["messages"],  # its answer was not complete on disk
    ]
    assert all(line.endswith(b"\n") and json.loads(line) for line in path.open("rb"))
    last = folder.last_progress()
    assert (last["done"], last["ok"], last["failed"]) == (4, 3, {"no_problem_label": 1})
    run(folder)
    assert len(server.asked) == 6


def test_equal_snippets_are_paid_for_once(serve, make_job) -> None:
    server = serve()
    folder = make_job(server.url, seeds=1)
    append_line(folder.path / "seeds.jsonl", asdict(make_seed(7, make_seed(0).snippet)))
    run(folder)
    assert len(server.asked) == 1
    assert (folder.last_progress()["total"], folder.last_progress()["duplicates"]) == (1, 1)


def test_a_hostile_seed_is_sent_as_it_can_be(serve, make_job) -> None:
    server = serve()
    folder = make_job(server.url, seeds=0)
    append_line(folder.path / "seeds.jsonl", asdict(make_seed(1, "a\ud800\0{snippet}```" * 1000)))
    run(folder)
    assert "a\ufffd\ufffd{snippet}```a" in server.asked[0]["messages"][1]["content"]


def test_the_key_of_a_request_is_of_all_that_shapes_its_answer() -> None:
    def key(url="http://h/v1", model="m", api_key="", name="oss-instruct", index=0, **parameters):
        request = build_requests(
            [make_seed(1)],
            load_prompt(name),
            Endpoint(url, model, api_key),
            parameters=parameters,
            sample_index=index,
        )
        return request[0].key

    assert key() == key(api_key="other")
    others = [key(url="http://i/v1"), key(model="n"), key(name="oss-instruct-example")]
    others += [key(index=1), key(temperature=1), key(temperature=1, index=1)]
    assert len({key(), *others}) == 7


def test_a_stop_sends_nothing_more_and_keeps_what_arrives(serve, make_job) -> None:
    server = serve(*[Reply(PROPER, delay=1.0)] * 40)
    folder = make_job(server.url, seeds=40, concurrency=2)
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    wait_for(lambda: len(server.asked) >= 2)
    request_stop(folder)
    wait_for(lambda: is_ended(folder.state()))
    assert folder.state() == "cancelled"
    assert len(server.asked) <= 4
    assert len(responses(folder)) == len(server.asked)  # paid for, so kept


def test_a_job_killed_at_any_moment_asks_again_only_for_what_was_in_flight(serve, make_job) -> None:
    server = serve(*[Reply(PROPER, delay=0.1)] * 30)
    folder = make_job(server.url, seeds=30, concurrency=2)
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    wait_for(lambda: len(list(read_lines(folder.path / "responses.jsonl"))) >= 5)
    os.kill(int((folder.path / "pid").read_text()), signal.SIGKILL)
    wait_for(lambda: is_ended(folder.state()))
    assert folder.state() == "interrupted"
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    wait_for(lambda: is_ended(folder.state()))
    assert folder.state() == "done"
    assert len({r.key for r in responses(folder)}) == 30
    assert len(server.asked) <= 32
    assert folder.last_progress()["done"] == 30


def test_wrong_parameters_have_one_clear_sentence(make_job) -> None:
    with pytest.raises(WinnowError, match="no http address"):
        run(make_job("localhost"))
    with pytest.raises(WinnowError, match="has no seeds"):
        run(make_job("http://h/v1", seeds=0))
    with pytest.raises(WinnowError, match="kind 'x' is unknown"):
        run(make_job(endpoint={"kind": "x"}))


def test_seeds_that_another_job_answered_are_not_asked_about(serve, make_job) -> None:
    server = serve()
    folder = make_job(server.url, seeds=4)
    (folder.path / "elsewhere.json").write_text('["seed-1", "seed-2"]')
    run(folder)
    assert {r.seed_id for r in responses(folder)} == {"seed-0", "seed-3"}
    last = folder.last_progress()
    assert (last["done"], last["total"], last["duplicates"]) == (2, 2, 2)
