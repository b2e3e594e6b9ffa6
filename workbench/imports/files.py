"""Which files an import reads: those named, a data set's folder, or a data set of the Hub."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.errors import WinnowError
from workbench.generation.prompts import storable_text
from workbench.imports.hub import HUB, fetch_dataset

EXPORT_ROWS = "train.jsonl"  # in the folder of a data set that we froze


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file on this machine, and the name that its samples keep: without the folders it lies in.

    A file of the Hub is called by its data set and its path there: `hf:owner/name/data/a.parquet`.
    """

    path: Path
    name: str


def find_files(specs: Sequence[str], *, hub_endpoint: str | None = None) -> list[SourceFile]:
    """The files that `specs` name: files, folders of our own exports, `hf:OWNER/NAME[/subset]`.

    Files of the Hub are downloaded into its cache first.

    Raises:
        WinnowError: none is named, or one is missing or cannot be read.
    """
    named = [spec.strip() for spec in specs if spec.strip()]
    if not named:
        raise WinnowError("No file is named: name a file, or a data set as hf:OWNER/NAME.")
    files: list[SourceFile] = []
    for spec in named:
        if spec.startswith(HUB):
            fetched = fetch_dataset(spec, endpoint=hub_endpoint)
            files += [SourceFile(path, storable_text(name)) for name, path in fetched]
        else:
            files.append(_find_local(spec))
    return files


def _find_local(spec: str) -> SourceFile:
    if "\0" in spec:
        raise WinnowError(f"{spec!r} names no file.")
    try:
        path = Path(spec).expanduser()
        if path.is_dir():
            if not (path / EXPORT_ROWS).is_file():
                raise WinnowError(
                    f"{spec!r} is a folder, and none of a data set (it has no {EXPORT_ROWS}). Name "
                    "the files in it."
                )
            return SourceFile(path / EXPORT_ROWS, storable_text(path.resolve().name))
        if not path.exists():
            raise WinnowError(f"{spec!r} does not exist. Check its spelling.")
        if not path.is_file():
            raise WinnowError(f"{spec!r} is no regular file. Name one that is.")
    except (OSError, RuntimeError) as error:
        raise WinnowError(f"{spec!r} cannot be opened: {error}.") from error
    return SourceFile(path, storable_text(path.name))
