"""Our own export: a chat of one turn whose metadata says everything that was known of the row."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workbench.imports.formats.chats import read_messages
from workbench.imports.formats.fields import kind_of
from workbench.imports.rows import (
    Content,
    Format,
    Identity,
    JsonObject,
    Mismatch,
    Provenance,
    Verdict,
)

NAME = "winnow"
# What an export writes before each problem; a test holds it equal to what the export step says.
INSTRUCTION = "Write a solution to this coding problem:\n\n"
SAMPLE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_INTEGER = 2**31 - 1  # of the column
MAX_CHARACTERS = 4_096  # of a value that is no problem or solution, such as a path

TEXTS = ("language", "corpus", "repository", "path", "licence", "verdict")
OPTIONAL_TEXTS = ("reviewer", "decided_at", "prompt_id", "model", "endpoint")
INTEGERS = ("revision", "first_line", "last_line")
# Found anew by the analysis of the workspace that the row comes into.
MEASURED = ("category", "similarity", "nearest_task", "findings")


def is_winnow(row: JsonObject) -> bool:
    """Whether the row is of an export of ours: its metadata names the sample of the row."""
    metadata = row.get("metadata")
    return (
        isinstance(row.get("messages"), list)
        and isinstance(metadata, dict)
        and "sample_id" in metadata
        and "revision" in metadata
        and metadata["sample_id"] == row.get("id")
    )


def read_winnow(row: JsonObject) -> Content | Mismatch:
    """The sample as it was exported, with its id, revision, provenance and decision."""
    content = read_messages(row)
    if isinstance(content, Mismatch):
        return content
    metadata = row.get("metadata")
    if not is_winnow(row) or not isinstance(metadata, dict):
        return Mismatch("no_metadata", "id and metadata do not name one sample")
    if not content.problem.startswith(INSTRUCTION):
        return Mismatch("unknown_instruction", f"no {INSTRUCTION.strip()!r} before the problem")
    identity = _read_identity(metadata)
    if isinstance(identity, Mismatch):
        return identity
    said = metadata.get("source")
    return Content(
        problem=content.problem.removeprefix(INSTRUCTION),
        solution=content.solution,
        source=said if isinstance(said, str) and 0 < len(said) <= 40 else NAME,
        identity=identity,
    )


def _read_identity(metadata: Mapping[str, Any]) -> Identity | Mismatch:
    """What the metadata says; a value that cannot be one is never made up for."""
    if mismatch := _find_mismatch(metadata):
        return mismatch
    verdict = _read_verdict(metadata)
    if isinstance(verdict, Mismatch):
        return verdict
    return Identity(
        sample_id=metadata["sample_id"],
        revision=metadata["revision"],
        language=metadata["language"],
        provenance=Provenance(
            corpus=metadata["corpus"],
            repository=metadata["repository"],
            path=metadata["path"],
            first_line=metadata["first_line"],
            last_line=metadata["last_line"],
            licence=metadata["licence"],
            prompt_id=metadata["prompt_id"],
            model=metadata["model"],
            endpoint=metadata["endpoint"],
        ),
        verdict=verdict,
    )


def _find_mismatch(metadata: Mapping[str, Any]) -> Mismatch | None:
    for name in (*TEXTS, *OPTIONAL_TEXTS, *INTEGERS):
        if name not in metadata:
            return Mismatch("missing_field", f"metadata.{name}")
        value = metadata[name]
        if name in INTEGERS:
            # `True` is an int in Python, and no number of a line.
            if type(value) is not int or not 0 <= value <= MAX_INTEGER:
                return Mismatch("bad_value", f"metadata.{name} is no number that it can be")
        elif not isinstance(value, str) and not (value is None and name in OPTIONAL_TEXTS):
            return Mismatch("not_text", f"metadata.{name} is {kind_of(value)}")
        elif value is not None and (len(value) > MAX_CHARACTERS or not is_unicode(value)):
            return Mismatch("bad_value", f"metadata.{name} cannot be stored")
    if metadata["revision"] < 1:
        return Mismatch("bad_value", "metadata.revision is 0")
    sample_id = metadata["sample_id"]
    if not isinstance(sample_id, str) or not SAMPLE_ID.fullmatch(sample_id):
        return Mismatch("bad_value", "the id is none of ours")
    return None


def _read_verdict(metadata: Mapping[str, Any]) -> Verdict | Mismatch | None:
    verdict, reviewer, said_at = (metadata[name] for name in ("verdict", "reviewer", "decided_at"))
    if verdict == "undecided" and reviewer is None and said_at is None:
        return None
    if verdict not in ("accepted", "rejected"):
        return Mismatch("bad_decision", f"verdict is {verdict[:40]!r}")
    if not reviewer or said_at is None:
        return Mismatch("bad_decision", f"{verdict}, but not by whom or not when")
    try:
        decided_at = datetime.fromisoformat(said_at)
    except ValueError:
        return Mismatch("bad_decision", f"decided_at is {said_at[:40]!r}")
    if decided_at.tzinfo is None:
        return Mismatch("bad_decision", "decided_at has no time zone")
    return Verdict(verdict, reviewer, decided_at)


def is_unicode(text: str) -> bool:
    """Whether the text has no half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


WINNOW = Format(NAME, is_winnow, read_winnow)
