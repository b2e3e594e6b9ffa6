"""A server in this process that answers what pushing a data set asks of the Hub."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

OID = "c" * 40


@dataclass
class FakeHub:
    """What was asked and committed. `refuse` has the status for a path's last word, such as 403
    for "create"; `echo` makes refusals repeat the header that the token came in."""

    address: str = ""
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    page: bool = False
    large: str = "nothing"  # names with this in them go to the large file storage
    stored: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def serve_hub() -> Iterator[FakeHub]:
    """A Hub on a free port of this machine."""
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.handle_request({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "/commit/" in self.path:
                self.handle_request([json.loads(line) for line in body.splitlines() if line])
            else:
                self.handle_request(json.loads(body))

        def do_PUT(self) -> None:
            token = self.headers.get("Authorization", "")
            hub.requests.append(("PUT", self.path, token))
            length = int(self.headers.get("Content-Length", 0))
            content = self.rfile.read(length)
            if "storage" in hub.refuse:
                self.answer(hub.refuse["storage"], {})
                return
            hub.stored[self.path.rpartition("/")[2]] = content
            self.answer(200, {})

        def handle_request(self, body: Any) -> None:
            path = urlsplit(self.path).path
            hub.requests.append((self.command, path, self.headers.get("Authorization", "")))
            words = path.strip("/").split("/")
            for word, status in hub.refuse.items():
                if word in words:
                    self.answer(status, {"error": f"no: {self.headers.get('Authorization')}"})
                    return
            if hub.page:
                self.answer(200, b"<html>Please log in</html>")
                return
            self.answer(*_answer(hub, self.command, words, body))

        def answer(self, status: int, value: Any) -> None:
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(hub: FakeHub, method: str, words: list[str], body: Any) -> tuple[int, Any]:
    match [method, *words]:
        case ["POST", "api", "repos", "create"]:
            name = f"{body['organization']}/{body['name']}"
            if name in hub.repositories:
                # The real one says where it is, too.
                url = f"{hub.address}/datasets/{name}"
                return 409, {"error": "You already created this dataset repo", "url": url}
            hub.repositories[name] = {".gitattributes": b""}
            hub.private[name] = body.get("visibility") == "private" or bool(body.get("private"))
            return 200, {"url": f"{hub.address}/datasets/{name}"}
        case ["GET", "api", "datasets", owner, name, *_]:
            files = hub.repositories.get(f"{owner}/{name}")
            if files is None:
                return 404, {"error": "Repository not found"}
            listed = [{"rfilename": path} for path in files]
            private = hub.private[f"{owner}/{name}"]
            return 200, {
                "id": f"{owner}/{name}",
                "sha": OID,
                "private": private,
                "siblings": listed,
            }
        case ["POST", "api", "validate-yaml"]:
            return 200, {"errors": [], "warnings": []}
        case ["POST", "api", "datasets", _, _, "preupload", "main"]:
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if hub.large in file["path"] else "regular",
                    "shouldIgnore": False,
                    "oid": None,
                }
                for file in body["files"]
            ]
            return 200, {"files": modes}
        case ["POST", "datasets", _, _, "info", "lfs", "objects", "batch"]:
            actions = [
                {**one, "actions": {"upload": {"href": f"{hub.address}/storage/{one['oid']}"}}}
                for one in body["objects"]
            ]
            return 200, {"transfer": "basic", "objects": actions}
        case ["POST", "api", "datasets", owner, name, "commit", "main"]:
            _commit(hub, f"{owner}/{name}", body)
            url = f"{hub.address}/datasets/{owner}/{name}/commit/{OID}"
            return 200, {"success": True, "commitOid": OID, "commitUrl": url}
    return 404, {"error": "no such route"}


def _commit(hub: FakeHub, name: str, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        value = line["value"]
        match line["key"]:
            case "header":
                hub.messages.append(value["summary"])
            case "file":
                hub.repositories[name][value["path"]] = base64.b64decode(value["content"])
            case "lfsFile":
                hub.repositories[name][value["path"]] = hub.stored[value["oid"]]
            case "deletedFile":
                del hub.repositories[name][value["path"]]
