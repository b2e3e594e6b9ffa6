"""Seeds: corpora, the seeds drawn from them, and one of them inside its file."""

import shlex
from dataclasses import replace
from typing import Any

import gradio as gr
import pandas as pd

from storage import seeds
from storage.filters import SeedFilter
from workbench.corpora.corpus import make_absolute, open_corpora
from workbench.pipeline.draw import parse_quotas, start_draw
from workbench.pipeline.jobs import describe_jobs
from workbench.seeds.options import DrawOptions
from workbench.ui.handlers import (
    bars_html,
    block,
    empty_state,
    heading,
    job_line,
    plain_errors,
    query_of,
    set_query_js,
)
from workbench.ui.render import escape, inert, seed_html
from workbench.workspace import Workspace

PAGE_ROWS = 50
HEADERS = ["Language", "Repository", "Lines", "Licence", "First line", "id"]
EMPTY = ("No seeds yet", "Each is a few lines of real code. Press Draw to take some.")


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """Corpora on the left, the seeds in the middle, the chosen one in its file at the right."""
    view = SeedsView(workspace)
    title = block(_title("python -m workbench seeds draw installed --count 100"))
    page = gr.State(0)
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=280):
            form = _draw_form()
            corpora = block()
        with gr.Column(scale=7, min_width=360, visible=False) as listed:
            with gr.Row():
                language = gr.Dropdown([""], value="", label="Language", min_width=100)
                licence = gr.Dropdown([""], value="", label="Licence", min_width=100)
                repository = gr.Dropdown([""], value="", label="Repository", min_width=120)
                text = gr.Textbox(label="Contains", placeholder="text or path", min_width=120)
            table = gr.Dataframe(
                headers=HEADERS,
                datatype="str",
                column_widths=["90px", "112px", "80px", "112px", "250px", "1px"],
                interactive=False,
                show_label=False,
                max_height=560,
                buttons=[],
                elem_id="seeds-table",
            )
            with gr.Row(elem_classes="s-pager"):
                back = gr.Button("Previous", size="sm", min_width=80)
                count = block('<p class="w-muted"></p>')
                forward = gr.Button("Next", size="sm", min_width=80)
        with gr.Column(scale=6, min_width=360):
            shown = block(empty_state(*EMPTY))
    signature = gr.State("")
    filters = [language, licence, repository, text]
    changes = [language.input, licence.input, repository.input, text.input]
    names = ("language", "licence", "repository", "text")
    outputs = [table, count, page]
    gr.on(
        changes,
        view.first_rows,
        filters,
        outputs,
        js=set_query_js(*names),
        show_progress="hidden",
        trigger_mode="always_last",
    )
    for button, step in ((back, -1), (forward, 1)):
        button.click(lambda page, step=step: page + step, page, page, show_progress="hidden").then(
            view.rows, [*filters, page], outputs, show_progress="hidden"
        )
    table.select(view.choose, outputs=shown, show_progress="hidden")
    form["preview"].click(view.preview, form["inputs"], shown)
    form["draw"].click(view.draw, form["inputs"], [title, corpora])
    live = [signature, corpora, language, licence, repository, form["box"], listed]
    gr.Timer(2).tick(view.refresh, signature, live, show_progress="hidden")
    signature.change(view.rows, [*filters, page], outputs, show_progress="hidden").then(
        view.first, shown, shown, show_progress="hidden"
    )
    pages.load(view.open, outputs=[*live, text], show_progress="hidden")


