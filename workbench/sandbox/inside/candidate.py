"""The sandbox of the code to judge: defines its functions and answers calls to one of them.

The code can take over this process and send anything; what arrives on the other side is read as
plain values or not at all.
"""

import os
import sys
from typing import Any

from workbench.sandbox.inside.literals import read_literal, write_literal


def serve(code: str, entry_point: str, requests: int, replies: int) -> None:
    """Answer each line of `requests` with "+value" or "-reason" until the other side is done."""
    sys.set_int_max_str_digits(0)
    with os.fdopen(requests, "rb") as incoming, os.fdopen(replies, "wb") as outgoing:

        def reply(line: str) -> None:
            outgoing.write(line.encode("ascii", "backslashreplace") + b"\n")
            outgoing.flush()

        function, problem = _define(code, entry_point)
        for line in incoming:
            if problem:
                reply("-" + problem)
                continue
            arguments, named = read_literal(line.decode("ascii"))
            try:
                reply("+" + write_literal(function(*arguments, **named)))
            except BaseException as error:  # noqa: BLE001 - even SystemExit is an answer of the code
                reply("-" + _describe(error))


def _define(code: str, entry_point: str) -> tuple[Any, str]:
    """The function that the code defines, and what went wrong, if anything did."""
    names: dict[str, Any] = {"__name__": "candidate"}
    try:
        exec(compile(code, "candidate.py", "exec"), names)  # noqa: S102 - the purpose of this process
    except BaseException as error:  # noqa: BLE001 - as above
        return None, _describe(error)
    if not callable(names.get(entry_point)):
        return None, f"there is no function {entry_point}"
    return names[entry_point], ""


def _describe(error: BaseException) -> str:
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - an exception of the code, with a broken __str__
        text = type(error).__name__
    return " ".join(text.split())[:500]
