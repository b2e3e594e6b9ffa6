"""The files of a data set: which formats there are, and what each writes."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from workbench.export.formats import as_alpaca, as_instruction, as_messages, as_sharegpt
from workbench.export.rows import ExportRow
from workbench.export.spreadsheet import as_csv
from workbench.export.table import as_parquet

MESSAGES = "messages"  # what training reads; every data set has it
TRAIN, HELD_OUT = "train", "held_out"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format: `encode` gives the bytes of a file, `suffix` ends its name."""

    name: str
    suffix: str
    encode: Callable[[Sequence[ExportRow]], bytes]
    description: str

    def file_name(self, part: str) -> str:
        """What the file of a part (train or held_out) is called."""
        return f"{part}{self.suffix}"


def _lines(as_object: Callable[[ExportRow], dict[str, Any]]) -> Callable[..., bytes]:
    def encode(rows: Sequence[ExportRow]) -> bytes:
        return b"".join(
            json.dumps(as_object(row), ensure_ascii=False).encode() + b"\n" for row in rows
        )

    return encode


FORMATS = (
    FileFormat(MESSAGES, ".jsonl", _lines(as_messages), "chat messages"),
    FileFormat(
        "instruction", ".instruction.jsonl", _lines(as_instruction), "instruction, response"
    ),
    FileFormat("alpaca", ".alpaca.jsonl", _lines(as_alpaca), "instruction, input, output"),
    FileFormat("sharegpt", ".sharegpt.jsonl", _lines(as_sharegpt), "conversations"),
    FileFormat("parquet", ".parquet", as_parquet, "typed columns, zstd"),
    FileFormat("csv", ".csv", as_csv, "for spreadsheets"),
)
FORMAT_NAMES = tuple(form.name for form in FORMATS)
# Every file that a data set of ours can have, beside its manifest and its card.
DATA_FILES = tuple(form.file_name(part) for form in FORMATS for part in (TRAIN, HELD_OUT))


def select_formats(names: Sequence[str]) -> tuple[FileFormat, ...]:
    """The formats of these names in their fixed order; chat messages are always among them.

    Raises:
        WinnowError: a name is no format.
    """
    for name in names:
        if name not in FORMAT_NAMES:
            raise WinnowError(f"{name[:40]!r} is no format: use {', '.join(FORMAT_NAMES)}.")
    return tuple(form for form in FORMATS if form.name == MESSAGES or form.name in names)


def encode_files(
    formats: Sequence[FileFormat], train: Sequence[ExportRow], held_out: Sequence[ExportRow]
) -> dict[str, bytes]:
    """The content of every data file by name; without held-out rows there are none for them."""
    parts = {TRAIN: train} | ({HELD_OUT: held_out} if held_out else {})
    return {
        form.file_name(part): form.encode(rows) for form in formats for part, rows in parts.items()
    }