def _draw_form() -> dict[str, Any]:
    with gr.Accordion("Draw seeds", open=False) as box:
        corpora = gr.Textbox(
            "installed",
            label="Corpora",
            info="One a line: a folder, or installed (this machine's Python packages)",
            lines=2,
        )
        with gr.Row():
            count = gr.Number(100, label="Seeds", precision=0, minimum=1, min_width=80)
            random_seed = gr.Number(976, label="Random seed", precision=0, min_width=80)
        with gr.Row():
            shortest = gr.Number(1, label="Lines from", precision=0, minimum=1, min_width=80)
            longest = gr.Number(15, label="to", precision=0, minimum=1, min_width=80)
        quotas = gr.Textbox(
            label="Quotas",
            info="Empty: as they come. The paper's: python=40000,cpp=5000,…",
            placeholder="python=50,cpp=10",
        )
        licences = gr.Radio(["permissive", "any"], value="permissive", label="Licences")
        with gr.Row():
            preview = gr.Button("Preview ten", min_width=100)
            draw = gr.Button("Draw", variant="primary", min_width=100)
    inputs = [corpora, count, quotas, shortest, longest, random_seed, licences]
    return {"box": box, "inputs": inputs, "preview": preview, "draw": draw}


class SeedsView:
    """The handlers of the page over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self, request: gr.Request) -> list[Any]:
        """Fill the page with what its address asks for."""
        asked = query_of(request)
        updates = self.refresh("")
        for index, name in ((2, "language"), (3, "licence"), (4, "repository")):
            if asked.get(name):
                updates[index] = gr.update(
                    choices=updates[index]["choices"], value=asked[name], allow_custom_value=True
                )
        return [*updates, asked.get("text", "")]

    def refresh(self, signature: str) -> Any:
        """Corpora, filter choices and the running draw, when anything of it changed."""
        jobs = [job for job in describe_jobs(self._workspace, limit=10) if job["kind"] == "draw"]
        with self._workspace.database.read() as cursor:
            total = seeds.count_seeds(cursor)
            corpora = seeds.list_corpora(cursor)
            facets = seeds.seed_facets(cursor)
        latest = jobs[0] if jobs else None
        fresh = f"{total} {latest and [latest[name] for name in ('id', 'state', 'done', 'phase')]}"
        if fresh == signature:
            return gr.skip()
        choices = [
            gr.update(
                choices=[("any", ""), *((f"{name} ({n:,})", name) for name, n in facets[facet])]
            )
            for facet in ("language", "licence", "repository")
        ]
        return [
            fresh,
            _corpora_html(corpora, latest),
            *choices,
            gr.update(open=total == 0),
            gr.update(visible=total > 0),
        ]

    def first_rows(
        self, language: str, licence: str, repository: str, text: str
    ) -> tuple[pd.DataFrame, str, int]:
        """The first page for filters that somebody just changed."""
        return self.rows(language, licence, repository, text, 0)

    def rows(
        self, language: str, licence: str, repository: str, text: str, page: int
    ) -> tuple[pd.DataFrame, str, int]:
        """One page of the filtered table, its place in words, and the page that was reached."""
        where = SeedFilter(language or "", licence or "", repository or "", text or "")
        with self._workspace.database.read() as cursor:
            total = seeds.count_seeds(cursor, where)
            page = max(0, min(page, (total - 1) // PAGE_ROWS))
            found = seeds.page_seeds(cursor, where, page=page, size=PAGE_ROWS)
        lines = [
            [
                row["language"],
                row["repository"],
                f"{row['first_line']}-{row['last_line']}",
                row["licence"],
                next((line.strip() for line in row["start"].split("\n") if line.strip()), ""),
                row["id"],
            ]
            for row in found
        ]
        first = page * PAGE_ROWS
        words = f"{first + 1:,} to {first + len(found):,} of {total:,}" if found else "No seeds"
        table = pd.DataFrame(lines, columns=HEADERS)
        return table, f'<p class="w-muted" style="text-align:center">{words}</p>', page

    def choose(self, event: gr.SelectData) -> str:
        """The chosen row's seed inside its file."""
        return self._show(str(event.row_value[-1]))

    def first(self, shown: str) -> Any:
        """The first seed where none is shown, so that a newcomer sees what a seed is."""
        if shown != empty_state(*EMPTY):
            return gr.skip()
        with self._workspace.database.read() as cursor:
            found = seeds.page_seeds(cursor, SeedFilter(), size=1)
        return self._show(found[0]["id"]) if found else gr.skip()

    def _show(self, seed_id: str) -> str:
        with self._workspace.database.read() as cursor:
            seed = seeds.get_seed(cursor, seed_id)
        if seed is None:
            return empty_state("Gone", "This seed is not there any more: reload the page.")
        where = f"{seed.repository} · {seed.path}"
        facts = f"{seed.language} · {seed.licence} · lines {seed.first_line} to {seed.last_line}"
        return inert(
            f'<section class="w-panel s-seed"><h2>{escape(where)}</h2>'
            f'<p class="w-muted">{escape(facts)}</p>{seed_html(seed, around=15)}</section>'
        )

    @plain_errors
    def preview(self, *values: Any) -> str:
        """The first ten seeds that a draw with these options would give."""
        from workbench.seeds.draw import draw_seeds

        corpora, options = _options(*values)
        ten = replace(options, count=min(options.count, 10))
        result = draw_seeds(open_corpora([make_absolute(spec) for spec in corpora]), ten)
        parts = [
            f'<p class="w-muted">{escape(seed.repository)} · {escape(seed.path)} ·'
            f" {escape(seed.licence)}</p>{seed_html(seed, around=0)}"
            for seed in result.seeds
        ]
        return inert(
            f'<section class="w-panel s-preview"><h2>Preview</h2>{"".join(parts)}</section>'
        )

    @plain_errors
    def draw(self, *values: Any) -> tuple[str, str]:
        """Start the draw; its progress stands with the corpora."""
        corpora, options = _options(*values)
        start_draw(self._workspace, corpora, options)
        return _title(_command(corpora, options)), inert(
            '<section class="w-panel"><p>Starting to draw…</p></section>'
        )


