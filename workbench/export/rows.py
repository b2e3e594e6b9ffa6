"""The rows of a data set: a sample with everything that must be known of it afterwards."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

FORMAT_VERSION = 1  # goes up with every change of what is hashed or written

LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One sample as exported: text, evidence, provenance and decision.

    What is not known is None or empty: an imported sample has no prompt and no seed, one that was
    not analyzed has no category, similarity or nearest task. `findings` are the reasons of its
    findings, `similarity` a cosine from 0 to 1.
    """

    sample_id: str
    revision: int
    problem: str
    solution: str
    language: str
    category: str | None
    similarity: float | None
    nearest_task: str | None
    corpus: str
    repository: str
    path: str
    first_line: int
    last_line: int
    licence: str
    verdict: str
    reviewer: str | None
    decided_at: datetime | None
    prompt_id: str | None
    model: str | None
    endpoint: str | None
    findings: tuple[str, ...]


FIELDS = tuple(field.name for field in fields(ExportRow))


def row_values(row: ExportRow) -> dict[str, object]:
    """The row as JSON values: times in UTC, findings sorted."""
    decided_at = row.decided_at.astimezone(UTC).isoformat() if row.decided_at else None
    # `asdict` takes 31 microseconds a row with its deep copies, this 3.
    values = {name: getattr(row, name) for name in FIELDS}
    return {**values, "decided_at": decided_at, "findings": sorted(row.findings)}


def hash_rows(rows: Sequence[ExportRow], *, held_out: Sequence[ExportRow] = ()) -> str:
    """A hash of the rows in their order and of the format they are written in.

    Rows that are held out follow the others behind a mark, so that a split is another data set.
    """
    digest = hashlib.sha256(f"winnow data set {FORMAT_VERSION}\n".encode())
    for row in rows:
        digest.update(json.dumps(row_values(row), sort_keys=True).encode() + b"\n")
    if held_out:
        digest.update(b"held out\n")
    for row in held_out:
        digest.update(json.dumps(row_values(row), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def row_from_values(values: Mapping[str, Any]) -> ExportRow:
    """The row that `row_values` wrote.

    Raises:
        KeyError, TypeError, ValueError: the values are not those of a row.
    """
    decided_at = values["decided_at"]
    known = {name: values[name] for name in FIELDS}
    known["decided_at"] = datetime.fromisoformat(decided_at) if decided_at else None
    return ExportRow(**{**known, "findings": tuple(values["findings"])})


def replace_surrogates(row: ExportRow) -> ExportRow:
    """The row with halves of surrogate pairs replaced by U+FFFD: no file of UTF-8 can hold them."""
    texts = {name: getattr(row, name) for name in FIELDS}
    changed: dict[str, Any] = {
        name: LONE_SURROGATE.sub("\ufffd", text)
        for name, text in texts.items()
        if isinstance(text, str) and LONE_SURROGATE.search(text)
    }
    return replace(row, **changed) if changed else row
