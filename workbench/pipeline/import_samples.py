"""Importing samples that others made: a look at what is there, then batches into the tables."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.imports import (
    RestoredDecision,
    add_origins,
    restore_decisions,
    texts_by_revision,
)
from storage.records import Sample
from storage.samples import add_samples
from storage.seeds import add_seeds
from workbench.corpora.licence_names import name_licence
from workbench.corpora.licences import is_expression
from workbench.imports.files import SourceFile, find_files
from workbench.imports.recognition import AUTO, recognise_format
from workbench.imports.rows import Format, ImportedSample, Mismatch, RejectedRow
from workbench.imports.samples import read_samples
from workbench.workspace import Workspace

BATCH = 500
LISTED = 200  # rejected rows that are listed; all are counted
SHOWN = 5  # samples of a preview
UNKNOWN_LICENCE = "unknown"
MAX_LICENCE = 60  # characters
SEEDS_JOB = "import"  # what stands as the job of seeds that came with samples

# Called with the number of rows read so far.
OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A file and the format that its rows were recognised to be in."""

    file: str
    format: str


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would bring: `rows` are `fits` and the sum of `rejected`, by reason.

    `listed` are the first rejected rows, `samples` the first that fit. `with_seed` brought the
    snippet they were made from, `decided` a decision; `replaced` held characters that cannot be
    stored.
    """

    files: tuple[FileFormat, ...]
    rows: int
    fits: int
    rejected: dict[str, int]
    listed: tuple[RejectedRow, ...]
    samples: tuple[ImportedSample, ...]
    with_seed: int
    decided: int
    replaced: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did: `rows` are `added`, `already_there` and the sum of `rejected`."""

    files: tuple[FileFormat, ...]
    rows: int
    added: int
    already_there: int
    decided: int
    rejected: dict[str, int]
    listed: tuple[RejectedRow, ...]


def preview_import(
    paths: Sequence[str],
    *,
    format_name: str = AUTO,
    licence: str = "",
    on_progress: OnProgress | None = None,
) -> ImportPreview:
    """Read everything that `paths` name and say what it is; nothing is written.

    A path is a file, the folder of an exported data set, or `hf:OWNER/NAME[/subset]`.

    Raises:
        WinnowError: nothing there, damaged, of no known format, or a licence that is none.
    """
    sources = _open_sources(paths, format_name)
    rejected: Counter[str] = Counter()
    listed: list[RejectedRow] = []
    samples: list[ImportedSample] = []
    fits = with_seed = decided = replaced = 0
    for row in read_samples(sources, licence=read_licence(licence)):
        if isinstance(row, RejectedRow):
            _reject([row], rejected, listed)
        else:
            fits += 1
            with_seed += row.seed is not None
            decided += row.verdict is not None
            replaced += row.has_replaced_characters
            if len(samples) < SHOWN:
                samples.append(row)
        _report(on_progress, fits + rejected.total())
    return ImportPreview(
        files=_formats(sources),
        rows=fits + rejected.total(),
        fits=fits,
        rejected=dict(rejected.most_common()),
        listed=tuple(listed),
        samples=tuple(samples),
        with_seed=with_seed,
        decided=decided,
        replaced=replaced,
    )


def import_samples(
    workspace: Workspace,
    paths: Sequence[str],
    *,
    format_name: str = AUTO,
    licence: str = "",
    on_progress: OnProgress | None = None,
) -> ImportResult:
    """Add the samples of `paths`, a few hundred in each transaction; importing again adds nothing.

    Samples of our own exports come with their ids, provenance and decisions; `licence` is that of
    all others. A sample that is there already, edited since or not, stays as it is.

    Raises:
        WinnowError: as for `preview_import`; batches before a damaged place stay.
    """
    sources = _open_sources(paths, format_name)
    rejected: Counter[str] = Counter()
    listed: list[RejectedRow] = []
    rows = added = there = decided = 0
    found = read_samples(sources, licence=read_licence(licence))
    while batch := list(islice(found, BATCH)):
        with workspace.database.transaction() as cursor:
            fresh, refused = _compare(cursor, batch)
            _add(cursor, fresh)
        _reject(refused, rejected, listed)
        rows += len(batch)
        added += len(fresh)
        there += len(batch) - len(fresh) - len(refused)
        decided += sum(row.verdict is not None for row in fresh)
        _report(on_progress, rows)
    return ImportResult(
        files=_formats(sources),
        rows=rows,
        added=added,
        already_there=there,
        decided=decided,
        rejected=dict(rejected.most_common()),
        listed=tuple(listed),
    )


