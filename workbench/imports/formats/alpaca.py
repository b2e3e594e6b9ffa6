"""Alpaca and Code Alpaca: `instruction`, `input`, `output`; Evol-Instruct: the same without input.

Some Evol-Instruct sets, the Magicoder authors' among them, call the output `response`.
"""

from workbench.imports.formats.fields import other_values, read_text
from workbench.imports.rows import Content, Format, JsonObject, Mismatch

ALPACA_NAME = "alpaca"
EVOL_NAME = "evol-instruct"


def is_evol_instruct(row: JsonObject) -> bool:
    """Whether the row has an instruction and its output."""
    return "instruction" in row and ("output" in row or "response" in row)


def is_alpaca(row: JsonObject) -> bool:
    """Whether the row has an instruction, an input (empty in most) and the output."""
    return is_evol_instruct(row) and "input" in row


def read_alpaca(row: JsonObject) -> Content | Mismatch:
    """The instruction as the problem, with a non-empty input as a line `Input: …` after it."""
    return _read(row, source=ALPACA_NAME)


def read_evol_instruct(row: JsonObject) -> Content | Mismatch:
    """The instruction as the problem; an input that a row has all the same follows it."""
    return _read(row, source=EVOL_NAME)


def _read(row: JsonObject, *, source: str) -> Content | Mismatch:
    output_name = "output" if "output" in row or "response" not in row else "response"
    instruction, output = read_text(row, "instruction"), read_text(row, output_name)
    if isinstance(instruction, Mismatch):
        return instruction
    if isinstance(output, Mismatch):
        return output
    given = "" if row.get("input") is None else read_text(row, "input")
    if isinstance(given, Mismatch):
        return given
    problem = f"{instruction.rstrip()}\nInput: {given.strip()}" if given.strip() else instruction
    if not instruction.strip():
        problem = ""  # an input alone asks for nothing
    # `text` is Alpaca's own rendering of the three.
    extra = other_values(row, without=("instruction", "input", output_name, "text"))
    return Content(problem, output, source, extra=extra)


ALPACA = Format(ALPACA_NAME, is_alpaca, read_alpaca)
EVOL_INSTRUCT = Format(EVOL_NAME, is_evol_instruct, read_evol_instruct)
