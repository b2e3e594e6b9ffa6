"""An OpenAI-compatible HTTP server that answers by a script, and what the tests ask it."""

import json
import os
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from storage.records import Seed
from workbench.generation.prompts import load_prompt
from workbench.jobs.folder import JobFolder, append_line
from workbench.jobs.process import create_job

ANSWER = "[Problem Description]\nAdd {n}.\n\n[Solution]\n```python\nprint({n} + 1)\n```\n"


def chat_body(
    content: object, *, finish: str | None = "stop", usage: object = "normal", **message: object
) -> str:
    """The body of a chat completion."""
    if usage == "normal":
        usage = {"prompt_tokens": 100, "completion_tokens": 50}
    choice = {"index": 0, "finish_reason": finish, "message": {"content": content, **message}}
    return json.dumps({"id": "1", "object": "chat.completion", "choices": [choice], "usage": usage})


def error_body(message: str, **fields: object) -> str:
    return json.dumps({"error": {"message": message, **fields}})


@dataclass
class Reply:
    """What the server does with one request."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False  # close the connection in the middle of the body


class ScriptedServer(ThreadingHTTPServer):
    """Gives the replies in order, then answers every request properly."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, replies: list[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = list(replies)
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.models = ["good-model"]
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients of these tests break off on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(Reply(json.dumps({"data": [{"id": name} for name in self.server.models]})))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            self.server.keys.add(self.headers["Authorization"])
            number = len(self.server.asked)
            reply = self.server.replies.pop(0) if self.server.replies else None
        self._send(reply or Reply(chat_body(ANSWER.format(n=number))))

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        body = reply.body.encode()
        self.send_response(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if reply.cut else body)
        self.close_connection = reply.cut

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[socketserver.BaseServer] = []

    def start(*replies: Reply) -> ScriptedServer:
        server = ScriptedServer(list(replies))
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def make_seed(number: int, snippet: str | None = None) -> Seed:
    return Seed(
        id=f"seed-{number}",
        corpus="test",
        repository="r",
        path="a.py",
        first_line=1,
        last_line=2,
        language="python",
        licence="MIT",
        snippet=snippet if snippet is not None else f"total = {number}\nprint(total)",
        before="",
        after="",
    )


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., JobFolder]:
    """Makes the folder of a job that asks `url` (or the embedded model) about so many seeds."""

    def make(url: str = "", *, seeds: int = 1, **params: Any) -> JobFolder:
        endpoint = {"kind": "url", "base_url": url, "model": "good-model"}
        prompt = asdict(load_prompt(params.pop("prompt", "oss-instruct")))
        params = {"endpoint": endpoint, "prompt": prompt, "concurrency": 2, **params}
        folder = create_job(tmp_path / "jobs", "generate", params)
        for number in range(seeds):
            append_line(folder.path / "seeds.jsonl", asdict(make_seed(number)))
        return folder

    return make


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where embedded models are kept between test runs."""
    cache = os.environ.get("WINNOW_CACHE") or platformdirs.user_cache_path("winnow")
    return Path(cache) / "models"
