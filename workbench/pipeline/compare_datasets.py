"""Comparing two data sets of a workspace, or two folders."""

from pathlib import Path

from storage.datasets import find_dataset, rows_of_dataset, snapshot
from storage.errors import WinnowError
from workbench.export.comparison import (
    ComparedDataset,
    DatasetComparison,
    compare,
    read_folder,
    rows_to_compare,
)
from workbench.workspace import Workspace


def compare_datasets(workspace: Workspace, first: str, second: str) -> DatasetComparison:
    """What came in, went out and changed; each is a data set's id or name, or a folder's path.

    What was frozen is read from the folder; where it is gone, from the database, whose evidence is
    that of today.

    Raises:
        WinnowError: one is unknown, or its folder was changed after it was frozen.
    """
    return compare(read_side(workspace, first), read_side(workspace, second))


def read_side(workspace: Workspace, name: str) -> ComparedDataset:
    """The data set of that id, name or path as one side of a comparison."""
    if "/" in name:
        return read_folder(Path(name).absolute())
    with workspace.database.read() as cursor, snapshot(cursor):
        try:
            dataset = find_dataset(cursor, name)
        except WinnowError:
            if Path(name).is_dir():
                return read_folder(Path(name).absolute())
            raise
        if Path(dataset.path).is_dir():
            return read_folder(Path(dataset.path))
        rows = rows_of_dataset(cursor, dataset.id)
    return ComparedDataset(
        dataset.id,
        dataset.content_hash,
        rows_to_compare(rows, train_rows=dataset.rows),
        is_frozen=False,
    )