def _title(command: str) -> str:
    return heading("Seeds", "Snippets of real code that inspire problems.", command=command)


def _command(corpora: list[str], options: DrawOptions) -> str:
    asked = {
        "min-lines": options.min_lines,
        "max-lines": options.max_lines,
        "random-seed": options.random_seed,
        "licenses": options.licences,
    }
    if options.languages:
        asked["languages"] = ",".join(f"{name}={n}" for name, n in options.languages.items())
    else:
        asked["count"] = options.count
    words = [shlex.quote(spec) for spec in corpora]
    words += [f"--{name} {shlex.quote(str(value))}" for name, value in asked.items()]
    return f"python -m workbench seeds draw {' '.join(words)}"


def _options(
    corpora: str,
    count: float | None,
    quotas: str,
    shortest: float | None,
    longest: float | None,
    random_seed: float | None,
    licences: str,
) -> tuple[list[str], DrawOptions]:
    languages = parse_quotas(quotas)
    options = DrawOptions(
        count=max(int(count or 0), sum(languages.values())) if languages else int(count or 0),
        languages=languages,
        min_lines=int(shortest or 0),
        max_lines=int(longest or 0),
        random_seed=int(random_seed or 0),
        licences=licences,
    )
    return [line.strip() for line in corpora.splitlines() if line.strip()], options


def _corpora_html(corpora: list[dict[str, Any]], job: dict[str, Any] | None) -> str:
    running = job_line(job) if job and (job["running"] or job["error"]) else ""
    if not corpora and not running:
        return ""
    parts = [
        f"<h2>{escape(corpus['name'])}</h2><p class='w-muted'>{corpus['documents']:,} documents</p>"
        + bars_html(corpus["languages"], label=f"Languages of {corpus['name']}")
        + "<h2>Licences</h2>"
        + bars_html(corpus["licences"], label=f"Licences of {corpus['name']}", most=6)
        for corpus in corpora
    ]
    return inert(f'<section class="w-panel">{running}{"<hr>".join(parts)}</section>')
