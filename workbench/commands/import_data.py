"""The command that imports samples which others made."""

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from storage import samples
from storage.errors import WinnowError
from workbench.commands.answer import Answer
from workbench.imports.rows import RejectedRow
from workbench.pipeline.import_samples import (
    ImportPreview,
    OnProgress,
    import_samples,
    preview_import,
)
from workbench.workspace import Workspace

SHOWN_ROWS = 20  # rejected rows that the terminal lists; `--json` has all that are listed
WIDTH = 100


def import_data(workspace: Workspace, arguments: Namespace) -> Answer:
    """Say what the files hold, then, without `--dry-run`, add their samples."""
    options = {"format_name": arguments.format, "licence": arguments.license or ""}
    with _progress("Reading") as on_progress:
        preview = preview_import(arguments.files, **options, on_progress=on_progress)
    found = "\n".join(_preview_lines(preview))
    if arguments.dry_run:
        return Answer(found, _preview_values(preview))
    if preview.fits == 0:
        raise WinnowError(f"No row fits: {_reasons(preview.rejected)}. Nothing was imported.")
    if not arguments.json:
        print(found, file=sys.stderr)
    with _progress("Importing") as on_progress:
        result = import_samples(workspace, arguments.files, **options, on_progress=on_progress)
    with workspace.database.read() as cursor:
        total = samples.count_samples(cursor)
    rejected = sum(result.rejected.values())
    tail = f" ({_reasons(result.rejected)})" if rejected else ""
    decided = f", {result.decided:,} of them decided" if result.decided else ""
    return Answer(
        f"Imported {result.added:,} of {result.rows:,} rows{decided}; {result.already_there:,} were"
        f" there already, {rejected:,} did not fit{tail}; {total:,} samples are there.",
        {**asdict(result), "samples": total},
    )


@contextmanager
def _progress(title: str) -> Iterator[OnProgress]:
    """A line on the terminal that counts rows; nothing where standard error is none."""
    from rich.console import Console

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda rows: None
        return
    with console.status(title) as status:
        yield lambda rows: status.update(f"{title}: {rows:,} rows")


def _preview_lines(preview: ImportPreview) -> list[str]:
    lines = [f"{_printable(file.file)}: {file.format}" for file in preview.files]
    rejected = sum(preview.rejected.values())
    tail = f", {rejected:,} do not ({_reasons(preview.rejected)})" if rejected else ""
    lines.append(f"{preview.fits:,} of {preview.rows:,} rows fit{tail}.")
    for count, words in (
        (preview.decided, "come with a decision"),
        (preview.with_seed, "bring the snippet they were made from"),
        (preview.replaced, "hold characters that cannot be stored; U+FFFD takes their place"),
    ):
        if count:
            lines.append(f"{count:,} {words}.")
    if preview.samples:
        first = preview.samples[0].sample
        lines.append(f"First: {_printable(first.problem)} -> {_printable(first.solution)}")
    return lines + _rejected_lines(preview.listed, rejected, several=len(preview.files) > 1)


def _rejected_lines(listed: Sequence[RejectedRow], total: int, *, several: bool) -> list[str]:
    lines = []
    for row in listed[:SHOWN_ROWS]:
        place = f"{_printable(row.file)}, line {row.line}" if several else f"line {row.line}"
        detail = f" ({_printable(row.detail)})" if row.detail else ""
        lines.append(f"  {place}: {row.reason}{detail}")
    if total > SHOWN_ROWS:
        lines.append(f"  and {total - SHOWN_ROWS:,} more")
    return lines


def _preview_values(preview: ImportPreview) -> dict[str, object]:
    values = asdict(preview)
    values["samples"] = [
        {
            "line": row.line,
            "problem": row.sample.problem,
            "solution": row.sample.solution,
            "language": row.sample.language,
        }
        for row in preview.samples
    ]
    return values


def _reasons(rejected: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in rejected.items()) or "no rows"


def _printable(text: str) -> str:
    """One short line of foreign text, without what a terminal would obey."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text[: 2 * WIDTH])
    words = " ".join(shown.split())
    return words if len(words) <= WIDTH else f"{words[: WIDTH - 1]}…"
