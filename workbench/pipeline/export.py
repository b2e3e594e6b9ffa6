"""Freezing a data set: from accepted samples to a folder that training reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from storage.analyses import latest_versions
from storage.datasets import (
    Dataset,
    add_dataset,
    decisions_for_export,
    details_for_export,
    facts_for_export,
    find_dataset,
    prompt_names,
    rows_for_export,
    snapshot,
)
from storage.filters import SampleFilter
from storage.samples import count_samples
from workbench.export.split import RANDOM_SEED
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.export.background import Background
    from workbench.export.rows import ExportRow

WINNOW_VERSION = "0.1.0"

# What the Export button takes when nobody says otherwise.
ACCEPTED = SampleFilter(verdict="accepted")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows that a filter leaves and all that is said of them, of one moment."""

    rows: "list[ExportRow]"
    background: "Background"


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
    formats: Sequence[str] = (),
    held_out: float = 0.0,
    random_seed: int = RANDOM_SEED,
    licences: str = "any",
) -> Dataset:
    """Freeze the samples that the filter leaves; the same rows give the same data set again.

    It goes into the workspace's `datasets/`, or into `out_dir`. `formats` are written beside the
    chat messages that every data set has; `held_out` is the share of rows kept from training by
    whole repositories; `licences` is "any", or "permissive" to refuse others.

    Raises:
        WinnowError: no rows, a name that cannot be one, an unknown format, a share that cannot be
            held out, or rows that the policy refuses.
    """
    from workbench.export.background import Policy
    from workbench.export.dataset import freeze

    with workspace.database.read() as cursor:
        chosen = read_chosen(cursor, where)
    frozen = freeze(
        chosen.rows,
        name=name,
        out_dir=out_dir.absolute() if out_dir else workspace.datasets_dir,
        background=chosen.background,
        policy=Policy(licences, allow_contaminated),
        formats=formats,
        held_out=held_out,
        random_seed=random_seed,
    )
    dataset = Dataset(
        id=frozen.path.name,
        name=name,
        content_hash=frozen.content_hash,
        rows=frozen.rows,
        filter=where.as_words(),
        path=str(frozen.path),
    )
    revisions = {row.sample_id: row.revision for row in chosen.rows}
    with workspace.database.transaction() as cursor:
        add_dataset(cursor, dataset, [(name, revisions[name]) for name in frozen.order])
    return dataset


def add_dataset_formats(workspace: Workspace, name: str, formats: Sequence[str]) -> tuple[str, ...]:
    """Add files of other formats to a frozen data set, by name or id; which ones it lacked.

    Raises:
        WinnowError: no such data set, an unknown format, or a folder that was changed.
    """
    from workbench.export.folder import add_formats

    with workspace.database.read() as cursor:
        dataset = find_dataset(cursor, name)
    return add_formats(Path(dataset.path), formats)


def read_chosen(cursor: DuckDBPyConnection, where: SampleFilter) -> Chosen:
    """What the filter leaves, of one moment: a decision meanwhile is in all of it or none."""
    from workbench.cleaning import contamination
    from workbench.export.agreement import measure_agreement
    from workbench.export.background import Background, Measured
    from workbench.export.rows import ExportRow

    with snapshot(cursor):
        found = rows_for_export(cursor, where)
        facts = facts_for_export(cursor, where)
        details = details_for_export(cursor, where, check=contamination.NAME)
        decisions = decisions_for_export(cursor, where)
        prompts = prompt_names(cursor)
        versions = latest_versions(cursor)
    return Chosen(
        [ExportRow(**{**row, "findings": tuple(row["findings"])}) for row in found],
        Background(
            filter_text=where.as_words(),
            versions=_versions(versions),
            prompts=prompts,
            measured={
                row["sample_id"]: Measured(
                    row["source"], row["problem_tokens"], row["solution_tokens"]
                )
                for row in facts
            },
            contamination=details,
            agreement=measure_agreement(decisions),
        ),
    )


def _versions(analysis: dict[str, Any]) -> dict[str, Any]:
    from workbench.generation.tasks import PARSER_VERSION

    return {"winnow": WINNOW_VERSION, "parser": PARSER_VERSION, **analysis}
