"""Evaluations through the command line against a scripted endpoint and a tiny model."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from storage.errors import WinnowError
from training.benchmarks.catalog import load_tasks
from training.endpoint_answers import Endpoint, ask_endpoint, check_url

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-secret-0123"


@contextmanager
def serve(answer: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An endpoint; `answer(request, number)` gives (status, headers, body), or None to hang up."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({**request, "key": self.headers["Authorization"]})
            reply = answer(request, len(asked))
            if reply is None:
                self.connection.close()
                return
            status, headers, body = reply
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()
        server.server_close()


def completion(text: str | None) -> tuple[int, dict[str, str], bytes]:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def evaluate(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "training", "evaluate", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "WINNOW_API_KEY": KEY},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_an_endpoint_is_scored_continued_and_compared(tmp_path: Path) -> None:
    tasks = load_tasks("humaneval", limit=4, cache_dir=tmp_path)
    solutions = {task.question: f"```python\n{task.reference}\n```" for task in tasks}
    first = tasks[0].question

    def answer(request: dict[str, Any], _: int) -> Any:
        question = request["messages"][0]["content"]
        return completion("I do not know." if question == first else solutions[question])

    one, two = tmp_path / "one", tmp_path / "two"
    with serve(answer) as (url, asked):
        run = evaluate("m", "--endpoint", url, "--limit", 4, "--out", one, "--json")
        assert run.returncode == 0, run.stderr
        score = json.loads(run.stdout)
        assert (score["state"], score["passed"], score["tasks"]) == ("done", 3, 4)
        assert score["verdicts"] == {"no_code": 1, "passed": 3}
        assert len(asked) == 4
        assert {request["temperature"] for request in asked} == {0}
        assert {request["key"] for request in asked} == {f"Bearer {KEY}"}
        again = evaluate("m", "--endpoint", url, "--limit", 4, "--out", one, "--json")
        assert json.loads(again.stdout)["passed"] == 3
        assert len(asked) == 4, "what is answered is not asked again"
    kept = b"".join(path.read_bytes() for path in one.iterdir())
    assert KEY.encode() not in kept
    rows = [json.loads(line) for line in (one / "answers.jsonl").read_text().splitlines()]
    assert {tuple(row) for row in rows} == {
        ("model", "task_id", "sample", "prompt", "raw", "code", "verdict", "detail")
    }

    with serve(lambda request, _: completion(solutions[request["messages"][0]["content"]])) as (
        url,
        asked,
    ):
        run = evaluate(
            "m", "--endpoint", url, "--limit", 4, "--out", two, "--against", one, "--json"
        )
        assert run.returncode == 0, run.stderr
        paired = json.loads(run.stdout)["paired"]
    assert (paired["tasks"], paired["fixed"], paired["broke"]) == (4, [tasks[0].task_id], [])
    assert paired["p_value"] == 1.0


def test_several_samples_of_an_endpoint_have_seeds_and_give_pass_at_k(tmp_path: Path) -> None:
    task = load_tasks("humaneval", limit=1, cache_dir=tmp_path)[0]

    def answer(request: dict[str, Any], _: int) -> Any:
        return completion(f"```\n{task.reference}```" if request["seed"] == 7 else None)

    with serve(answer) as (url, asked):
        run = evaluate(
            "m", "--endpoint", url, "--limit", 1, "--samples", 4, "--temperature", 0.8,
            "--random-seed", 5, "--json",
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        score = json.loads(run.stdout)
    assert sorted(request["seed"] for request in asked) == [5, 6, 7, 8]
    assert score["pass_at"]["1"]["rate"] == 0.25
    assert score["pass_at"]["4"]["rate"] == 1.0


def test_a_local_model_gives_several_samples(tiny_model: Path, tmp_path: Path) -> None:
    arguments = [tiny_model, "--limit", 2, "--samples", 2, "--temperature", 1.0]
    run = evaluate(*arguments, "--out", tmp_path / "out", "--json")
    assert run.returncode == 0, run.stderr
    assert set(json.loads(run.stdout)["pass_at"]) == {"1", "2"}
    rows = [json.loads(x) for x in (tmp_path / "out" / "answers.jsonl").read_text().splitlines()]
    assert sorted((row["task_id"], row["sample"]) for row in rows) == [
        ("HumanEval/0", 0), ("HumanEval/0", 1), ("HumanEval/82", 0), ("HumanEval/82", 1),
    ]  # fmt: skip
    assert len({row["raw"] for row in rows}) == 4


def test_bad_wishes_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl.gz").write_bytes(b"x")
    for sentence, arguments in (
        ("would all be the same", ["--samples", 3]),
        ("holds no evaluation", ["--against", tmp_path]),
        ("is no address", ["--endpoint", "localhost"]),
        ("is not HumanEval+'s official file", ["--benchmark", "humaneval+", "--benchmark-file",
                                                tmp_path / "own.jsonl.gz"]),
        ("165 tasks cannot be scored", ["--limit", 165]),
    ):  # fmt: skip
        run = evaluate("x/y", *arguments)
        assert (run.returncode, run.stdout) == (2, ""), run.stderr
        assert sentence in run.stderr
        assert "Traceback" not in run.stderr


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    for url in ("http://me:word@host/v1", "https://host/v1?api_key=word"):
        with pytest.raises(WinnowError) as caught:
            check_url(url)
        assert "word@" not in str(caught.value) and "=word" not in str(caught.value)
    assert check_url("http://host/v1/") == "http://host/v1"


def ask(url: str, questions: int = 1) -> tuple[list[tuple[int, str]], list[float]]:
    waits: list[float] = []
    endpoint = Endpoint(url, "m", concurrency=1)
    batches = ask_endpoint(
        endpoint, ["?"] * questions, [0] * questions,
        stop_requested=lambda: False, wait=waits.append,
    )  # fmt: skip
    return [answer for batch in batches for answer in batch], waits


def test_rate_limits_and_faults_are_waited_out() -> None:
    replies = [(429, {"Retry-After": "7"}, b"{}"), (503, {}, b"busy"), completion("done")]
    with serve(lambda _, number: replies[number - 1]) as (url, _):
        assert ask(url) == ([(0, "done")], [7.0, 2.0])


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        ((401, {}, b'{"error": {"message": "bad key sk-secret-0123"}}'), "check the key in WINNOW"),
        ((404, {}, b"{}"), "check the address and the model's name 'm'"),
        (
            (429, {"Content-Type": "application/json"},
             b'{"error": {"code": "insufficient_quota", "message": "pay"}}'),
            "quota is used up",
        ),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "is no chat completion"),
        ((200, {"Content-Type": "application/json"}, b'{"choices": []}'), "is no chat completion"),
        ((200, {"Content-Type": "application/json"}, b"{cut"), "is no chat completion"),
        (None, "may have been paid for"),
    ],
)  # fmt: skip
def test_what_asking_again_cannot_mend_is_asked_once(reply: Any, sentence: str) -> None:
    with serve(lambda *_: reply) as (url, asked):
        with pytest.raises(WinnowError) as caught:
            ask(url)
        assert sentence in str(caught.value)
        assert KEY not in str(caught.value)
        assert len(asked) == 1


def test_a_closed_port_is_tried_some_times_and_then_said() -> None:
    with pytest.raises(
        WinnowError, match=r"gave no answer in 6 attempts .the connection was refus"
    ):
        ask("http://127.0.0.1:9/v1")


def test_answers_before_a_failure_are_kept() -> None:
    replies = [completion("one"), (401, {}, b"{}")]
    found = []
    with serve(lambda _, number: replies[min(number, 2) - 1]) as (url, asked):
        batches = ask_endpoint(
            Endpoint(url, "m", concurrency=1), ["?"] * 20, [0] * 20, stop_requested=lambda: False
        )
        with pytest.raises(WinnowError, match="refuses with status 401"):
            for batch in batches:
                found += batch
        assert found == [(0, "one")]
        assert len(asked) < 20
