"""Reads a frozen data set from disk: `train.jsonl` and `manifest.json`, or a bare JSONL file."""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import WinnowError

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation: (role, content) pairs with at least one answer of the assistant."""

    id: str
    messages: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set as it was exported; `content_hash` names its content in every result."""

    name: str
    content_hash: str
    rows: tuple[Row, ...]


def read_dataset(path: Path) -> Dataset:
    """The data set at `path`, a folder that `export` wrote or a .jsonl file.

    Raises:
        WinnowError: it is missing, empty, damaged, or a row has no conversation.
    """
    file = path / "train.jsonl" if path.is_dir() else path
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WinnowError(
            f"The data set {path} cannot be read ({error.strerror}): give a folder that holds "
            "train.jsonl, or a .jsonl file."
        ) from error
    lines = content.splitlines()  # bytes split at line ends only, not at U+2028
    rows = tuple(
        _parse_row(line, place=f"{file}, line {number}", number=number)
        for number, line in enumerate(lines, 1)
        if line.strip()
    )
    if not rows:
        raise WinnowError(f"The data set {file} is empty: export at least one row.")
    manifest = _read_manifest(path / "manifest.json") if path.is_dir() else {}
    if manifest.get("rows", len(rows)) != len(rows):
        raise WinnowError(
            f"The data set {path} is damaged: its manifest names {manifest['rows']} rows, "
            f"train.jsonl has {len(rows)}. Export it again."
        )
    return Dataset(
        name=str(manifest.get("name") or path.stem),
        content_hash=str(manifest.get("content_hash") or hashlib.sha256(content).hexdigest()),
        rows=rows,
    )


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WinnowError(f"{path} cannot be read ({error}): export the data set again.") from error
    if not isinstance(manifest, dict):
        raise WinnowError(f"{path} is no manifest: export the data set again.")
    return manifest


def _parse_row(line: bytes, *, place: str, number: int) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise WinnowError(f"{place} is no JSON ({error}).") from error
    messages = row.get("messages") if isinstance(row, dict) else None
    if not isinstance(messages, list) or not messages:
        raise WinnowError(
            f'{place} has no messages: a row is {{"messages": [{{"role": "user", "content": …}}, '
            '{"role": "assistant", "content": …}]}.'
        )
    pairs = tuple(_parse_message(message, place=place) for message in messages)
    if not any(role == "assistant" and content.strip() for role, content in pairs):
        raise WinnowError(f"{place} has no answer of the assistant to learn from.")
    return Row(id=str(row.get("id", number)), messages=pairs)


def _parse_message(message: Any, *, place: str) -> tuple[str, str]:
    role, content = (
        (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
    )
    if role not in ROLES or not isinstance(content, str):
        raise WinnowError(
            f"{place} has a message that is not a role ({', '.join(ROLES)}) with a text."
        )
    try:
        content.encode("utf-8")
    except UnicodeEncodeError:
        raise WinnowError(
            f"{place} holds half of a surrogate pair, which no tokenizer takes: remove the row."
        ) from None
    return role, content


def split_held_out(
    rows: Sequence[Row], *, share: float, random_seed: int
) -> tuple[list[Row], list[Row]]:
    """(rows to train on, rows to measure on), both in their order; the same for the same seed.

    At least one row is held out, and at least one is trained on; of a single row, none is held out.
    """
    count = min(max(1, round(len(rows) * share)), len(rows) - 1)
    held = set(random.Random(random_seed).sample(range(len(rows)), count))  # noqa: S311
    return (
        [row for index, row in enumerate(rows) if index not in held],
        [row for index, row in enumerate(rows) if index in held],
    )
