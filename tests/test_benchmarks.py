"""The throughput benchmark measures what it says: its endpoint's clock, limits and counts."""

import json
import socket
import time
from http.client import HTTPConnection

import pytest

from benchmarks.clients import Assignment, Client, Command, Outcome, winnow
from benchmarks.endpoint import read_answer
from benchmarks.endpoint_process import run_endpoint
from benchmarks.report import throughput_table
from benchmarks.run import Conditions, measure
from benchmarks.work import make_work
from storage.errors import WinnowError

QUESTION = b'{"messages": [{"role": "user", "content": "?"}]}'


def ask(port, body=QUESTION):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", "/v1/chat/completions", body)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_an_answer_is_a_whole_sample_and_leaves_when_the_latency_is_over():
    with run_endpoint(latency=0.3) as endpoint:
        started = time.monotonic()
        status, _, body = ask(endpoint.port)
        taken = time.monotonic() - started
        stats = endpoint.stats()
    choice = json.loads(body)["choices"][0]
    assert (status, choice["finish_reason"]) == (200, "stop")
    assert choice["message"]["content"] == read_answer()
    problem, label, solution = read_answer().partition("[Solution]")
    assert problem.startswith("[Problem Description]") and label and "```python" in solution
    assert 0.3 <= taken < 0.6
    assert (stats.requests, stats.billed, stats.answered, stats.rejected) == (1, 1, 1, 0)


def test_requests_under_way_at_once_each_wait_their_own_latency():
    with run_endpoint(latency=0.3) as endpoint:
        connections = [HTTPConnection("127.0.0.1", endpoint.port, timeout=10) for _ in range(20)]
        started = time.monotonic()
        for connection in connections:
            connection.request("POST", "/v1/chat/completions", QUESTION)
        assert [connection.getresponse().status for connection in connections] == [200] * 20
        assert time.monotonic() - started < 0.9
        assert endpoint.stats().peak_concurrency == 20


def test_a_request_may_arrive_in_pieces_and_a_connection_serves_many():
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    request = head % len(QUESTION) + QUESTION
    with run_endpoint(latency=0) as endpoint:
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=10) as connection:
            for _ in range(2):
                for piece in (request[:30], request[30:90], request[90:]):
                    connection.sendall(piece)
                    time.sleep(0.01)
                received = b""
                while not received.endswith(b"}}"):
                    received += connection.recv(65536)
                assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert endpoint.stats().answered == 2


def test_beyond_the_rate_requests_are_turned_away_and_not_billed():
    with run_endpoint(latency=0, requests_per_minute=60) as endpoint:
        first, second = ask(endpoint.port), ask(endpoint.port)
        assert (first[0], second[0]) == (200, 429)
        time.sleep(int(second[1]["Retry-After"]))
        assert ask(endpoint.port)[0] == 200
        stats = endpoint.stats()
    assert (stats.requests, stats.billed, stats.rejected) == (3, 2, 1)


def test_beyond_the_most_at_once_requests_are_turned_away():
    with run_endpoint(latency=0.5, max_concurrent=1) as endpoint:
        waiting = HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
        waiting.request("POST", "/v1/chat/completions", QUESTION)
        while not endpoint.stats().billed:
            time.sleep(0.01)
        assert ask(endpoint.port)[0] == 429
        assert waiting.getresponse().status == 200


def test_a_probe_without_messages_costs_nothing():
    with run_endpoint(latency=0) as endpoint:
        assert ask(endpoint.port, b'{"messages": []}')[0] == 400
        stats = endpoint.stats()
    assert (stats.requests, stats.probes, stats.billed) == (0, 1, 0)


def test_the_ideal_is_latency_over_slots_or_the_rate_after_its_first_second():
    assert Conditions(latency=1.0, concurrency=8).ideal_seconds(160) == 20.0
    assert Conditions(latency=1.0, concurrency=64, rate=600).ideal_seconds(300) == 30.0


def test_winnow_answers_everything_once_and_is_measured(tmp_path):
    conditions = Conditions(latency=0.1, concurrency=4)
    done = measure(winnow(), make_work(12), conditions, folder=tmp_path)
    assert (done.endpoint.billed, done.endpoint.peak_concurrency) == (12, 4)
    assert 0 < done.share <= 1
    assert done.usage.peak_mb > 10
    assert "| 4 | Winnow | 12 |" in throughput_table([[done]], loop="")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({}, "lacks the answers to 2 of 2 questions, question-000000 first"),
        ({"question-000000": read_answer(), "question-000001": "cut off"}, "question-000001 first"),
        ({f"question-00000{n}": read_answer() for n in range(2)}, "the endpoint counted"),
    ],
)
def test_a_client_that_lacks_an_answer_or_asked_something_else_is_refused(tmp_path, texts, words):
    def prepare(assignment: Assignment) -> Command:
        return Command(["true"], {"PATH": "/usr/bin:/bin"})

    client = Client("liar", "nowhere", prepare, lambda assignment: Outcome(texts, time.time()))
    with pytest.raises(WinnowError, match=words):
        measure(client, make_work(2), Conditions(0.0, 1), folder=tmp_path)
