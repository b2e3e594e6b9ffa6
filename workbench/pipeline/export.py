"""Freezing a data set: from accepted samples to a folder that training reads."""

from pathlib import Path

from storage.analyses import latest_versions
from storage.datasets import Dataset, add_dataset, rows_for_export
from storage.filters import SampleFilter
from storage.samples import count_samples
from workbench.workspace import Workspace

WINNOW_VERSION = "0.1.0"

# What the Export button takes when nobody says otherwise.
ACCEPTED = SampleFilter(verdict="accepted")


def count_rows(workspace: Workspace, where: SampleFilter) -> int:
    """How many rows an export with this filter would hold."""
    with workspace.database.read() as cursor:
        return count_samples(cursor, where)


def export_dataset(
    workspace: Workspace,
    name: str,
    where: SampleFilter,
    *,
    out_dir: Path | None = None,
    allow_contaminated: bool = False,
) -> Dataset:
    """Freeze the samples that the filter leaves; the same rows give the same data set again.

    It goes into the workspace's `datasets/`, or into `out_dir`.

    Raises:
        WinnowError: no rows, a name that cannot be one, or contaminated rows without the override.
    """
    from workbench.export.dataset import freeze
    from workbench.export.rows import ExportRow

    with workspace.database.read() as cursor:
        found = rows_for_export(cursor, where)
        versions = latest_versions(cursor)
    rows = [ExportRow(**{**row, "findings": tuple(row["findings"])}) for row in found]
    frozen = freeze(
        rows,
        name=name,
        filter_text=where.as_words(),
        out_dir=out_dir.absolute() if out_dir else workspace.datasets_dir,
        allow_contaminated=allow_contaminated,
        versions={"winnow": WINNOW_VERSION, **versions},
    )
    dataset = Dataset(
        id=frozen.path.name,
        name=name,
        content_hash=frozen.content_hash,
        rows=frozen.rows,
        filter=where.as_words(),
        path=str(frozen.path),
    )
    with workspace.database.transaction() as cursor:
        add_dataset(cursor, dataset, [(row.sample_id, row.revision) for row in rows])
    return dataset
