"""Train: freeze a data set, train on it, and see the score before and after."""

import shlex
from typing import Any

import gradio as gr

from storage.datasets import list_datasets
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.runs import list_answers, list_runs
from workbench.jobs.folder import read_lines
from workbench.pipeline.export import ACCEPTED, count_rows, export_dataset
from workbench.pipeline.jobs import cancel_job, describe_job, find_job, resume_job
from workbench.pipeline.train import RECIPES, TrainOptions, start_training
from workbench.ui import scores
from workbench.ui.handlers import block, empty_state, heading, job_line, plain_errors, query_of
from workbench.ui.render import escape, inert, number
from workbench.workspace import Workspace


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """Three steps down the page: the data set, the recipe, the runs with their scores."""
    view = TrainView(workspace)
    title = block(
        _title("python -m workbench export accepted && python -m workbench train accepted")
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=340):
            block('<h2 class="w-h2">1 · Data set</h2>')
            name = gr.Textbox("accepted", label="Name", max_lines=1, elem_id="dataset-name")
            words = gr.Textbox(
                ACCEPTED.as_words(),
                label="Rows",
                info="Conditions divided by semicolons; Explore can write them",
                max_lines=2,
            )
            count = block()
            contaminated = gr.Checkbox(
                False, label="Allow contaminated rows (the data card says so)"
            )
            block('<h2 class="w-h2">2 · Recipe</h2>')
            with gr.Row():
                recipe = gr.Dropdown(list(RECIPES), value="smoke", label="Recipe", min_width=110)
                tasks = gr.Number(
                    20,
                    label="HumanEval tasks",
                    precision=0,
                    minimum=0,
                    maximum=164,
                    min_width=120,
                    elem_id="tasks",
                )
            base = gr.Textbox(
                workspace.settings.training_model,
                label="Base model",
                info="smollm2-135m (embedded), a folder, a GGUF file or a Hub id",
                max_lines=1,
            )
            with gr.Row():
                freeze = gr.Button("Export only", min_width=110)
                train = gr.Button("Export and train", variant="primary", min_width=150)
            datasets = block()
        with gr.Column(scale=5, min_width=360):
            with gr.Row(elem_classes="g-form"):
                run = gr.Dropdown([], label="3 · Run", scale=5, min_width=220)
                cancel = gr.Button("Stop", visible=False, scale=1, min_width=90)
                resume = gr.Button("Start again", visible=False, scale=1, min_width=90)
            state = block()
            results = block()
    signature = gr.State("")
    data = [name, words, contaminated]
    words.change(view.count, words, count, show_progress="hidden")
    freeze.click(view.freeze, data, [datasets, title])
    train.click(view.train, [*data, recipe, tasks, base], [datasets, run, title])
    cancel.click(view.cancel, run, cancel)
    resume.click(view.resume, run, resume)
    live = [signature, run, state, results, cancel, resume, datasets]
    gr.Timer(1.5).tick(view.refresh, [signature, run], live, show_progress="hidden")
    run.input(view.choose, run, live, show_progress="hidden", js=_REMEMBER_RUN)
    pages.load(view.open, outputs=[words, count, *live], show_progress="hidden")


_REMEMBER_RUN = (
    "(run) => { window.winnow.setQuery({ ...window.winnow.query(), run }); return [run]; }"
)


