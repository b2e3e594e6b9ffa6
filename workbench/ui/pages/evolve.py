"""Evolve and judge: what can be asked of samples that are there, in a section of their own."""

import shlex
from typing import Any

import gradio as gr

from storage import samples
from storage.errors import WinnowError
from storage.evolutions import get_round
from storage.filters import SampleFilter
from workbench.generation.embedded import EMBEDDED_MODELS
from workbench.generation.evolution import MOST_ROUNDS
from workbench.pipeline.evolve import EvolveOptions, start_evolve
from workbench.pipeline.jobs import describe_jobs
from workbench.pipeline.judge import JudgeOptions, start_judge
from workbench.pipeline.target import TargetOptions
from workbench.ui.handlers import block, job_line, plain_errors
from workbench.ui.render import escape, inert
from workbench.workspace import Workspace

SHOWN_JOBS = 4


def build_evolve(workspace: Workspace) -> None:
    """A form for evolving samples, one for having them judged, and their newest jobs under both."""
    view = EvolveView(workspace)
    evolve = _form(view, "Evolve", "verdict=accepted", "evolve")
    judge = _form(view, "Judge", "verdict=undecided", "judge")
    # Under the forms, which stay where they are when a job is added.
    shown = block(view.jobs(), elem_classes="g-chains")
    evolve["start"].click(view.evolve, evolve["inputs"], [evolve["said"], shown])
    judge["start"].click(view.judge, judge["inputs"][:-1], [judge["said"], shown])
    gr.Timer(5).tick(view.jobs, outputs=shown, show_progress="hidden")
    for form, describe in ((evolve, view.describe_evolve), (judge, view.describe_judge)):
        # Without triggers: when the page is opened, and at every change.
        gr.on(
            None,
            describe,
            form["inputs"],
            form["said"],
            show_progress="hidden",
            trigger_mode="always_last",
        )
        gr.on(None, view.choices, None, form["inputs"][1], show_progress="hidden")


def _form(view: "EvolveView", label: str, where: str, name: str) -> dict[str, Any]:
    evolving = name == "evolve"
    text = (
        "A model makes each problem harder in one of five ways and solves it: a new sample, which "
        "keeps its parent."
        if evolving
        else "A model gives scores from 1 to 5 and a reason. Reviewers see them as a suggestion; "
        "only people decide."
    )
    block(inert(f'<h2 class="w-h2">{label}</h2><p class="w-muted">{escape(text)}</p>'))
    endpoints = list(view.endpoints())
    with gr.Row(equal_height=False, elem_classes="g-form"):
        filter_text = gr.Textbox(
            where, label="Which samples", max_lines=1, scale=3, min_width=220, elem_id=f"{name}-of"
        )
        endpoint = gr.Dropdown(
            endpoints, value=endpoints[0], label="Endpoint", scale=3, min_width=200
        )
        count = gr.Number(20, label="Samples", precision=0, minimum=1, scale=1, min_width=90)
        rounds = gr.Dropdown(
            list(range(1, MOST_ROUNDS + 1)),
            value=1,
            label="Rounds",
            visible=evolving,
            scale=1,
            min_width=90,
        )
        start = gr.Button(label, variant="primary", scale=1, min_width=100, elem_id=f"{name}-start")
    said = block(elem_classes="w-estimate")
    return {"inputs": [filter_text, endpoint, count, rounds], "start": start, "said": said}


