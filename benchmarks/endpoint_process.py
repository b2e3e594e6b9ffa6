"""Starting the benchmark's endpoint in a process of its own, and asking it what it saw."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.endpoint import Stats


@dataclass(frozen=True, slots=True)
class RunningEndpoint:
    """Where it listens."""

    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> Stats:
        """What it has seen up to now."""
        address = f"http://127.0.0.1:{self.port}/stats"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return Stats(**json.load(answer))


@contextmanager
def run_endpoint(
    *,
    latency: float,
    requests_per_minute: float | None = None,
    max_concurrent: int | None = None,
) -> Iterator[RunningEndpoint]:
    """A fresh endpoint with its counts at zero; it ends with the block."""
    argv = [sys.executable, str(Path(__file__).with_name("endpoint.py")), "--latency", str(latency)]
    if requests_per_minute is not None:
        argv += ["--requests-per-minute", str(requests_per_minute)]
    if max_concurrent is not None:
        argv += ["--max-concurrent", str(max_concurrent)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise ValueError("the endpoint's pipes are missing")
        yield RunningEndpoint(int(process.stdout.readline()))
        process.stdin.close()