class TrainView:
    """The handlers of the page over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @plain_errors
    def open(self, request: gr.Request) -> list[Any]:
        """Fill the page with the filter and the run that its address asks for."""
        asked = query_of(request)
        run = asked.pop("run", None)
        try:
            where = SampleFilter.from_values(asked) if asked else ACCEPTED
        except WinnowError as error:
            gr.Warning(escape(str(error)))
            where = ACCEPTED
        words = where.as_words()
        return [words, self.count(words), *self.refresh("", run)]

    def count(self, words: str) -> str:
        """How many rows the words choose, or what is wrong with them."""
        try:
            rows = count_rows(self._workspace, SampleFilter.parse(words))
        except WinnowError as error:
            return inert(f'<p class="w-bad">{escape(str(error))}</p>')
        return inert(f'<p id="row-count"><b>{rows:,}</b> {"row" if rows == 1 else "rows"}</p>')

    @plain_errors
    def freeze(self, name: str, words: str, contaminated: bool) -> list[Any]:
        """Freeze the data set and show it in the list."""
        dataset = export_dataset(
            self._workspace, name, SampleFilter.parse(words), allow_contaminated=contaminated
        )
        gr.Info(f"{dataset.rows:,} rows are frozen as {escape(dataset.id)}.")
        return [self._datasets(), _title(_command(name, words, contaminated))]

    @plain_errors
    def train(
        self,
        name: str,
        words: str,
        contaminated: bool,
        recipe: str,
        tasks: float | None,
        base: str,
    ) -> list[Any]:
        """Freeze the data set and start a run on it."""
        dataset = export_dataset(
            self._workspace, name, SampleFilter.parse(words), allow_contaminated=contaminated
        )
        options = TrainOptions(dataset.id, recipe, (base or "").strip(), int(tasks or 0))
        folder = start_training(self._workspace, options)
        command = f"{_command(name, words, contaminated)} && python -m workbench train"
        choices = self._choices()
        return [
            self._datasets(),
            gr.update(choices=choices, value=folder.id),
            _title(
                f"{command} {shlex.quote(name)} --recipe {recipe} --limit {options.tasks}"
                f" --model {shlex.quote(options.model or self._workspace.settings.training_model)}"
            ),
        ]

    @plain_errors
    def cancel(self, run: str) -> Any:
        """Ask the run to stop; it saves what it has."""
        cancel_job(self._workspace, run)
        return gr.update(value="Stopping…", interactive=False)

    @plain_errors
    def resume(self, run: str) -> Any:
        """Start an ended run again; answers that were judged are kept."""
        resume_job(self._workspace, run)
        return gr.update(visible=False)

    def choose(self, run: str | None) -> Any:
        """Show another run."""
        return self.refresh("", run)

    def refresh(self, signature: str, run: str | None) -> Any:
        """The chosen run, or the newest, when anything of it changed."""
        choices = self._choices()
        known = [value for _, value in choices]
        chosen = run if run in known else (known[0] if known else None)
        if chosen is None:
            fresh = "none"
            if fresh == signature:
                return gr.skip()
            empty = empty_state(
                "No runs yet", "Accept some samples in Review, then press Export and train."
            )
            hidden = gr.update(visible=False)
            menu = gr.update(choices=[], value=None)
            return [fresh, menu, empty, "", hidden, hidden, self._datasets()]
        folder = find_job(self._workspace, chosen)
        job = describe_job(folder)
        fresh = f"{chosen} {len(known)} {job['state']} {job['progress'].get('time')}"
        if fresh == signature:
            return gr.skip()
        lines = [row for _, row in read_lines(folder.path / "progress.jsonl")]
        with self._workspace.database.read() as cursor:
            answers = list_answers(cursor, chosen)
        return [
            fresh,
            gr.update(choices=choices, value=chosen),
            _state_html(job, lines),
            scores.results_html(folder.result(), lines, answers),
            gr.update(visible=job["running"], value="Stop", interactive=job["state"] == "running"),
            gr.update(visible=job["resumable"]),
            self._datasets(),
        ]

    def _choices(self) -> list[tuple[str, str]]:
        with self._workspace.database.read() as cursor:
            runs = list_runs(cursor)
        return [
            (
                f"{run['dataset']} · {run['recipe']} · {run['created_at']:%Y-%m-%d %H:%M}",
                run["job_id"],
            )
            for run in runs
        ]

    def _datasets(self) -> str:
        with self._workspace.database.read() as cursor:
            datasets = list_datasets(cursor)
        if not datasets:
            return ""
        rows = "".join(
            f"<tr><td>{escape(row['name'])}<br><small class='w-muted'>"
            f"{escape(row['filter'] or 'all samples')}</small></td>"
            f"<td class='w-num'>{row['rows']:,}</td><td>{_links(row['id'])}</td></tr>"
            for row in datasets[:8]
        )
        return inert(
            '<section class="w-panel"><h2>Frozen data sets</h2><div class="w-scroll">'
            '<table class="w-table"><thead><tr><th>Name</th><th class="w-num">Rows</th>'
            f"<th>Files</th></tr></thead><tbody>{rows}</tbody></table></div></section>"
        )


def _links(dataset_id: str) -> str:
    files = {"rows": "train.jsonl", "manifest": "manifest.json", "card": "README.md"}
    return " ".join(
        f'<a href="/api/datasets/{escape(dataset_id)}/{name}" download>{label}</a>'
        for label, name in files.items()
    )


def _title(command: str) -> str:
    text = "Freeze what was accepted, train on it, and see what it is worth."
    return heading("Train", text, command=command)


def _command(name: str, words: str, contaminated: bool) -> str:
    allow = " --allow-contaminated" if contaminated else ""
    return f"python -m workbench export {shlex.quote(name)} --filter {shlex.quote(words)}{allow}"


def _state_html(job: dict[str, Any], lines: list[dict[str, Any]]) -> str:
    # A line carries what its phase measures: each figure is the last that was said.
    latest = {name: value for line in lines for name, value in line.items() if value is not None}
    figures = {
        "loss": number(latest.get("loss"), 3),
        "held-out loss": number(latest.get("held_out_loss"), 3),
        "tokens/s": number(latest.get("tokens_per_second")),
    }
    cells = "".join(
        f"<div><b>{value}</b><span>{name}</span></div>" for name, value in figures.items()
    )
    shown = f'<div class="w-figures">{cells}</div>' if job["running"] and "loss" in latest else ""
    return inert(f'<section class="w-panel" aria-live="polite">{job_line(job)}{shown}</section>')
