"""The embedded model as an endpoint: a child process on the loopback that dies with its parent."""

import contextlib
import os
import secrets
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from storage.errors import WinnowError
from workbench.generation.endpoint import Endpoint

# A half-gigabyte model loads in two seconds from a warm disk; a cold network disk takes minutes.
START_SECONDS = 180.0
KEY_VARIABLE = "WINNOW_SERVER_KEY"


@contextlib.contextmanager
def embedded_server(
    model_path: Path, *, slots: int, context: int, name: str, log_path: Path
) -> Iterator[Endpoint]:
    """Serve the model for as long as the block lasts; `name` is its name in records.

    `slots` requests are answered together, each with up to `context` tokens. What the server says
    goes to `log_path`. Its key is made anew at each start, so that nobody else on the machine can
    use it.

    Raises:
        WinnowError: it does not start, with the last lines of its log.
    """
    key = secrets.token_urlsafe(24)
    command = [sys.executable, "-m", "workbench.generation.serve"]
    command += [str(model_path), str(slots), str(context)]
    # With any other busy process on the machine OpenMP's spinning waits cost nine tenths of the
    # speed (22 tokens/s became 2).
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", KEY_VARIABLE: key}
    environment.pop("WINNOW_API_KEY", None)
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # never written to: the child ends when this closes
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=Path(__file__).resolve().parents[2],
            env=environment,
        )
    address = ""
    try:
        address = _read_address(process, model_path, log_path)
        yield Endpoint(f"{address}/v1", name, key, label=f"embedded:{name}")
    except WinnowError as error:
        if not address or process.poll() is None:
            raise
        raise WinnowError(
            f"The embedded model's server ended by itself ({process.returncode}): "
            f"{_last_words(log_path)}. Most often the memory was too small: use fewer requests at "
            "once or a smaller model, then resume."
        ) from error
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def _read_address(process: "subprocess.Popen[bytes]", model_path: Path, log_path: Path) -> str:
    if process.stdout is None:
        raise ValueError("the server's output is not a pipe")
    deadline = time.monotonic() + START_SECONDS
    line = b""
    while not line.endswith(b"\n") and (left := deadline - time.monotonic()) > 0:
        if select.select([process.stdout], [], [], left)[0]:
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                break
            line += piece
    if line.endswith(b"\n"):
        return line.decode().strip()
    raise WinnowError(
        f"The embedded model's server did not start with {model_path.name}: {_last_words(log_path)}"
        f" (all of it is in {log_path})."
    )


def _last_words(log_path: Path) -> str:
    lines = log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(line.strip()[:200] for line in lines[-3:]) or "it said nothing"
