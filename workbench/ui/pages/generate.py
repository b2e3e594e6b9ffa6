"""Generate: ask a model for samples, watch them arrive, see what failed and why."""

from typing import Any

import gradio as gr

from storage import samples, seeds
from storage.filters import SampleFilter
from workbench.pipeline.generate import GenerateOptions, start_generate
from workbench.pipeline.jobs import cancel_job, describe_jobs, resume_job
from workbench.ui.handlers import bars_html, block, empty_state, heading, job_line, plain_errors
from workbench.ui.render import escape, inert, markdown_html, number, seed_html
from workbench.workspace import Workspace

NEWEST = 6
EMBEDDED = {
    "Qwen2.5-Coder-0.5B, embedded (491 MB once)": "qwen2.5-coder-0.5b",
    "SmolLM2-135M, embedded (98 MB once, poor samples)": "smollm2-135m",
}


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """What to ask for on top, the newest job under it, then the newest samples as they arrive."""
    view = GenerateView(workspace)
    title = block(_title(GenerateOptions()))
    with gr.Row(equal_height=False, elem_classes="g-form"):
        endpoint = gr.Dropdown(list(EMBEDDED), label="Endpoint", scale=4, min_width=220)
        count = gr.Number(
            20, label="Samples", precision=0, minimum=1, scale=1, min_width=90, elem_id="count"
        )
        temperature = gr.Number(
            0, label="Temperature", minimum=0, maximum=2, step=0.1, scale=1, min_width=110
        )
        with gr.Column(scale=3, min_width=220):
            estimate = block(elem_classes="w-estimate")
        start = gr.Button("Start", variant="primary", scale=1, min_width=100)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            job = block()
            with gr.Row():
                cancel = gr.Button("Cancel", visible=False, min_width=90)
                resume = gr.Button("Resume", visible=False, min_width=90)
        with gr.Column(scale=5, min_width=360):
            newest = block()
    signature, job_id = gr.State(""), gr.State("")
    inputs = [endpoint, count, temperature]
    start.click(view.start, inputs, [title, job, cancel])
    cancel.click(view.cancel, job_id, cancel)
    resume.click(view.resume, job_id, resume)
    live = [signature, job_id, job, cancel, resume, newest]
    gr.Timer(1).tick(view.refresh, signature, live, show_progress="hidden")
    gr.on([endpoint.change, count.change], view.estimate, inputs, estimate, show_progress="hidden")
    pages.load(view.open, outputs=[endpoint, *live], show_progress="hidden")


