"""An OpenAI-compatible HTTP server that answers by a script, and what the tests ask it."""

import json
import os
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from storage.records import Seed
from workbench.generation.endpoint import Endpoint
from workbench.generation.limits import Limits
from workbench.generation.prompts import load_prompt
from workbench.generation.requests import build_requests
from workbench.jobs.folder import JobFolder, write_lines
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
    reset: bool = False  # close the connection without an answer
    wire: bytes = b""  # what goes over the wire instead of an HTTP answer
    billed: bool | None = None  # whether it is charged for; None: if it is a success


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
        self.billed = 0  # requests that were charged for, whatever reached the client
        self.under_way = self.most_under_way = 0
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
            reply = reply or Reply(chat_body(ANSWER.format(n=number)))
            self.server.billed += reply.status == 200 if reply.billed is None else reply.billed
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
        try:
            self._send(reply)
        finally:
            with self.server.lock:
                self.server.under_way -= 1

    def _send(self, reply: Reply) -> None:
        time.sleep(reply.delay)
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return
        if reply.wire:
            self.wfile.write(reply.wire)
            self.close_connection = True
            return
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
    """Makes the folder of a job that asks `url` (or an embedded model) about so many seeds.

    Options that are limits become its limits; `seeds` may also be the seeds themselves.
    """

    def make(url: str = "", *, seeds: int | list[Seed] = 1, **options: Any) -> JobFolder:
        endpoint = options.pop("endpoint", {"kind": "url", "base_url": url, "model": "good-model"})
        prompt = load_prompt(options.pop("prompt", "oss-instruct"))
        names = {field.name for field in fields(Limits)} & set(options)
        limits = {"concurrency": 2} | {name: options.pop(name) for name in names}
        parameters = {"temperature": 0, "max_tokens": 2500, **options.pop("parameters", {})}
        name = f"embedded:{endpoint['model']}" if not url else Endpoint(url, "good-model").name
        rows = seeds if isinstance(seeds, list) else [make_seed(number) for number in range(seeds)]
        requests = build_requests(
            rows, prompt, endpoint=name, model=endpoint.get("model", ""), parameters=parameters
        )
        params = {"endpoint": endpoint, "endpoint_name": name, **options}
        folder = create_job(tmp_path / "jobs", "generate", params)
        write_lines(folder.path / "requests.jsonl", map(asdict, requests))
        Limits(**limits).save(folder.path)
        return folder

    return make


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where embedded models are kept between test runs."""
    cache = os.environ.get("WINNOW_CACHE") or platformdirs.user_cache_path("winnow")
    return Path(cache) / "models"
