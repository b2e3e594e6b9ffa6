"""What a reference solution returns for each input, computed once in a sandbox and kept."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from storage.errors import WinnowError
from training.benchmarks.task import Differential, Task
from workbench.sandbox import Limits, Sandbox, run_sandboxed
from workbench.sandbox.inside.literals import read_literal, write_literal

# The slowest reference takes some seconds; EvalPlus gives references no limit.
REFERENCE_SECONDS = 120.0
OUTPUT_BYTES = 64 * 2**20
# Some outputs have up to 600 MB (every multiset of 77 colours). They would have to travel as text
# for each answer, so the few inputs that make them are left out.
LARGEST_OUTPUT = 256 * 2**10
MEMORY = Limits(memory_bytes=4 * 2**30, cpu_seconds=120)  # what EvalPlus gives each program

# Runs inside: inputs are copied, since some references change theirs.
_PROGRAM = """
import copy as _copy, json as _json, os as _os, sys as _sys, time as _time
from math import inf, nan
_sys.set_int_max_str_digits(0)
_output = _os.fdopen(_os.dup(1), "w")
_os.dup2(_os.open("/dev/null", _os.O_WRONLY), 1)
_names = {{"__name__": "reference"}}
exec(compile({reference!a}, "reference.py", "exec"), _names)
def _size(value):
    # A lower bound of the text's length; stops counting early.
    if isinstance(value, int):
        return value.bit_length() // 4
    if isinstance(value, str):
        return len(value)
    total = 0
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        for item in value:
            total += 1 + _size(item)
            if total > {largest}:
                break
    return total
for _arguments in {inputs}:
    _arguments = _copy.deepcopy(_arguments)
    _begin = _time.perf_counter()
    _value = _names[{entry_point!a}](*_arguments)
    _seconds = _time.perf_counter() - _begin
    _value = (_value is not None) if {returned!a} == "is_not_none" else _value
    _text = write_literal(_value) if _size(_value) <= {largest} else None
    if _text is not None and len(_text) > {largest}:
        _text = None
    print(_json.dumps([_text, _seconds]), file=_output, flush=True)
    del _value, _text
"""


@dataclass(frozen=True, slots=True)
class Expected:
    """For each input, base ones first: the output as a literal's text, and the seconds it took.

    An output that is too large to compare is None: that input is left out.
    """

    outputs: tuple[str | None, ...]
    seconds: tuple[float, ...]


def find_expected(sandbox: Sandbox, task: Task, rule: Differential) -> Expected:
    """The reference's outputs, from `rule.keep` where they were computed before.

    They are kept under a checksum of everything that determines them.

    Raises:
        WinnowError: the reference fails here, or the outputs cannot be kept.
    """
    program = _write_program(task, rule)
    path = rule.keep / f"{hashlib.sha256(program.encode()).hexdigest()[:32]}.json"
    kept = _read(path)
    if kept is None:
        kept = _compute(sandbox, task, rule, program)
        _write(path, kept)
    return kept


def _write_program(task: Task, rule: Differential) -> str:
    literals = resources.files("workbench.sandbox.inside").joinpath("literals.py")
    return literals.read_text("utf-8") + _PROGRAM.format(
        reference=task.reference,
        inputs=write_literal([list(item) for item in (*rule.base_inputs, *rule.plus_inputs)]),
        entry_point=task.entry_point,
        returned=rule.returned,
        largest=LARGEST_OUTPUT,
    )


def _compute(sandbox: Sandbox, task: Task, rule: Differential, program: str) -> Expected:
    result = run_sandboxed(
        sandbox, program, timeout=REFERENCE_SECONDS, limits=MEMORY, output_bytes=OUTPUT_BYTES
    )
    lines = result.stdout.splitlines()
    if result.exit_code != 0 or len(lines) != len(rule.base_inputs) + len(rule.plus_inputs):
        reason = (result.stderr.strip().splitlines() or [result.status])[-1]
        raise WinnowError(
            f"The reference solution of {task.task_id} does not run on this machine ({reason}), so "
            "nothing can be compared with it. Close other programs and try again."
        )
    pairs = [json.loads(line) for line in lines]
    for text, _ in pairs:
        if text is not None:
            read_literal(text)  # what is put into a program later is a plain value, nothing else
    return Expected(tuple(text for text, _ in pairs), tuple(seconds for _, seconds in pairs))


def _read(path: Path) -> Expected | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise WinnowError(f"{path} cannot be read ({error}): delete it and try again.") from error
    return Expected(tuple(value["outputs"]), tuple(value["seconds"]))


def _write(path: Path, expected: Expected) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"outputs": expected.outputs, "seconds": expected.seconds}
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(path)
    except OSError as error:
        raise WinnowError(
            f"{path.parent} cannot be written ({error.strerror}): choose another with --cache."
        ) from error
