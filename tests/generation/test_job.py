"""The sender's process against an endpoint that does whatever endpoints do."""

import json
import os
import signal
import time
from email.utils import formatdate

import pytest

from storage.errors import WinnowError
from tests.generation.conftest import ANSWER, Reply, chat_body, error_body, make_seed
from workbench.generation.answers import read_answers
from workbench.generation.job import run
from workbench.generation.limits import load_limits
from workbench.jobs.folder import JobFolder, JobPaused
from workbench.jobs.process import is_ended, request_stop, start_job

KEY = "sk-secret-123"
PROPER = chat_body(ANSWER.format(n=0))
PRICE = {"input": 1.0, "output": 2.0}
COST = (100 * 1.0 + 50 * 2.0) / 1e6  # of a proper answer


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINNOW_API_KEY", KEY)


def answers(folder: JobFolder) -> list:
    return list(read_answers(folder.path))


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def test_each_seed_is_asked_once_and_counted(serve, make_job) -> None:
    server = serve()
    folder = make_job(server.url, seeds=5, price=PRICE)
    run(folder)
    assert len(server.asked) == server.billed == 5
    assert server.asked[0]["temperature"] == 0 and server.asked[0]["max_tokens"] == 2500
    assert {one.seed_id for one in answers(folder)} == {f"seed-{n}" for n in range(5)}
    last = folder.last_progress()
    assert (last["phase"], last["done"], last["ok"], last["failed"]) == ("generating", 5, 5, {})
    assert (last["prompt_tokens"], last["completion_tokens"]) == (500, 250)
    assert last["cost"] == pytest.approx(5 * COST)
    assert (last["unpriced"], last["uncertain"]) == (0, 0)


def test_no_key_is_in_any_file_of_the_job(serve, make_job) -> None:
    server = serve(Reply(error_body(f"you sent {KEY}"), 400), Reply(PROPER.replace("Add", KEY)))
    folder = make_job(server.url, seeds=3)
    run(folder)
    assert server.keys == {f"Bearer {KEY}"}
    files = [file for file in folder.path.rglob("*") if file.is_file()]
    assert len(files) > 4
    for file in files:
        assert KEY.encode() not in file.read_bytes(), file


def test_an_unknown_price_is_an_unknown_cost(serve, make_job) -> None:
    folder = make_job(serve(Reply(chat_body("x", usage=None))).url, seeds=2)
    run(folder)
    assert folder.last_progress()["cost"] is None
    assert sorted(one.prompt_tokens for one in answers(folder)) == [0, 100]


def test_an_answer_without_usage_has_an_uncertain_cost(serve, make_job) -> None:
    folder = make_job(serve(Reply(chat_body("x", usage=None))).url, seeds=2, price=PRICE)
    run(folder)
    last = folder.last_progress()
    assert (last["cost"], last["unpriced"]) == (pytest.approx(COST), 1)
    # No token is less than a byte, and no answer is longer than it may be.
    assert last["uncertain"] > (900 * 1.0 + 2500 * 2.0) / 1e6


NOT_PAID, UNKNOWN = "not paid", "unknown"
LOST = ("connection_lost", 1, UNKNOWN)