class EvolveView:
    """The handlers of the section over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def endpoints(self) -> dict[str, TargetOptions]:
        """What can be asked, by its label: the endpoint that is set, then the embedded models."""
        settings = self._workspace.settings
        configured = f"{settings.model or 'no model'} at {settings.base_url}"
        choices = {configured: TargetOptions("configured")} if settings.base_url else {}
        return choices | {
            f"{model.title}, embedded": TargetOptions("embedded", model.name)
            for model in EMBEDDED_MODELS
        }

    def choices(self) -> Any:
        """The endpoints there are now, for a page that is opened."""
        labels = list(self.endpoints())
        return gr.update(choices=labels, value=labels[0])

    def _target(self, label: str | None) -> TargetOptions:
        choices = self.endpoints()
        if label not in choices:
            raise WinnowError(
                f"{label!r} cannot be asked any more: the endpoint was changed. Choose another."
            )
        return choices[label]

    @plain_errors
    def evolve(
        self, where: str, endpoint: str | None, count: float | None, rounds: int | None
    ) -> list[str]:
        """Start the first round with what the form says."""
        target = self._target(endpoint)
        chosen = SampleFilter.parse(where)
        start_evolve(
            self._workspace, EvolveOptions(chosen, int(count or 0), int(rounds or 1), target)
        )
        return [
            _said("Started: its job is below, and on top of the page."),
            self.jobs(),
        ]

    @plain_errors
    def judge(self, where: str, endpoint: str | None, count: float | None) -> list[str]:
        """Start judging with what the form says."""
        target = self._target(endpoint)
        chosen = SampleFilter.parse(where)
        start_judge(self._workspace, JudgeOptions(chosen, int(count or 0), target))
        return [
            _said("Started: its job is below, and on top of the page."),
            self.jobs(),
        ]

    def describe_evolve(
        self, where: str, endpoint: str | None, count: float | None, rounds: int | None
    ) -> str:
        """How many samples the filter leaves, and the command that does the same."""
        flags = ["generate", "--prompt", "evol-instruct", "--rounds", str(rounds or 1)]
        return self._describe(where, endpoint, count, flags)

    def describe_judge(
        self, where: str, endpoint: str | None, count: float | None, _rounds: int | None
    ) -> str:
        """How many samples the filter leaves, and the command that does the same."""
        return self._describe(where, endpoint, count, ["judge"])

    def _describe(
        self, where: str, endpoint: str | None, count: float | None, flags: list[str]
    ) -> str:
        try:
            chosen = SampleFilter.parse(where)
            target = self._target(endpoint)
        except WinnowError as error:  # somebody is still typing
            return inert(f'<p class="w-bad">{escape(str(error))}</p>')
        with self._workspace.database.read() as cursor:
            found = samples.count_samples(cursor, chosen)
        words = ["python", "-m", "workbench", *flags, "--filter", chosen.as_words()]
        words += ["--count", str(int(count or 0))]
        if target.endpoint == "embedded":
            words += ["--endpoint", "embedded", "--model", target.model]
        noun = "sample matches" if found == 1 else "samples match"
        command = f"<code>{escape(shlex.join(words))}</code>"
        return inert(f'<p class="w-muted">{found:,} {noun}. {command}</p>')

    def jobs(self) -> str:
        """The newest jobs of both kinds: how far each is, and what became of its chain."""
        kinds = ("evolve", "judge")
        newest = [job for job in describe_jobs(self._workspace, limit=30) if job["kind"] in kinds][
            :SHOWN_JOBS
        ]
        with self._workspace.database.read() as cursor:
            noted = {job["id"]: get_round(cursor, job["id"]) for job in newest}
        return inert("".join(_job_html(job, noted[job["id"]]) for job in newest))


def _said(text: str) -> str:
    return inert(f'<p class="w-muted">{escape(text)}</p>')


def _job_html(job: dict[str, Any], noted: tuple[str | None, str] | None) -> str:
    progress = job["progress"]
    failed = progress.get("failed") or {}
    reasons = ", ".join(
        f"{count:,} {escape(name.replace('_', ' '))}" for name, count in failed.items()
    )
    words = f"{progress.get('ok', 0):,} arrived"
    words += f", {sum(failed.values()):,} dropped ({reasons})" if failed else ""
    words += f". {escape(noted[1])}" if noted and noted[1] else ""
    return f'<section class="w-panel">{job_line(job)}<p class="w-muted">{words}</p></section>'
