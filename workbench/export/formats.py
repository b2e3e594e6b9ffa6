"""Formats of a data set's rows; a new one is one function from a row to what is written."""

from collections.abc import Callable
from typing import Any

from workbench.export.rows import ExportRow, row_values

# A format gives the JSON object of one row.
Format = Callable[[ExportRow], dict[str, Any]]

INSTRUCTION = "Write a solution to this coding problem:"
NOT_METADATA = ("problem", "solution")


def instruction_text(problem: str) -> str:
    """What the user says in a chat: the problem, introduced as a coding problem."""
    return f"{INSTRUCTION}\n\n{problem.strip()}"


def as_messages(row: ExportRow) -> dict[str, Any]:
    """A chat of one turn, with evidence, provenance and decision as metadata."""
    values = row_values(row)
    return {
        "id": row.sample_id,
        "messages": [
            {"role": "user", "content": instruction_text(row.problem)},
            {"role": "assistant", "content": row.solution.strip("\n")},
        ],
        "metadata": {name: value for name, value in values.items() if name not in NOT_METADATA},
    }
