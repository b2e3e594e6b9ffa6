"""The official file of a benchmark: from a path, the cache or its release, and no other."""

import gzip
import hashlib
import json
import os
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import WinnowError

_DOWNLOAD_BYTES = 64 * 2**20  # the largest of the files has 1 MB
_DOWNLOAD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class OfficialFile:
    """A published file: its name, where it is released, and the SHA-256 of its bytes."""

    title: str
    name: str
    url: str
    sha256: str


def read_rows(content: bytes) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file, gzipped or not."""
    text = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def read_official(official: OfficialFile, *, path: Path | None, cache_dir: Path) -> bytes:
    """The file's bytes: from `path` (a file, or a folder that holds it), else from the cache, else
    downloaded into the cache.

    Raises:
        WinnowError: it is not there and cannot be had, or is not the official one.
    """
    if path is not None:
        return _read(official, path / official.name if path.is_dir() else path)
    cached = cache_dir / "benchmarks" / official.name
    if cached.is_file():
        return _read(official, cached)
    content = _download(official, cached)
    _check(official, content, official.url)
    _write(cached, content)
    return content


def _read(official: OfficialFile, path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WinnowError(
            f"{official.title}'s file {path} cannot be read ({error.strerror}): give the official "
            f"{official.name} with --benchmark-file."
        ) from error
    _check(official, content, str(path))
    return content


def _check(official: OfficialFile, content: bytes, where: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != official.sha256:
        raise WinnowError(
            f"{where} is not {official.title}'s official file: its SHA-256 is {found}, and "
            f"{official.sha256} was expected. Get {official.name} from {official.url}."
        )


def _download(official: OfficialFile, cached: Path) -> bytes:
    try:
        with urllib.request.urlopen(official.url, timeout=_DOWNLOAD_SECONDS) as answer:  # noqa: S310 - our own https URL
            content: bytes = answer.read(_DOWNLOAD_BYTES)
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise WinnowError(
            f"{official.title}'s tasks cannot be downloaded from {official.url} ({reason}): put "
            f"the file there as {cached}, or name it with --benchmark-file."
        ) from error
    return content


def _write(cached: Path, content: bytes) -> None:
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=cached.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(cached)
    except OSError as error:
        raise WinnowError(
            f"{cached.parent} cannot be written ({error.strerror}): choose another with --cache."
        ) from error
