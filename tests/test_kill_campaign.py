"""Fifty times the owner or the sender is killed during a generation: what is lost, what is paid?

The owner (the app without its pages) is killed and started again while the sender goes on; the
sender is killed and its job resumed. In the end every answer is there, and what the endpoint was
asked twice is what the ledger calls interrupted.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import ledger
from storage.prices import set_price
from storage.samples import count_samples
from storage.seeds import add_seeds
from tests.conftest import make_seed
from tests.generation.conftest import ANSWER, Reply, ScriptedServer, chat_body
from workbench.generation.answers import read_answers
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import is_ended
from workbench.pipeline.generate import GenerateOptions, start_generate
from workbench.pipeline.ingest import take_in
from workbench.pipeline.target import TargetOptions
from workbench.settings import load_settings
from workbench.workspace import open_workspace

ROOT = Path(__file__).resolve().parents[1]
KILLS = 50
CONCURRENCY = 6
SEEDS = 3000
KEY = "sk-never-to-be-seen"


class SlowServer(ScriptedServer):
    """Answers properly after a while; that long a request is in flight."""

    def __init__(self) -> None:
        super().__init__([])
        self.delay = 0.25

    @property
    def replies(self) -> list[Reply]:
        return [Reply(chat_body(ANSWER.format(n=1)), delay=self.delay)]

    @replies.setter
    def replies(self, _replies: list[Reply]) -> None:
        """The script never ends."""


@pytest.fixture
def server() -> Iterator[SlowServer]:
    server = SlowServer()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Owner:
    """The process that owns the workspace, as the app does."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.owner", str(self._data)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._expect("ready")

    def _expect(self, word: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline().strip() == word

    def resume(self, job_id: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{job_id}\n")
        self.process.stdin.flush()
        self._expect("resumed")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def wait_until(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def wait_for_more(server: SlowServer, count: int = 7) -> None:
    before = len(server.asked)
    wait_until(lambda: len(server.asked) >= before + count)


def kill_owner(owner: Owner, server: SlowServer) -> None:
    """Kill the owner; the sender does not notice, and the next owner finds it."""
    owner.kill()
    wait_for_more(server)
    owner.start()


def kill_sender(owner: Owner, folder: JobFolder) -> None:
    """Kill the sender, and have its job resumed."""
    os.kill(int((folder.path / "pid").read_text()), signal.SIGKILL)
    wait_until(lambda: is_ended(folder.state()))
    assert folder.state() == "interrupted"
    owner.resume(folder.id)


def test_fifty_kills_lose_no_answer_and_pay_twice_only_for_what_was_in_flight(
    tmp_path: Path, server: SlowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_API_KEY", KEY)
    settings = load_settings(data=tmp_path / "data", base_url=server.url, model="good-model")
    workspace = open_workspace(settings)
    settings.save_endpoint()
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed(f"seed{n}") for n in range(SEEDS)], job_id="draw-1")
        set_price(cursor, "good-model", (1.0, 2.0))
    target = TargetOptions(endpoint="configured", concurrency=CONCURRENCY)
    folder = start_generate(workspace, GenerateOptions(count=SEEDS, target=target))
    workspace.close()
    owner = Owner(settings.data)
    try:
        for number in range(KILLS):
            wait_for_more(server)
            if number % 2:
                kill_sender(owner, folder)
            else:
                kill_owner(owner, server)
        server.delay = 0.0
        wait_until(lambda: is_ended(folder.state()), seconds=240)
        assert folder.state() == "done"
    finally:
        owner.kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((folder.path / "pid").read_text()), signal.SIGKILL)

    workspace = open_workspace(settings)
    take_in(workspace)
    with workspace.database.read() as cursor:
        spent = ledger.spending(cursor)
        samples = count_samples(cursor)
    workspace.close()
    interrupted = [one for one in read_answers(folder.path) if one.failure == "interrupted"]
    asked = Counter(json.dumps(body["messages"]) for body in server.asked)
    twice = sum(count - 1 for count in asked.values())
    assert samples == SEEDS == len(asked)  # no answer lost
    # Nothing was paid twice while a sender lived; at a kill no more than was in flight, which
    # includes answers that had come and were not on disk yet. The ledger names every one.
    in_flight = CONCURRENCY + max(2, CONCURRENCY // 8)
    assert twice <= len(interrupted) <= KILLS // 2 * in_flight
    assert spent["unpriced"] == len(interrupted)
    assert spent["cost"] == pytest.approx(SEEDS * (100 * 1.0 + 50 * 2.0) / 1e6)
    assert server.billed == SEEDS + twice
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file
