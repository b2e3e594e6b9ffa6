"""The folder of a frozen data set: written whole or not at all, read back only unchanged."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.export.card import write_card
from workbench.export.files import DATA_FILES, HELD_OUT, TRAIN, encode_files, select_formats
from workbench.export.formats import row_from_messages
from workbench.export.manifest import describe_file, write_manifest
from workbench.export.rows import ExportRow

MANIFEST, CARD = "manifest.json", "README.md"


def write_folder(path: Path, files: Mapping[str, bytes]) -> bool:
    """Write the folder under another name, then give it its own; False where it is there already.

    Raises:
        WinnowError: the place takes no folder, or the disk is full; nothing is kept then.
    """
    parent = path.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=parent))
    except OSError as error:
        raise WinnowError(
            f"{parent} cannot take data sets ({error.strerror}): choose one that you may write to."
        ) from error
    try:
        for file_name, content in files.items():
            _write_synced(temporary / file_name, content)
        temporary.chmod(0o755)  # mkdtemp makes it private
        _sync_folder(temporary)
        temporary.rename(path)
        _sync_folder(parent)
    except OSError as error:
        if path.exists():  # another process froze the same rows at the same moment
            return False
        raise WinnowError(
            f"The data set could not be written to {parent} ({error.strerror}): nothing was kept."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return True


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the data set in this folder.

    Raises:
        WinnowError: there is none, or it is none of ours.
    """
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WinnowError(
            f"{path} is no frozen data set ({MANIFEST}: {_reason(error)}): name a folder that "
            "`export` wrote."
        ) from error
    if not (
        isinstance(manifest, dict)
        and isinstance(manifest.get("files"), dict)
        and "train.jsonl" in manifest["files"]
        and isinstance(manifest.get("counts"), dict)
        and isinstance(manifest.get("content_hash"), str)
    ):
        raise WinnowError(f"{file} is no manifest of a data set: name a folder of `export`.")
    return manifest


def read_files(path: Path, manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """The data files that the manifest lists, each found to be what was frozen.

    Raises:
        WinnowError: one is missing, was changed, or has a name that no data set of ours has.
    """
    contents = {}
    for name, described in manifest["files"].items():
        if name not in DATA_FILES:
            raise WinnowError(f"{path / MANIFEST} lists {name[:40]!r}, which no export writes.")
        try:
            content = (path / name).read_bytes()
        except OSError as error:
            raise WinnowError(f"{path / name} cannot be read ({error.strerror}).") from error
        if not isinstance(described, dict) or hashlib.sha256(content).hexdigest() != described.get(
            "sha256"
        ):
            raise WinnowError(
                f"{path / name} was changed after it was frozen: freeze the data set again."
            )
        contents[name] = content
    return contents


def is_unchanged(path: Path, *, content_hash: str) -> bool:
    """Whether the folder still holds the data set of that hash, every file as it was frozen."""
    try:
        manifest = read_manifest(path)
        read_files(path, manifest)
    except WinnowError:
        return False
    return bool(manifest["content_hash"] == content_hash)


def add_formats(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Add the files of formats that a frozen data set lacks; which those were.

    They are made of the rows in its train.jsonl, so they hold what was frozen, and neither the rows
    nor their hash change. A new file is on disk whole before the manifest lists it.

    Raises:
        WinnowError: an unknown format, no data set, one that was changed, or a disk that is full.
    """
    wanted = select_formats(names)
    manifest = read_manifest(path)
    missing = [form for form in wanted if form.file_name(TRAIN) not in manifest["files"]]
    if not missing:
        return ()
    contents = read_files(path, manifest)
    train, held_out = (read_rows(contents.get(f"{part}.jsonl", b"")) for part in (TRAIN, HELD_OUT))
    fresh = encode_files(missing, train, held_out)
    listed = {**manifest["files"], **{n: describe_file(data) for n, data in fresh.items()}}
    present = select_formats([*manifest.get("formats", ()), *names])
    changed = {**manifest, "files": listed, "formats": [form.name for form in present]}
    # A card of the first kind was written from what its manifest does not have: it stays.
    cards = {CARD: write_card(changed).encode()} if "policy" in changed else {}
    try:
        for name, content in {**fresh, **cards, MANIFEST: write_manifest(changed)}.items():
            _replace_synced(path / name, content)
        _sync_folder(path)
    except OSError as error:
        raise WinnowError(
            f"{path} could not be added to ({error.strerror}); what was frozen is as it was."
        ) from error
    return tuple(form.name for form in missing)


def read_rows(content: bytes) -> list[ExportRow]:
    """The rows of a file of chat messages that we wrote.

    Raises:
        WinnowError: a line is no row of ours.
    """
    rows = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line:
            continue
        try:
            rows.append(row_from_messages(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WinnowError(
                f"Line {number} of train.jsonl is no row that `export` wrote ({error!r})."
            ) from error
    return rows


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "no JSON"


def _replace_synced(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        _write_synced(temporary, content)
        temporary.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


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
