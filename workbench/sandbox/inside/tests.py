"""The sandbox of the tests: trusted code alone; the function under test is a voice on a pipe."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from workbench.sandbox.inside.literals import read_literal, write_literal

REPLY_BYTES = 8 * 2**20


class CandidateError(Exception):
    """The function under test raised, returned no plain or a wrong value, or is gone."""


class CandidateTimeout(Exception):
    """One call took longer than it may."""


def call_within(candidate: Callable[..., Any], arguments: Sequence[Any], seconds: float) -> Any:
    """What the candidate answers within `seconds`, else CandidateTimeout."""

    def give_up(_: int, __: FrameType | None) -> None:
        raise CandidateTimeout(f"one call took longer than {seconds:.1f} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return candidate(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def call_through(requests: int, replies: int) -> Callable[..., Any]:
    """A function that has its work done by the other sandbox."""
    outgoing = os.fdopen(requests, "wb")
    incoming = os.fdopen(replies, "rb")

    def candidate(*arguments: Any, **named: Any) -> Any:
        try:
            request = write_literal((list(arguments), named))
        except TypeError as error:
            raise CandidateError(
                f"the tests pass an argument that cannot travel: {error}"
            ) from None
        try:
            outgoing.write(request.encode("ascii") + b"\n")
            outgoing.flush()
        except OSError:
            raise CandidateError("its process ended before the tests were through") from None
        reply = incoming.readline(REPLY_BYTES)
        if not reply.endswith(b"\n"):
            gone = len(reply) < REPLY_BYTES
            raise CandidateError("its process ended before it answered" if gone else "too long")
        text = reply.decode("ascii", "replace").rstrip("\n")
        if text.startswith("-"):
            raise CandidateError(text[1:])
        try:
            return read_literal(text[1:])
        except ValueError as error:
            raise CandidateError(f"it answered with no plain value ({error})") from None

    return candidate


def run_tests(
    setup: str,
    tests: str,
    requests: int,
    replies: int,
    passed: int,
    timed_out: int,
    entry_point: str,
) -> None:
    """Exit with code `passed` when check(candidate) returns, else print why and exit with 1, or
    with `timed_out` where one call had a time limit and did not keep it."""
    sys.set_int_max_str_digits(0)
    names: dict[str, Any] = {
        "__name__": "tests",
        "call_within": call_within,
        "CandidateError": CandidateError,
    }
    exec(compile(setup, "setup.py", "exec"), names)  # noqa: S102 - the benchmark's own code
    exec(compile(tests, "tests.py", "exec"), names)  # noqa: S102
    candidate = call_through(requests, replies)
    check = names["check"]  # taken first: the function under test can have that name, too
    names[entry_point] = candidate
    try:
        check(candidate)
    except Exception as error:  # noqa: BLE001 - whatever the check raises is its verdict
        ours = (CandidateError, CandidateTimeout)
        detail = str(error) if isinstance(error, ours) else _describe(error)
        print(" ".join(detail.split())[:500])
        sys.stdout.flush()
        os._exit(timed_out if isinstance(error, CandidateTimeout) else 1)
    os._exit(passed)


def _describe(error: Exception) -> str:
    if isinstance(error, AssertionError):
        line = 0
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == "tests.py":
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"assertion on line {line} of the tests failed" + (
            f": {error}" if str(error) else ""
        )
    return f"{type(error).__name__}: {error}"
