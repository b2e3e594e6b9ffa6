"""The sandbox of the code to judge: defines its functions and answers calls to one of them.

The code can take over this process and send anything; what arrives on the other side is read as
plain values or not at all.
"""

import os
import sys
from typing import Any

from workbench.sandbox.inside.literals import read_literal, write_literal


def serve(
    code: str, entry_point: str, requests: int, replies: int, returned: str, inside: str
) -> None:
    """Answer each line of `requests` with "+value" or "-reason" until the other side is done.

    `inside` runs behind the code, which can use or spoil it: it may only make arguments.
    """
    sys.set_int_max_str_digits(0)
    with os.fdopen(requests, "rb") as incoming, os.fdopen(replies, "wb") as outgoing:

        def reply(line: str) -> None:
            outgoing.write(line.encode("ascii", "backslashreplace") + b"\n")
            outgoing.flush()

        function, problem = _define(code, entry_point, inside)
        for line in incoming:
            if problem:
                reply("-" + problem)
                continue
            arguments, named = read_literal(line.decode("ascii"))
            try:
                value = _shape(function(*arguments, **named), returned)
                reply("+" + write_literal(value))
            except BaseException as error:  # noqa: BLE001 - even SystemExit is an answer of the code
                reply("-" + _describe(error))


def _shape(value: Any, returned: str) -> Any:
    """What of a returned value counts; objects that are no plain values become ones here."""
    if returned == "is_not_none":
        return value if isinstance(value, bool) else value is not None
    if returned == "items" and not isinstance(value, (list, tuple, set, frozenset, str, dict)):
        return list(value)
    return value


def _define(code: str, entry_point: str, inside: str) -> tuple[Any, str]:
    """The function that the code defines, and what went wrong, if anything did."""
    names: dict[str, Any] = {"__name__": "candidate"}
    try:
        exec(compile(code, "candidate.py", "exec"), names)  # noqa: S102 - the purpose of this process
        exec(compile(inside, "inside.py", "exec"), names)  # noqa: S102 - the benchmark's own code
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
