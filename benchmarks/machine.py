"""The machine and the software that a measurement was made with."""

import importlib.metadata
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SYNC_TRIES = 50
SYNC_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Machine:
    """`sync_ms` is what storing one small file durably takes where the runs store, in the median.

    Written, synced, renamed, its folder synced; on a `filesystem` in memory that is nothing.
    """

    date: str
    system: str
    processor: str
    cores: int
    memory_gb: float
    load: float
    filesystem: str
    sync_ms: float
    versions: dict[str, str]

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"{self.date}, {self.cores} x {self.processor}, {self.memory_gb:.0f} GB, "
            f"{self.system}, {self.filesystem} with {self.sync_ms:.1f} ms to store a small file, "
            f"load before {self.load:.1f}; {versions}"
        )


def describe_machine(folder: Path, peers: dict[str, str]) -> Machine:
    """This machine now, its versions of what matters here and those of the peers.

    `folder` is where the runs have theirs.
    """
    ours = {"Python": platform.python_version(), "openai": importlib.metadata.version("openai")}
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        date=time.strftime("%Y-%m-%d"),
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=pages / 2**30,
        load=os.getloadavg()[0],
        filesystem=_filesystem(folder),
        sync_ms=_sync_ms(folder),
        versions={**ours, **peers},
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return " ".join(line.partition(":")[2].split())
    return platform.machine()


def _filesystem(folder: Path) -> str:
    """The type of the file system that a folder is on: the deepest mount above it."""
    found, name = Path("/"), "unknown"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if folder.resolve().is_relative_to(mount) and Path(mount).is_relative_to(found):
            found, name = Path(mount), kind
    return name


def _sync_ms(folder: Path) -> float:
    taken = []
    with tempfile.TemporaryDirectory(prefix="winnow-benchmark-", dir=folder) as name:
        descriptor = os.open(name, os.O_RDONLY)
        for number in range(SYNC_TRIES):
            started = time.perf_counter()
            temporary = Path(name, "segment.tmp")
            with temporary.open("wb") as file:
                file.write(bytes(SYNC_BYTES))
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(Path(name, str(number)))
            os.fsync(descriptor)
            taken.append(time.perf_counter() - started)
        os.close(descriptor)
    return statistics.median(taken) * 1000
