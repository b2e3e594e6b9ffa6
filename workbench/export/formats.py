"""Formats of one row as a JSON object: what a line of a `.jsonl` file holds.

In every format the user says the same words, so that a model trained on one of them is asked as
one trained on another.
"""

from collections.abc import Mapping
from typing import Any

from workbench.export.rows import ExportRow, row_from_values, row_values

INSTRUCTION = "Write a solution to this coding problem:"
NOT_METADATA = ("problem", "solution")


def instruction_text(problem: str) -> str:
    """What the user says in a chat: the problem, introduced as a coding problem."""
    return f"{INSTRUCTION}\n\n{problem.strip()}"


def answer_text(solution: str) -> str:
    """What the assistant answers: the solution without empty lines around it."""
    return solution.strip("\n")


def chat_turns(row: ExportRow) -> list[dict[str, str]]:
    """What the user and the assistant say."""
    return [
        {"role": "user", "content": instruction_text(row.problem)},
        {"role": "assistant", "content": answer_text(row.solution)},
    ]


def as_messages(row: ExportRow) -> dict[str, Any]:
    """A chat of one turn, with evidence, provenance and decision as metadata."""
    return {
        "id": row.sample_id,
        "messages": chat_turns(row),
        "metadata": _metadata(row),
    }


def as_instruction(row: ExportRow) -> dict[str, Any]:
    """`instruction` and `response`."""
    return {
        "id": row.sample_id,
        "instruction": instruction_text(row.problem),
        "response": answer_text(row.solution),
        "metadata": _metadata(row),
    }


def as_alpaca(row: ExportRow) -> dict[str, Any]:
    """Alpaca's `instruction`, `input` and `output`; nothing is given apart, so `input` is empty."""
    return {
        "id": row.sample_id,
        "instruction": instruction_text(row.problem),
        "input": "",
        "output": answer_text(row.solution),
        "metadata": _metadata(row),
    }


def as_sharegpt(row: ExportRow) -> dict[str, Any]:
    """ShareGPT's `conversations` between `human` and `gpt`."""
    return {
        "id": row.sample_id,
        "conversations": [
            {"from": "human", "value": instruction_text(row.problem)},
            {"from": "gpt", "value": answer_text(row.solution)},
        ],
        "metadata": _metadata(row),
    }


def row_from_messages(record: Mapping[str, Any]) -> ExportRow:
    """The row that `as_messages` wrote, so that another format of it can be made later.

    Raises:
        KeyError, TypeError, ValueError: it is no such record.
    """
    user, assistant = record["messages"]
    start = f"{INSTRUCTION}\n\n"
    if not user["content"].startswith(start):
        raise ValueError("the user's message has another instruction")
    texts = {
        "problem": user["content"].removeprefix(start),
        "solution": assistant["content"],
    }
    return row_from_values({**record["metadata"], **texts})


def _metadata(row: ExportRow) -> dict[str, object]:
    return {name: value for name, value in row_values(row).items() if name not in NOT_METADATA}
