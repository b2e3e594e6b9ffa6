"""A real app in its own process, and a real browser in front of it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class App:
    """`python app.py` over one workspace; it can be killed and started again."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # The smallest embedded model: what is tested is the way, not its samples.
        environment = {**os.environ, "WINNOW_EMBEDDED_MODEL": "smollm2-135m"}
        environment.pop("WINNOW_BASE_URL", None)
        log = (self.data.parent / "app.log").open("ab")
        command = [sys.executable, "app.py", "--data", str(self.data), "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        self.wait("the app", lambda: self.status() is not None, seconds=60)

    def kill(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def status(self) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(f"{self.url}/api/status", timeout=5) as answer:
                return json.load(answer)
        except OSError:
            return None

    def counts(self) -> dict[str, int]:
        status = self.status()
        assert status
        return status["counts"]

    def jobs(self, kind: str) -> list[dict[str, Any]]:
        status = self.status()
        assert status
        return [job for job in status["jobs"] if job["kind"] == kind]

    def wait(self, what: str, is_there: Callable[[], Any], *, seconds: float = 120) -> None:
        deadline = time.monotonic() + seconds
        while not is_there():
            log = (self.data.parent / "app.log").read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, f"waited {seconds} s for {what}\n{log}"
            time.sleep(0.2)

    def end_jobs(self) -> None:
        for file in self.data.glob("jobs/*/pid"):
            try:
                os.killpg(int(file.read_text()), signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    started = App(tmp_path / "data")
    started.data.mkdir()
    started.start()
    yield started
    started.stop()
    started.end_jobs()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """One for each test: Playwright's event loop would break every `asyncio.run` after it."""
    if CHROMIUM is None:
        pytest.fail("Chromium is missing: apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at the size it is drawn for; an error in any script fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(20_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []
