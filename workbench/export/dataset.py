"""Freezing: rows become a folder that never changes, named by a hash of what is in it."""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.export.card import write_card
from workbench.export.counts import DatasetCounts, count_rows
from workbench.export.formats import as_messages
from workbench.export.rows import FORMAT_VERSION, ExportRow, hash_rows, replace_surrogates

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HASH_LETTERS = 12  # of the content hash in the folder's name: enough for any workspace


@dataclass(frozen=True, slots=True)
class FrozenDataset:
    """A frozen data set: its folder, the hash of its rows, and how many there are."""

    path: Path
    content_hash: str
    rows: int


def freeze(
    rows: Sequence[ExportRow],
    *,
    name: str,
    out_dir: Path,
    filter_text: str = "",
    versions: Mapping[str, Any] | None = None,
    allow_contaminated: bool = False,
    created_at: datetime | None = None,
) -> FrozenDataset:
    """Write rows as the folder `<out_dir>/<name>-<hash>`, whole or not at all.

    The folder holds `train.jsonl` (chat messages), `manifest.json` and `README.md`, the data card.
    The same rows under the same name give the same folder: it is written once and then found.
    `filter_text` is the expression that chose the rows, `versions` what checked and measured them.

    Raises:
        WinnowError: no rows, a name that is no file name, rows with a benchmark's text in them
            unless `allow_contaminated`, or a folder that was changed after it was frozen.
    """
    check_name(name)
    whole = [replace_surrogates(row) for row in rows]
    counts = count_rows(whole)
    _check_rows(whole, counts, name=name, allow_contaminated=allow_contaminated)
    content_hash = hash_rows(whole)
    frozen = FrozenDataset(
        out_dir / f"{name}-{content_hash[:HASH_LETTERS]}", content_hash, len(rows)
    )
    if frozen.path.exists():
        return _check_frozen(frozen)
    train = b"".join(
        json.dumps(as_messages(row), ensure_ascii=False).encode() + b"\n" for row in whole
    )
    created = (created_at or datetime.now(UTC)).astimezone(UTC)
    manifest = {
        "name": name,
        "created_at": created.isoformat(timespec="seconds"),
        "content_hash": content_hash,
        "format": "messages",
        "format_version": FORMAT_VERSION,
        "rows": len(whole),
        "rows_with_replaced_characters": sum(
            new is not old for new, old in zip(whole, rows, strict=True)
        ),
        "filter": filter_text.encode("utf-8", "replace").decode(),
        "versions": dict(versions or {}),
        "counts": asdict(counts),
        "files": {"train.jsonl": _describe_file(train)},
    }
    return _write_folder(frozen, train, manifest, counts)


def check_name(name: str) -> None:
    """Refuse a name that could be anything but a plain file name.

    Raises:
        WinnowError: it has other characters than letters, digits, dots, dashes and underscores.
    """
    if not NAME.fullmatch(name):
        raise WinnowError(
            f"{name[:80]!r} cannot name a data set: use 1 to 64 letters, digits, dots, dashes or "
            "underscores, with a letter or digit first."
        )


def _check_rows(
    rows: Sequence[ExportRow], counts: DatasetCounts, *, name: str, allow_contaminated: bool
) -> None:
    if not rows:
        raise WinnowError(
            f"Data set {name!r} would have no rows: accept some samples first, or widen the filter."
        )
    if counts.contaminated and not allow_contaminated:
        raise WinnowError(
            f"{len(counts.contaminated)} of {len(rows)} rows contain text of HumanEval (the first "
            f"is sample {counts.contaminated[0]!r}): leave them out, or allow contaminated rows."
        )


def _describe_file(content: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _write_folder(
    frozen: FrozenDataset, train: bytes, manifest: Mapping[str, Any], counts: DatasetCounts
) -> FrozenDataset:
    files = {
        "train.jsonl": train,
        "manifest.json": json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n",
        "README.md": write_card(manifest, counts).encode(),
    }
    parent = frozen.path.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{frozen.path.name}-", dir=parent))
    except OSError as error:
        raise WinnowError(
            f"{parent} cannot take data sets ({error.strerror}): choose one that you may write to."
        ) from error
    try:
        for file_name, content in files.items():
            _write_synced(temporary / file_name, content)
        temporary.chmod(0o755)  # mkdtemp makes it private
        temporary.rename(frozen.path)
        _sync_folder(parent)
    except OSError as error:
        if frozen.path.exists():  # another process froze the same rows at the same moment
            return _check_frozen(frozen)
        raise WinnowError(
            f"The data set could not be written to {parent} ({error.strerror}): nothing was kept."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return frozen


def _check_frozen(frozen: FrozenDataset) -> FrozenDataset:
    """The data set that is there already, if it is still what was frozen."""
    try:
        manifest = json.loads((frozen.path / "manifest.json").read_text(encoding="utf-8"))
        train = (frozen.path / "train.jsonl").read_bytes()
        unchanged = (
            manifest["content_hash"] == frozen.content_hash
            and manifest["files"]["train.jsonl"]["sha256"] == hashlib.sha256(train).hexdigest()
        )
    except (OSError, ValueError, KeyError, TypeError):
        unchanged = False
    if not unchanged:
        raise WinnowError(
            f"{frozen.path} was changed after it was frozen: move it away and freeze again."
        )
    return frozen


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
