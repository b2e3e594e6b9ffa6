"""Data sets of the Hub, against a server in this process that answers as the Hub does."""

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from storage.errors import WinnowError
from workbench.imports.files import find_files
from workbench.imports.hub import choose, fetch_dataset

COMMIT = "a" * 40
# (repository, revision) -> path -> content
FILES: dict[tuple[str, str], dict[str, bytes]] = {
    ("ada/lines", "main"): {"README.md": b"#", "rows.jsonl": b'{"problem": "a"}\n'},
    ("ada/tables", "main"): {
        "rows.jsonl": b"{}",
        "python/a.parquet": b"PAR1 py",
        "rust/a.parquet": b"PAR1 rust",
    },
    ("ada/script", "main"): {"load.py": b"", ".hidden.json": b"{}"},
    ("ada/script", "refs/convert/parquet"): {"default/train/0000.parquet": b"PAR1 conv"},
    ("ada/nothing", "main"): {"README.md": b"#"},
}


class Hub(BaseHTTPRequestHandler):
    """The listing and the files of `FILES`."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[:2] == ["api", "datasets"]:
            self.list("/".join(parts[2:4]), "/".join(parts[5:]))
        elif parts[0] == "datasets" and "resolve" in parts:
            repository, rest = "/".join(parts[1:3]), "/".join(parts[4:])
            for (name, revision), files in FILES.items():
                if name == repository and rest.startswith(f"{revision}/"):
                    self.answer(200, files[rest.removeprefix(f"{revision}/")])
                    return
            self.answer(404, b"")
        else:
            self.answer(404, b"")

    def list(self, repository: str, revision: str) -> None:
        if repository == "ada/proxy":
            self.answer(200, b"<html>Please log in</html>")
        elif repository == "ada/closed":
            self.answer(403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif not any(name == repository for name, _ in FILES):
            self.answer(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif (repository, revision) not in FILES:
            self.answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            files = FILES[repository, revision]
            names = [{"rfilename": path} for path in files]
            found = json.dumps({"id": repository, "sha": COMMIT, "siblings": names}).encode()
            self.answer(200, found, {"Content-Type": "application/json"})

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def contents(spec: str, endpoint: str) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in fetch_dataset(spec, endpoint=endpoint)}


def test_parquet_comes_before_lines_and_what_the_hub_converted_last(hub: str):
    lines = FILES["ada/lines", "main"]["rows.jsonl"]
    assert contents("hf:ada/lines", hub) == {"hf:ada/lines/rows.jsonl": lines}
    assert list(contents("hf:ada/tables", hub)) == [
        "hf:ada/tables/python/a.parquet",
        "hf:ada/tables/rust/a.parquet",
    ]
    assert list(contents("hf:ada/script", hub).values()) == [b"PAR1 conv"]


def test_a_subset_is_a_folder_or_a_file(hub: str):
    assert list(contents("hf:ada/tables/rust", hub).values()) == [b"PAR1 rust"]
    assert list(contents("hf:ada/tables/rows.jsonl", hub).values()) == [b"{}"]
    with pytest.raises(WinnowError, match=r"nothing called 'go'\. It has rows\.jsonl, python/a"):
        fetch_dataset("hf:ada/tables/go", endpoint=hub)
    assert choose(["data/en-x/a.parquet"], "en", (".parquet",)) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("hf:ada/gone", "is not on the Hub"),
        ("hf:ada/closed", "only for accounts"),
        ("hf:ada/nothing", "no Parquet, JSON lines or JSON"),
        ("hf:ada/proxy", "describes no data set"),
        ("hf:ada", "names no data set"),
        ("hf:", "names no data set"),
        ("hf:../../etc/passwd", "names no data set"),
        ("hf:a b/c", "names no data set"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(hub: str, spec: str, message: str):
    with pytest.raises(WinnowError, match=message):
        find_files([spec], hub_endpoint=hub)


def test_without_a_network_it_says_what_to_do(hub: str):
    with pytest.raises(WinnowError, match=r"cannot be reached from here .*import those"):
        fetch_dataset("hf:ada/lines", endpoint="http://127.0.0.1:9")
