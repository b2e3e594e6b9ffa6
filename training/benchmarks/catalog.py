"""All benchmarks, and one way to load the tasks of any."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.errors import WinnowError
from training.benchmarks import humaneval, humaneval_plus, mbpp, mbpp_plus
from training.benchmarks.files import OfficialFile
from training.benchmarks.task import Task


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark by its name, with how many tasks it has and how they are read."""

    name: str
    tasks: int
    official: OfficialFile
    read_tasks: Callable[..., list[Task]]


BENCHMARKS = (
    Benchmark(humaneval.NAME, 164, humaneval.OFFICIAL, humaneval.read_tasks),
    Benchmark(humaneval_plus.NAME, 164, humaneval_plus.OFFICIAL, humaneval_plus.read_tasks),
    Benchmark(mbpp.NAME, 500, mbpp.OFFICIAL, mbpp.read_tasks),
    Benchmark(mbpp_plus.NAME, 378, mbpp_plus.OFFICIAL, mbpp_plus.read_tasks),
)


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of that name.

    Raises:
        WinnowError: there is none.
    """
    for benchmark in BENCHMARKS:
        if benchmark.name == name:
            return benchmark
    known = ", ".join(benchmark.name for benchmark in BENCHMARKS)
    raise WinnowError(f"Benchmark {name!r} does not exist: use one of {known}.")


def load_tasks(
    name: str, *, cache_dir: Path, limit: int | None = None, file: Path | None = None
) -> list[Task]:
    """`limit` tasks of a benchmark, evenly spaced, or all; `file` is its official file or the
    folder that holds it, else the cache and then the release are asked.

    Raises:
        WinnowError: no such benchmark, no official file, or `limit` is out of range.
    """
    return find_benchmark(name).read_tasks(limit=limit, file=file, cache_dir=cache_dir)