def read_licence(text: str) -> str:
    """The SPDX name that `text` means; "unknown" where it is empty.

    Raises:
        WinnowError: it means none.
    """
    if not text.strip() or text.strip().lower() == UNKNOWN_LICENCE:
        return UNKNOWN_LICENCE
    name = text.strip()
    found = name_licence(name) or (name if is_expression(name) else None)
    if found is None or len(found) > MAX_LICENCE:
        raise WinnowError(
            f"{text[:80]!r} is no licence by its SPDX name: write one such as CC-BY-NC-4.0, "
            "MIT or Apache-2.0."
        )
    return found


def _open_sources(paths: Sequence[str], format_name: str) -> list[tuple[SourceFile, Format]]:
    files = find_files(paths)
    return [(file, recognise_format(file, wanted=format_name)) for file in files]


def _formats(sources: Sequence[tuple[SourceFile, Format]]) -> tuple[FileFormat, ...]:
    return tuple(FileFormat(file.name, found.name) for file, found in sources)


def _report(on_progress: OnProgress | None, rows: int) -> None:
    if on_progress is not None and rows % BATCH == 0:
        on_progress(rows)


def _reject(rows: Sequence[RejectedRow], rejected: Counter[str], listed: list[RejectedRow]) -> None:
    rejected.update(row.reason for row in rows)
    listed.extend(rows[: max(0, LISTED - len(listed))])


def _compare(
    cursor: DuckDBPyConnection, batch: Sequence[ImportedSample | RejectedRow]
) -> tuple[list[ImportedSample], list[RejectedRow]]:
    """The samples that are new here, and the rows that are none or whose id is another's here."""
    ids = [row.sample.id for row in batch if isinstance(row, ImportedSample)]
    known = texts_by_revision(cursor, ids)
    fresh: list[ImportedSample] = []
    refused: list[RejectedRow] = []
    for row in batch:
        if isinstance(row, RejectedRow):
            refused.append(row)
        elif row.sample.id not in known:
            fresh.append(row)
        elif mismatch := _find_conflict(row.sample, known[row.sample.id]):
            refused.append(RejectedRow(row.file, row.line, mismatch.reason, mismatch.detail))
    return fresh, refused


def _find_conflict(sample: Sample, revisions: dict[int, tuple[str, str]]) -> Mismatch | None:
    """Why a sample is not one that is here, by the texts of the one with its id."""
    if sample.revision not in revisions:
        return Mismatch(
            "other_revision", f"sample {sample.id} is here without revision {sample.revision}"
        )
    problem, solution = revisions[sample.revision]
    # An export leaves out the space around both.
    if problem.strip() != sample.problem.strip() or solution.strip() != sample.solution.strip():
        return Mismatch("conflicting_id", f"sample {sample.id} has another text here")
    return None


def _add(cursor: DuckDBPyConnection, rows: Sequence[ImportedSample]) -> None:
    add_seeds(cursor, [row.seed for row in rows if row.seed is not None], job_id=SEEDS_JOB)
    add_origins(cursor, [_origin(row) for row in rows])
    add_samples(cursor, [(row.sample, row.provenance.model or "") for row in rows])
    restore_decisions(
        cursor,
        [
            RestoredDecision(
                row.sample.id,
                row.sample.revision,
                row.verdict.verdict,
                row.verdict.reviewer,
                row.verdict.decided_at,
            )
            for row in rows
            if row.verdict is not None
        ],
    )


def _origin(row: ImportedSample) -> dict[str, Any]:
    return {
        "sample_id": row.sample.id,
        "file": row.file,
        "line": row.line,
        "format": row.format,
        **asdict(row.provenance),
        "extra": row.extra,
    }