@pytest.mark.parametrize(
    ("reply", "reason", "tries", "outcome"),
    [
        (Reply(error_body("bad", code="x"), 400), "bad_request", 1, NOT_PAID),
        (
            Reply(error_body("l", code="context_length_exceeded"), 400),
            "prompt_too_long",
            1,
            NOT_PAID,
        ),
        (Reply("<html>hi</html>", billed=False), "not_json", 1, UNKNOWN),
        (Reply(PROPER[:-9]), "not_json", 1, UNKNOWN),
        (Reply(PROPER, cut=True), "connection_lost", 1, UNKNOWN),
        (Reply("", reset=True, billed=False), "connection_lost", 1, UNKNOWN),
        (Reply(PROPER, reset=True, delay=0.2, billed=True), "connection_lost", 1, UNKNOWN),
        (Reply(PROPER, delay=1.5), "timed_out", 1, UNKNOWN),
        (
            Reply(json.dumps({"error": {"message": "m", "code": 400}}), billed=False),
            "bad_request",
            1,
            NOT_PAID,
        ),
        (Reply(PROPER, headers={"Content-Encoding": "gzip"}), "too_large", 1, UNKNOWN),
        (Reply(" " * 17_000_000), "too_large", 1, UNKNOWN),
        (Reply("", 307, {"Location": "http://127.0.0.1:9/v1"}), "bad_request", 1, NOT_PAID),
        (Reply(wire=b"nonsense\r\n\r\n"), "connection_lost", 1, UNKNOWN),
        (Reply(wire=b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"), *LOST),
        (Reply(wire=b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n{}"), *LOST),
        (Reply(wire=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\na"), *LOST),
        (Reply(json.dumps({"choices": []})), "no_choices", 1, "paid, no usage"),
        (Reply(chat_body(None)), "no_content", 1, "paid"),
        (Reply(chat_body([{"type": "image"}])), "not_text", 1, "paid"),
        (Reply(chat_body("abc", finish="length")), "cut_off", 1, "paid"),
        (Reply(chat_body("abc", finish="content_filter")), "content_filtered", 1, "paid"),
        (Reply(chat_body(None, refusal="no")), "refused", 1, "paid"),
        (
            Reply(chat_body("a", usage={"prompt_tokens": -1})),
            "no_problem_label",
            1,
            "paid, no usage",
        ),
        (Reply(error_body("later"), 429, {"Retry-After": "0"}), None, 2, "paid"),
        (Reply("oops", 500), None, 2, "paid"),
        (Reply("oops", 503, {"Retry-After": "0.1"}), None, 2, "paid"),
        (Reply("{}", 429, {"Retry-After": "nonsense"}), None, 2, "paid"),
        (Reply("{}", 429), None, 2, "paid"),
        (Reply("{}", 429, {"Retry-After": formatdate(usegmt=True)}), None, 2, "paid"),
        (
            Reply(chat_body("[Problem Description]\nA\ud800\0\n[Solution]\n```\nx\n```")),
            None,
            1,
            "paid",
        ),
    ],
)
def test_each_outcome_has_its_state_and_the_bill_is_what_we_say(
    serve, make_job, reply: Reply, reason: str | None, tries: int, outcome: str
) -> None:
    server = serve(reply)
    folder = make_job(server.url, answer_seconds=1.0, price=PRICE)
    run(folder)
    assert len(server.asked) == tries
    last = folder.last_progress()
    assert (last["done"], last["ok"]) == (1, 0 if reason else 1)
    assert last["failed"] == ({reason: 1} if reason else {})
    (one,) = answers(folder)
    match outcome:
        case "not paid":
            assert (one.cost, server.billed) == (0, 0)
        case "unknown":
            assert one.cost is None and one.failure == reason and one.reserved > 0
        case "paid, no usage":
            assert one.cost is None and one.failure is None and server.billed == 1
        case "paid":
            assert one.cost == pytest.approx(COST) and server.billed == 1


def test_the_servers_bill_is_within_our_ledger_whatever_happens(serve, make_job) -> None:
    replies = [
        Reply(PROPER, cut=True),
        Reply("{}", 429, {"Retry-After": "0.1"}),
        Reply(PROPER),
        Reply("oops", 500),
        Reply(PROPER, reset=True, billed=True),
        Reply("", reset=True, billed=False),
        Reply("<html>", billed=False),
    ]
    server = serve(*replies * 3)
    folder = make_job(server.url, seeds=40, price=PRICE, concurrency=4)
    run(folder)
    every = answers(folder)
    known = [one for one in every if one.cost]
    unknown = [one for one in every if one.cost is None]
    assert len({one.key for one in every}) == len(every) == 40
    # Everything billed is either an answer that we have or a try that we call uncertain.
    assert len(known) <= server.billed <= len(known) + len(unknown)
    assert len(unknown) == 12 and server.billed == len(known) + 6
    assert len(server.asked) == 40 + 6  # refused ones were asked again, nothing else


def test_an_unknown_outcome_is_sent_again_only_as_often_as_allowed(serve, make_job) -> None:
    server = serve(*[Reply(PROPER, reset=True, billed=True)] * 4)
    folder = make_job(server.url, seeds=5, concurrency=1, resend_unknown=3, price=PRICE)
    run(folder)
    assert len(server.asked) == 5 + 3
    outcomes = [one.failure for one in answers(folder)]
    assert outcomes.count("connection_lost") == 4  # each of them is recorded, as it may be paid
    assert outcomes.count(None) == 4
    last = folder.last_progress()
    assert (last["done"], last["ok"], last["unpriced"]) == (5, 4, 4)
    run(folder)  # a resume alone does not send it again
    assert len(server.asked) == 8


def test_somebody_can_ask_for_a_reason_again(serve, make_job) -> None:
    server = serve(Reply(PROPER, delay=1.2), Reply(PROPER, cut=True))
    folder = make_job(server.url, seeds=3, concurrency=1, answer_seconds=1.0)
    run(folder)
    limits = {"concurrency": 1, "retry": ["timed_out"]}
    (folder.path / "limits.json").write_text(json.dumps(limits))
    assert load_limits(folder.path).retry == ("timed_out",)
    run(folder)
    assert [body["messages"] for body in server.asked[3:]] == [server.asked[0]["messages"]]
    assert folder.last_progress()["failed"] == {"connection_lost": 1}


def test_a_rest_is_obeyed_by_every_request(serve, make_job) -> None:
    server = serve(Reply("{}", 429, {"Retry-After": "1"}))
    start = time.monotonic()
    run(make_job(server.url, seeds=6, concurrency=2))
    assert time.monotonic() - start >= 1.0
    assert len(server.asked) == 7


def test_a_rest_without_end_pauses_the_job_too(serve, make_job) -> None:
    server = serve(Reply("{}", 429, {"Retry-After": "1e308"}))
    with pytest.raises(JobPaused, match="asks to wait until"):
        run(make_job(server.url))


def test_a_long_rest_pauses_the_job_and_is_remembered(serve, make_job) -> None:
    server = serve(Reply("{}", 429, {"Retry-After": "3600"}))
    folder = make_job(server.url, seeds=4, concurrency=1)
    with pytest.raises(JobPaused, match=r"asks to wait until \d\d:\d\d on .*: resume then"):
        run(folder)
    assert len(server.asked) == 1
    with pytest.raises(JobPaused, match="asks to wait until"):
        run(folder)
    assert len(server.asked) == 1  # another process, and it still rests
    (folder.path / "rest.json").write_text(json.dumps({"until": time.time() + 0.5}))
    run(folder)
    assert len(server.asked) == 5 and folder.last_progress()["ok"] == 4


def test_an_endpoint_that_limits_its_rate_gets_everything_in_the_end(serve, make_job) -> None:
    refusals = [Reply("{}", 429, {"Retry-After": "0.05"})] * 3
    server = serve(*[*refusals, Reply(PROPER), Reply(PROPER)] * 6)
    folder = make_job(server.url, seeds=30, concurrency=8)
    run(folder)
    assert folder.last_progress()["ok"] == 30
    assert len(server.asked) == 48


def test_requests_per_minute_are_kept(serve, make_job) -> None:
    server = serve()
    start = time.monotonic()
    run(make_job(server.url, seeds=12, concurrency=12, requests_per_minute=240))
    # 4 a second; a second's worth may go out at once.
    assert time.monotonic() - start >= (12 - 1 - 4) / 4
    assert server.most_under_way <= 6


def test_tokens_per_minute_are_kept(serve, make_job) -> None:
    server = serve()
    start = time.monotonic()
    run(make_job(server.url, seeds=8, concurrency=8, tokens_per_minute=150 * 60 * 4))
    assert time.monotonic() - start >= 0.5
    assert len(server.asked) == 8


def test_a_cap_on_money_is_never_passed(serve, make_job) -> None:
    server = serve()
    one_at_most = 0.0060  # what a request of this size may cost; it comes to 0.0002
    folder = make_job(server.url, seeds=50, concurrency=4, price=PRICE, max_cost=one_at_most + COST)
    with pytest.raises(JobPaused, match=r"above its cap of 0\.01 US dollars: raise the cap"):
        run(folder)
    assert 1 <= len(server.asked) < 50
    assert server.billed * COST <= one_at_most + COST
    before = len(server.asked)
    (folder.path / "limits.json").write_text(json.dumps({"concurrency": 4, "max_cost": 1.0}))
    run(folder)
    assert len(server.asked) == 50 > before
    assert folder.last_progress()["cost"] == pytest.approx(50 * COST)


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
def test_a_refusal_for_good_pauses_the_job_with_one_sentence(
    serve, make_job, reply: Reply, sentence: str
) -> None:
    server = serve(*[reply] * 20)
    folder = make_job(server.url, seeds=20, concurrency=3)
    with pytest.raises(JobPaused, match=sentence) as caught:
        run(folder)
    assert server.url in str(caught.value) and KEY not in str(caught.value)
    assert len(server.asked) <= 4


def test_a_paused_job_says_so_and_goes_on_when_it_is_started_again(serve, make_job) -> None:
    server = serve(Reply(error_body("no"), 401))
    folder = make_job(server.url, seeds=3, concurrency=1)
    for state in ("paused", "done"):
        start_job(folder, secrets={"WINNOW_API_KEY": KEY})
        wait_for(lambda: is_ended(folder.state()))
        assert folder.state() == state
        assert ("refuses the API key" in folder.result().get("error", "")) == (state == "paused")
    assert len(server.asked) == 4 and server.billed == 3


def test_an_endpoint_that_is_not_there_pauses_the_job(make_job) -> None:
    folder = make_job("http://127.0.0.1:9/v1", seeds=50, concurrency=8)
    with pytest.raises(JobPaused, match=r"http://127\.0\.0\.1:9/v1 cannot be reached"):
        run(folder)
    assert {one.failure for one in answers(folder)} <= {"unreachable"}


def test_an_endpoint_that_only_fails_is_not_asked_for_ever(serve, make_job) -> None:
    server = serve(*[Reply(error_body("no such field"), 400)] * 100)
    with pytest.raises(JobPaused, match=r"does not accept the request\. It says: no such field"):
        run(make_job(server.url, seeds=100))
    assert len(server.asked) <= 12


def test_a_resumed_job_asks_only_for_what_certainly_failed_or_is_missing(serve, make_job) -> None:
    server = serve(Reply("{}", 400), Reply(chat_body("no labels")), Reply(PROPER, cut=True))
    folder = make_job(server.url, seeds=5, concurrency=1)
    run(folder)
    assert len(server.asked) == 5
    last = sorted((folder.path / "answers").iterdir())[-1]
    last.rename(last.with_suffix(".tmp"))  # killed while writing the fifth
    (folder.path / "sent.jsonl").unlink()  # as if it had not been sent
    run(folder)
    assert [body["messages"] for body in server.asked[5:]] == [
        server.asked[0]["messages"],  # it certainly failed
        server.asked[4]["messages"],  # its answer was not on disk
    ]
    counts = folder.last_progress()
    assert (counts["done"], counts["ok"]) == (5, 3)
    assert counts["failed"] == {"no_problem_label": 1, "connection_lost": 1}
    run(folder)
    assert len(server.asked) == 7


def test_equal_snippets_are_paid_for_once(serve, make_job) -> None:
    server = serve()
    seeds = [make_seed(0), make_seed(7, make_seed(0).snippet)]
    folder = make_job(server.url, seeds=seeds)
    run(folder)
    assert len(server.asked) == 1


def test_a_hostile_seed_is_sent_as_it_can_be(serve, make_job) -> None:
    server = serve()
    run(make_job(server.url, seeds=[make_seed(1, "a\ud800\0{snippet}```" * 1000)]))
    assert "a\ufffd\ufffd{snippet}```a" in server.asked[0]["messages"][1]["content"]


@pytest.mark.parametrize(("pause", "state"), [(False, "cancelled"), (True, "paused")])
def test_a_stop_sends_nothing_more_and_keeps_what_arrives(serve, make_job, pause, state) -> None:
    server = serve(*[Reply(PROPER, delay=1.0)] * 40)
    folder = make_job(server.url, seeds=40, concurrency=2)
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    wait_for(lambda: len(server.asked) >= 2)
    request_stop(folder, pause=pause)
    wait_for(lambda: is_ended(folder.state()))
    assert folder.state() == state
    assert len(server.asked) <= 4
    assert len(answers(folder)) == len(server.asked)  # paid for, so kept


def test_what_was_under_way_at_a_kill_is_recorded_and_sent_again(serve, make_job) -> None:
    server = serve(*[Reply(PROPER, delay=0.1)] * 30)
    folder = make_job(server.url, seeds=30, concurrency=2, price=PRICE)
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    wait_for(lambda: len(answers(folder)) >= 5)
    os.kill(int((folder.path / "pid").read_text()), signal.SIGKILL)
    wait_for(lambda: is_ended(folder.state()))
    assert folder.state() == "interrupted"
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    wait_for(lambda: is_ended(folder.state()))
    assert folder.state() == "done"
    every = answers(folder)
    interrupted = [one for one in every if one.failure == "interrupted"]
    assert len({one.key for one in every}) == 30
    assert len(server.asked) == 30 + len(interrupted) <= 32
    assert all(one.reserved > 0 and one.cost is None for one in interrupted)
    last = folder.last_progress()
    assert (last["done"], last["ok"], last["unpriced"]) == (30, 30, len(interrupted))


def test_a_second_sender_of_a_job_is_refused(serve, make_job) -> None:
    server = serve(*[Reply(PROPER, delay=0.5)] * 4)
    folder = make_job(server.url, seeds=4)
    start_job(folder, secrets={"WINNOW_API_KEY": KEY})
    with pytest.raises(WinnowError, match="is running already"):
        start_job(folder)
    wait_for(lambda: is_ended(folder.state()))
    assert len(server.asked) == 4


def test_wrong_parameters_have_one_clear_sentence(make_job) -> None:
    with pytest.raises(WinnowError, match="no http address"):
        run(make_job(endpoint={"kind": "url", "base_url": "localhost", "model": "m"}))
    with pytest.raises(WinnowError, match="has no requests"):
        run(make_job("http://h/v1", seeds=0))
    with pytest.raises(WinnowError, match="kind 'x' is unknown"):
        run(make_job(endpoint={"kind": "x", "model": ""}))


def test_keys_that_another_job_answered_are_not_asked_for(serve, make_job) -> None:
    server = serve()
    folder = make_job(server.url, seeds=4)
    lines = (folder.path / "requests.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    (folder.path / "elsewhere.json").write_text(json.dumps(keys[1:3]))
    run(folder)
    assert {one.seed_id for one in answers(folder)} == {"seed-0", "seed-3"}
    last = folder.last_progress()
    assert (last["done"], last["total"], last["reused"]) == (2, 2, 2)
