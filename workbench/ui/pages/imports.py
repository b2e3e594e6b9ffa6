"""Import: samples that others made, with a look at them before anything is written."""

import shlex
from pathlib import Path
from typing import Any

import gradio as gr

from storage.errors import WinnowError
from storage.records import Sample
from workbench.generation.parsing import find_code_block
from workbench.imports.recognition import AUTO, FORMAT_NAMES
from workbench.imports.rows import ImportedSample, RejectedRow
from workbench.pipeline.analyze import start_analyze
from workbench.pipeline.import_samples import (
    SHOWN,
    ImportPreview,
    ImportResult,
    import_samples,
    preview_import,
)
from workbench.ui.handlers import bars_html, block, empty_state, plain_errors
from workbench.ui.render import code_html, escape, inert, markdown_html
from workbench.workspace import Workspace

SHOWN_ROWS = 50  # rejected rows that the page lists
SHOWN_CHARACTERS = 4_000  # of each text of a preview


def build_import(workspace: Workspace) -> None:
    """A form for files, a path or a data set of the Hub; a preview under it, then the button."""
    view = ImportView(workspace)
    with gr.Row(equal_height=False, elem_classes="g-form"):
        upload = gr.File(label="Files", file_count="multiple", scale=3, min_width=220, height=120)
        with gr.Column(scale=4, min_width=260):
            path = gr.Textbox(
                label="Or a path on this machine, or hf:OWNER/NAME",
                max_lines=1,
                elem_id="import-path",
            )
            with gr.Row():
                rows_format = gr.Dropdown(
                    list(FORMAT_NAMES), value=AUTO, label="Format", min_width=120
                )
                licence = gr.Textbox(label="Licence (SPDX, optional)", max_lines=1, min_width=120)
        preview = gr.Button("Preview", scale=1, min_width=100, elem_id="import-preview")
    shown = block(
        empty_state(
            "Nothing is written before you have seen it",
            "Name a file, then press Preview: OSS-Instruct, Alpaca, Evol-Instruct, ShareGPT, "
            "messages, or an export of Winnow, as JSON, JSON lines or Parquet.",
        )
    )
    add = gr.Button("Import", variant="primary", visible=False, elem_id="import-add")
    inputs = [upload, path, rows_format, licence]
    preview.click(view.preview, inputs, [shown, add])
    path.submit(view.preview, inputs, [shown, add])
    add.click(view.add, inputs, [shown, add])
    # What is imported is what was looked at: another choice asks for another look.
    changes = [upload.change, path.change, rows_format.change, licence.change]
    gr.on(changes, lambda: gr.update(visible=False), outputs=add, show_progress="hidden")


class ImportView:
    """The handlers of the section over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @plain_errors
    def preview(
        self, upload: list[str] | None, path: str, rows_format: str, licence: str
    ) -> list[Any]:
        """What the files hold, and the button that imports it."""
        paths = _paths(upload, path)
        found = preview_import(paths, format_name=rows_format, licence=licence)
        label = f"Import {found.fits:,} samples" if found.fits != 1 else "Import 1 sample"
        # Where an upload lies here is of no use to anybody.
        shown = [*(Path(name).name for name in upload or []), *paths[len(upload or []) :]]
        command = _command(shown, rows_format, licence)
        return [preview_html(found, command), gr.update(value=label, visible=found.fits > 0)]

    @plain_errors
    def add(self, upload: list[str] | None, path: str, rows_format: str, licence: str) -> list[Any]:
        """Import what was looked at, and have what is new checked and measured."""
        result = import_samples(
            self._workspace, _paths(upload, path), format_name=rows_format, licence=licence
        )
        if result.added:
            start_analyze(self._workspace)
        return [result_html(result), gr.update(visible=False)]


def _paths(upload: list[str] | None, path: str) -> list[str]:
    paths = [*(upload or []), *([path] if path.strip() else [])]
    if not paths:
        raise WinnowError("No file is named: upload one, or name a path or hf:OWNER/NAME.")
    return paths


def _command(paths: list[str], rows_format: str, licence: str) -> str:
    words = ["python", "-m", "workbench", "import", *paths]
    words += ["--format", rows_format] if rows_format != AUTO else []
    words += ["--license", licence.strip()] if licence.strip() else []
    return shlex.join(words)


def preview_html(found: ImportPreview, command: str) -> str:
    """A preview: formats, counts, what does not fit and why, the first samples."""
    files = "".join(
        f"<p>{escape(file.file)}: <b>{escape(file.format)}</b></p>" for file in found.files
    )
    notes = "".join(
        f"<p>{count:,} {words}</p>"
        for count, words in (
            (found.decided, "come with a decision, which is taken over"),
            (found.with_seed, "bring the snippet that they were made from"),
            (found.replaced, "hold characters that cannot be stored (replaced by U+FFFD)"),
        )
        if count
    )
    samples = "".join(_sample_html(row) for row in found.samples)
    head = (
        f'<h2 class="w-h2">First {min(SHOWN, found.fits)} of {found.fits:,}</h2>' if samples else ""
    )
    return inert(
        f'<section class="w-panel"><p><b>{found.fits:,} of {found.rows:,} rows fit</b></p>'
        f"{files}{notes}{_rejected_html(found.rejected, found.listed)}"
        f'<p class="w-muted"><code>{escape(command)}</code></p></section>'
        f'{head}<div class="g-list">{samples}</div>'
    )


def result_html(result: ImportResult) -> str:
    """What an import did."""
    words = f"{result.added:,} samples imported, {result.already_there:,} were there already."
    return inert(
        f'<section class="w-panel" role="status"><p><b>{words}</b></p>'
        f"{_rejected_html(result.rejected, result.listed)}</section>"
    )


def _rejected_html(rejected: dict[str, int], listed: tuple[RejectedRow, ...]) -> str:
    total = sum(rejected.values())
    if not total:
        return ""
    reasons = {reason.replace("_", " "): count for reason, count in rejected.items()}
    lines = "".join(
        f"<li>{escape(row.file)}, line {row.line:,}: {escape(row.reason.replace('_', ' '))}"
        f"{escape(f' ({row.detail})' if row.detail else '')}</li>"
        for row in listed[:SHOWN_ROWS]
    )
    more = f"<p>The first {SHOWN_ROWS} of {total:,}.</p>" if total > SHOWN_ROWS else ""
    return (
        f"<h2>{total:,} do not fit</h2>{bars_html(reasons, label='Rows by reason', kind='bad')}"
        f"<details><summary>Which rows</summary>{more}<ul>{lines}</ul></details>"
    )


def _sample_html(row: ImportedSample) -> str:
    sample = row.sample
    place = " · ".join(part for part in (f"line {row.line}", sample.language) if part)
    return (
        f'<article class="w-panel g-sample"><p class="w-muted">{escape(place)}</p>'
        f'<div class="g-three"><div><h2>Problem</h2><div class="w-text">{_text(sample.problem)}'
        f'</div></div><div><h2>Solution</h2><div class="w-text">{_solution(sample)}</div>'
        "</div></div></article>"
    )


def _solution(sample: Sample) -> str:
    """A solution as HTML; a program without a fence as code, which Markdown would spoil."""
    if not sample.language or find_code_block(sample.solution):
        return _text(sample.solution)
    code = sample.solution[:SHOWN_CHARACTERS]
    return f'<pre class="code"><code>{code_html(code, sample.language)}</code></pre>'


def _text(text: str) -> str:
    cut = len(text) > SHOWN_CHARACTERS
    return markdown_html(text[:SHOWN_CHARACTERS]) + ("<p>…</p>" if cut else "")