class GenerateView:
    """The handlers of the page over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self) -> list[Any]:
        """Fill the page: the endpoints there are, the newest job, the newest samples."""
        choices = self._endpoints()
        chosen = next(iter(choices))
        return [gr.update(choices=list(choices), value=chosen), *self.refresh("")]

    def _endpoints(self) -> dict[str, tuple[str, str]]:
        settings = self._workspace.settings
        choices = {label: ("embedded", model) for label, model in EMBEDDED.items()}
        if settings.base_url:
            configured = f"{settings.model or 'no model'} at {settings.base_url}"
            return {configured: ("configured", ""), **choices}
        known = {model: label for label, model in EMBEDDED.items()}
        if settings.embedded_model not in known:
            return {settings.embedded_model: ("embedded", settings.embedded_model), **choices}
        first = known[settings.embedded_model]
        return {first: choices[first], **choices}

    def _options(
        self, label: str, count: float | None, temperature: float | None
    ) -> GenerateOptions:
        endpoint, model = self._endpoints().get(label, ("configured", ""))
        return GenerateOptions(
            count=int(count or 0), endpoint=endpoint, model=model, temperature=temperature or 0.0
        )

    @plain_errors
    def start(self, label: str, count: float | None, temperature: float | None) -> list[Any]:
        """Start a job with what the form says."""
        options = self._options(label, count, temperature)
        start_generate(self._workspace, options)
        return [_title(options), _panel("<p>Starting…</p>"), gr.update(visible=True)]

    @plain_errors
    def cancel(self, job_id: str) -> Any:
        """Ask the job to stop; what has arrived is kept."""
        cancel_job(self._workspace, job_id)
        return gr.update(value="Stopping…", interactive=False)

    @plain_errors
    def resume(self, job_id: str) -> Any:
        """Start a stopped job again; nothing that was answered is asked again."""
        resume_job(self._workspace, job_id)
        return gr.update(visible=False)

    def estimate(self, label: str, count: float | None, temperature: float | None) -> str:
        """Time and money that the count will take, from what this model took before."""
        options = self._options(label, count, temperature)
        with self._workspace.database.read() as cursor:
            model = options.model or self._workspace.settings.model
            seen = samples.model_averages(cursor, model)
            waiting = seeds.count_seeds(cursor)
        words = f"{waiting:,} seeds are there."
        if seen["requests"] and seen["seconds"]:
            minutes = seen["seconds"] * options.count / 60
            words = f"About {max(1, round(minutes)):,} min"
            words += f", {seen['cost'] * options.count:,.2f} USD" if seen["cost"] else ", no cost"
        elif options.endpoint == "embedded":
            words += " 5 to 25 s a sample on a laptop, no cost."
        return inert(f'<p class="w-muted">{escape(words)}</p>')

    def refresh(self, signature: str) -> Any:
        """The newest generation job and the newest samples, when anything of them changed."""
        jobs = [
            job for job in describe_jobs(self._workspace, limit=20) if job["kind"] == "generate"
        ]
        latest = jobs[0] if jobs else None
        where = SampleFilter()
        with self._workspace.database.read() as cursor:
            total = samples.count_samples(cursor, where)
            progress = latest["progress"] if latest else {}
            fresh = f"{total} {latest and (latest['id'], latest['state'])} {progress.get('time')}"
            if fresh == signature:
                return gr.skip()
            cards = samples.page_samples(cursor, where, size=NEWEST, newest=True)
            origins = seeds.get_seeds(cursor, [card["seed_id"] for card in cards])
            ready = seeds.count_seeds(cursor)
        running = bool(latest and latest["running"])
        return [
            fresh,
            latest["id"] if latest else "",
            _job_html(latest),
            gr.update(visible=running, value="Cancel", interactive=True),
            gr.update(visible=bool(latest and latest["resumable"])),
            _newest_html(cards, origins, ready, running),
        ]


def _title(options: GenerateOptions) -> str:
    command = f"python -m workbench generate --count {options.count}"
    if options.endpoint == "embedded" and options.model:
        command += f" --endpoint embedded --model {options.model}"
    if options.temperature:
        command += f" --temperature {options.temperature}"
    text = "A model invents a problem and its solution for each seed."
    return heading("Generate", text, command=command)


def _panel(markup: str) -> str:
    return f'<section class="w-panel">{markup}</section>'


def _job_html(job: dict[str, Any] | None) -> str:
    if job is None:
        return ""
    progress = job["progress"]
    failed = progress.get("failed") or {}
    cost = progress.get("cost")
    figures = {
        "arrived": number(progress.get("ok", 0)),
        "failed": number(sum(failed.values())),
        "tokens/s": number(progress.get("tokens_per_second"), 1),
        "tokens": number(progress.get("completion_tokens", 0)),
        "cost": "unknown" if cost is None else f"${cost:,.2f}",
    }
    cells = "".join(
        f"<div><b>{value}</b><span>{name}</span></div>" for name, value in figures.items()
    )
    reasons = {name.replace("_", " "): count for name, count in failed.items()}
    bars = (
        "<h2>Failed, by reason</h2>" + bars_html(reasons, label="Failures by reason", kind="bad")
        if reasons
        else ""
    )
    shown = {**job}
    if progress.get("phase") == "fetching model" and job["total"]:
        megabytes = f"{job['done'] / 1e6:,.0f} of {job['total'] / 1e6:,.0f} MB"
        shown |= {"phase": f"fetching the model, {megabytes}", "total": None}
    return inert(_panel(f'{job_line(shown)}<div class="w-figures">{cells}</div>{bars}'))


def _newest_html(
    cards: list[dict[str, Any]], origins: dict[str, Any], seed_count: int, running: bool
) -> str:
    if not cards and running:
        return empty_state("The first sample is being written", "It appears here when it is whole.")
    if not cards:
        if seed_count:
            return empty_state("No samples yet", "Press Start to turn seeds into samples.")
        return empty_state("No seeds to start from", "Draw some on the Seeds page first.")
    parts = []
    for card in cards:
        seed = origins.get(card["seed_id"])
        place = f"{seed.repository} · {seed.path}" if seed else "imported"
        code = seed_html(seed, around=0) if seed else ""
        parts.append(
            f'<article class="w-panel g-sample"><div class="g-three"><div><h2>Seed</h2>'
            f'<p class="w-muted">{escape(place)}</p>{code}</div>'
            f'<div><h2>Problem</h2><div class="w-text">{markdown_html(card["problem"])}</div></div>'
            f'<div><h2>Solution</h2><div class="w-text">{markdown_html(card["solution"])}</div>'
            f'</div></div><p><a class="w-button" href="/review?sample={escape(card["id"])}">'
            "Review it</a></p></article>"
        )
    return inert(f'<h2 class="w-h2">Newest samples</h2><div class="g-list">{"".join(parts)}</div>')
