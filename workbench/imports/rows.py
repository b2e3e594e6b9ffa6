"""What passes through an import: rows as read, what a format finds in them, samples."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storage.records import Sample, Seed

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a row is no sample: a short stable identifier, and what was there instead."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as read: its line (in Parquet the number of the row), counted from 1, and its value.

    The value is a `Mismatch` where the line could not be read as one.
    """

    line: int
    value: object


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a sample comes from; None or empty where that is not known, lines 0."""

    corpus: str
    repository: str
    path: str
    first_line: int = 0
    last_line: int = 0
    licence: str = "unknown"
    prompt_id: str | None = None
    model: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer decided in the workspace that a sample comes from."""

    verdict: str
    reviewer: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """What only an export of ours says of a row: which sample it was, and all that was known."""

    sample_id: str
    revision: int
    language: str
    provenance: Provenance
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Content:
    """What a format finds in a row. `extra` are the row's other short values, kept beside it."""

    problem: str
    solution: str
    source: str
    snippet: str = ""
    snippet_language: str = ""
    extra: JsonObject = field(default_factory=dict)
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of data set: its name, whether a row is of it, and what is in such a row."""

    name: str
    recognises: Callable[[JsonObject], bool]
    read: Callable[[JsonObject], Content | Mismatch]


@dataclass(frozen=True, slots=True)
class ImportedSample:
    """A sample with its way back: the file, line and format it was read from.

    `seed` is the snippet that the row brought, `verdict` the decision that came with it.
    `has_replaced_characters` says that it held what cannot be stored: lone surrogates or NUL.
    """

    sample: Sample
    provenance: Provenance
    file: str
    line: int
    format: str
    seed: Seed | None
    verdict: Verdict | None
    extra: JsonObject
    has_replaced_characters: bool


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is no sample, where it stands and why."""

    file: str
    line: int
    reason: str
    detail: str
