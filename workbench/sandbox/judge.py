"""Judges code by tests: the code in one sandbox, the tests in another, plain values between them.

In one process the code could forge its verdict: leave with `os._exit(0)`, walk the frames up to
the expected values, return objects equal to everything. Here it can only answer calls, and what it
answers arrives as literals.
"""

import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from workbench.sandbox.launch import Limits, Sandbox, close, launch, wait_for_start
from workbench.sandbox.run import SandboxResult, finish

# No launcher and no crash ends with these codes by accident.
_PASSED = 73
_TIMED_OUT = 74
_OWN_IMPORT = "from workbench.sandbox.inside."


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on a piece of code, and why."""

    verdict: Literal["passed", "failed", "timed_out"]
    detail: str = ""


def judge(
    sandbox: Sandbox,
    code: str,
    *,
    setup: str,
    tests: str,
    entry_point: str,
    timeout: float = 8.0,
    limits: Limits | None = None,
    returned: Literal["value", "is_not_none", "items"] = "value",
    inside: str = "",
) -> Judgement:
    """Whether the function `entry_point` of `code` passes `tests`, which define check(candidate).

    `setup` is trusted code that the tests refer to (imports, helper functions). The tests can give
    single calls a time limit, call_within(candidate, arguments, seconds), and say what was wrong by
    raising CandidateError. `returned` says what of a returned value counts, and `inside` is code
    that runs behind `code`, in its sandbox, for arguments that cannot travel.

    Raises:
        SandboxError: a sandbox could not be started; nothing is known of the code then.
    """
    limits = limits or Limits()
    requests, replies = os.pipe(), os.pipe()
    serving = (
        f"serve({code!a}, {entry_point!a}, requests={requests[0]}, replies={replies[1]},"
        f" returned={returned!a}, inside={inside!a})"
    )
    testing = (
        f"run_tests({setup!a}, {tests!a}, requests={requests[1]}, replies={replies[0]},"
        f" passed={_PASSED}, timed_out={_TIMED_OUT}, entry_point={entry_point!a})"
    )
    with ExitStack() as stack:
        with ExitStack() as ends:
            for end in (*requests, *replies):
                ends.callback(os.close, end)
            answering = launch(
                sandbox,
                _program("candidate", serving),
                limits=limits,
                keep=(requests[0], replies[1]),
                output=subprocess.DEVNULL,
            )
            stack.callback(close, answering)
            asking = launch(
                sandbox,
                _program("tests", testing),
                limits=limits,
                keep=(requests[1], replies[0]),
            )
            stack.callback(close, asking)
        wait_for_start(answering)
        return _read_verdict(finish(asking, timeout=timeout))


def _read_verdict(result: SandboxResult) -> Judgement:
    if result.status == "timed_out":
        return Judgement("timed_out", f"no end after {result.seconds:.0f} s")
    if result.exit_code == _PASSED:
        return Judgement("passed")
    lines = result.stdout.splitlines() or result.stderr.splitlines() or [""]
    if result.exit_code == _TIMED_OUT:
        return Judgement("timed_out", lines[-1])
    return Judgement("failed", lines[-1] or f"the tests ended with code {result.exit_code}")


def _program(name: str, call: str) -> str:
    """One file out of ours: nothing of this project can be imported inside a sandbox."""
    parts = []
    for module in ("literals", name):
        text = (
            resources.files("workbench.sandbox.inside").joinpath(f"{module}.py").read_text("utf-8")
        )
        lines = [line for line in text.splitlines() if not line.startswith(_OWN_IMPORT)]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, call]) + "\n"
