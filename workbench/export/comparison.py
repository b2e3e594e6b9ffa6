"""Two data sets side by side: rows in, out and changed, and how the mixes moved."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.export.counts import UNKNOWN
from workbench.export.files import HELD_OUT, TRAIN
from workbench.export.folder import read_files, read_manifest
from workbench.export.formats import answer_text, instruction_text

MIXES = ("language", "category", "licence", "model", "reviewer")
MAX_SHOWN = 10  # of the values of a mix, in the text


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """A row as comparing sees it: `text` is a hash of what was said, `part` train or held_out."""

    sample_id: str
    revision: int
    text: str
    part: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ComparedDataset:
    """One side of a comparison. `is_frozen` is False where the values are those of today."""

    name: str
    content_hash: str
    rows: tuple[ComparedRow, ...]
    is_frozen: bool = True


@dataclass(frozen=True, slots=True)
class DatasetComparison:
    """What came in, went out and changed from the first data set to the second, by sample id.

    `changed` rows are of the same sample with another revision or other text; `moved` ones are
    otherwise the same and are now trained on or held out. Mixes have for each value how many rows
    of the first and of the second have it.
    """

    first: ComparedDataset
    second: ComparedDataset
    rows_in: tuple[str, ...]
    rows_out: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[str, ...]
    same: int
    same_order: bool
    mixes: dict[str, dict[str, tuple[int, int]]]


def compare(first: ComparedDataset, second: ComparedDataset) -> DatasetComparison:
    """What it takes to come from the first to the second; ids in the order of their data set."""
    before = {row.sample_id: row for row in first.rows}
    after = {row.sample_id: row for row in second.rows}
    shared = [(row, before[row.sample_id]) for row in second.rows if row.sample_id in before]
    changed = {new.sample_id for new, old in shared if _content(new) != _content(old)}
    kept = [row.sample_id for row in first.rows if row.sample_id in after]
    return DatasetComparison(
        first,
        second,
        rows_in=tuple(name for name in after if name not in before),
        rows_out=tuple(name for name in before if name not in after),
        changed=tuple(new.sample_id for new, _ in shared if new.sample_id in changed),
        moved=tuple(
            new.sample_id
            for new, old in shared
            if new.sample_id not in changed and new.part != old.part
        ),
        same=sum(new.sample_id not in changed and new.part == old.part for new, old in shared),
        same_order=kept == [new.sample_id for new, _ in shared],
        mixes={name: _mix(name, first.rows, second.rows) for name in MIXES},
    )


def compare_folders(first: Path, second: Path) -> DatasetComparison:
    """The comparison of two frozen folders on disk.

    Raises:
        WinnowError: one is no data set, or was changed after it was frozen.
    """
    return compare(read_folder(first), read_folder(second))


def read_folder(path: Path) -> ComparedDataset:
    """One side of a comparison from its folder.

    Raises:
        WinnowError: it is no data set, or was changed after it was frozen.
    """
    manifest = read_manifest(path)
    contents = read_files(path, manifest)
    rows = tuple(
        _read_row(line, part, path)
        for part in (TRAIN, HELD_OUT)
        for line in contents.get(f"{part}.jsonl", b"").split(b"\n")
        if line
    )
    return ComparedDataset(path.name, manifest["content_hash"], rows)


def rows_to_compare(
    rows: Iterable[Mapping[str, Any]], *, train_rows: int
) -> tuple[ComparedRow, ...]:
    """Rows of the database as comparing sees them; those from `train_rows` on are held out."""
    return tuple(
        ComparedRow(
            row["sample_id"],
            row["revision"],
            _hash_texts(instruction_text(row["problem"]), answer_text(row["solution"])),
            TRAIN if index < train_rows else HELD_OUT,
            {name: str(row[name] or UNKNOWN) for name in MIXES},
        )
        for index, row in enumerate(rows)
    )


def comparison_text(found: DatasetComparison) -> str:
    """The comparison in a few lines for a terminal."""
    first, second = found.first, found.second
    lines = [
        f"{first.name}: {len(first.rows):,} rows; {second.name}: {len(second.rows):,} rows.",
        f"{len(found.rows_in):,} in, {len(found.rows_out):,} out, {len(found.changed):,} changed, "
        f"{len(found.moved):,} moved between training and held out, {found.same:,} the same"
        f"{'' if found.same_order else ', in another order'}.",
    ]
    for name, mix in found.mixes.items():
        lines.append(f"{name}:")
        values = list(mix.items())
        lines += [
            f"  {_one_line(value)}: {before:,} -> {after:,} ({after - before:+,})"
            for value, (before, after) in values[:MAX_SHOWN]
        ]
        if len(values) > MAX_SHOWN:
            lines.append(f"  and {len(values) - MAX_SHOWN:,} more values")
    for side in (first, second):
        if not side.is_frozen:
            lines.append(f"The folder of {side.name} is gone: its mixes are those of today.")
    return "\n".join(lines)


def _content(row: ComparedRow) -> tuple[int, str]:
    return row.revision, row.text


def _mix(
    name: str, first: Sequence[ComparedRow], second: Sequence[ComparedRow]
) -> dict[str, tuple[int, int]]:
    before, after = (Counter(row.values[name] for row in rows) for rows in (first, second))
    both = sorted(before.keys() | after.keys(), key=lambda v: (-max(before[v], after[v]), v))
    return {value: (before[value], after[value]) for value in both}


def _read_row(line: bytes, part: str, path: Path) -> ComparedRow:
    try:
        record = json.loads(line)
        metadata = record["metadata"]
        return ComparedRow(
            record["id"],
            metadata["revision"],
            _hash_texts(*(message["content"] for message in record["messages"])),
            part,
            {name: str(metadata.get(name) or UNKNOWN) for name in MIXES},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise WinnowError(f"{path} has a row that `export` did not write ({error!r}).") from error


def _hash_texts(*texts: str) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def _one_line(text: str) -> str:
    """The text without what could steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)[:80]
