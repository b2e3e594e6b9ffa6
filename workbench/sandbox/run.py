"""Runs one program to its end or its time-out, keeping a limited part of what it prints."""

import os
import selectors
import time
from dataclasses import dataclass
from typing import Literal

from workbench.sandbox.launch import Launched, Limits, Sandbox, close, kill, launch, wait_for_start

OUTPUT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """How a program ended; `exit_code` is None after a time-out, 128 + n after signal n.

    `truncated` says that it printed more than what `stdout` and `stderr` keep.
    """

    status: Literal["exited", "timed_out"]
    exit_code: int | None
    stdout: str
    stderr: str
    truncated: bool
    seconds: float


def run_sandboxed(
    sandbox: Sandbox,
    source: str,
    *,
    timeout: float = 10.0,
    limits: Limits | None = None,
    output_bytes: int = OUTPUT_BYTES,
) -> SandboxResult:
    """Run the Python program `source` and wait for its end, `timeout` seconds at most.

    Raises:
        SandboxError: the sandbox could not be started; nothing is known of the program then.
    """
    launched = launch(sandbox, source, limits=limits or Limits())
    return finish(launched, timeout=timeout, output_bytes=output_bytes)


def finish(
    launched: Launched, *, timeout: float, output_bytes: int = OUTPUT_BYTES
) -> SandboxResult:
    """Wait for the end of a launched program; whatever happens, nothing of it stays behind."""
    process = launched.process
    if process.stdout is None or process.stderr is None:
        raise ValueError("the program was launched without pipes for its output")
    try:
        wait_for_start(launched)
        begin = time.monotonic()
        kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
        ended, truncated = _drain(kept, until=begin + timeout, limit=output_bytes)
        if ended:
            ended = _wait(launched, until=begin + timeout)
        seconds = time.monotonic() - begin
        kill(launched)
        stdout, stderr = (bytes(part).decode("utf-8", "replace") for part in kept.values())
        return SandboxResult(
            status="exited" if ended else "timed_out",
            exit_code=process.returncode if ended else None,
            stdout=stdout,
            stderr=stderr,
            truncated=truncated,
            seconds=seconds,
        )
    finally:
        close(launched)


def _drain(kept: dict[int, bytearray], *, until: float, limit: int) -> tuple[bool, bool]:
    """Read all descriptors to their end; (all ended, something was dropped).

    What is over the limit is read and dropped, so that a flood neither fills our memory nor blocks
    the program.
    """
    truncated = False
    with selectors.DefaultSelector() as selector:
        for descriptor in kept:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            remaining = until - time.monotonic()
            if remaining <= 0:
                return False, truncated
            for key, _ in selector.select(remaining):
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fd)
                room = limit - len(kept[key.fd])
                kept[key.fd] += chunk[:room]
                truncated = truncated or len(chunk) > room
    return True, truncated


def _wait(launched: Launched, *, until: float) -> bool:
    """Wait for a program that has closed its output, which it can do long before its end."""
    while launched.process.poll() is None:
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
