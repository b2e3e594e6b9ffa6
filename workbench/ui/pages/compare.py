"""The section for comparisons: what to compare; list and judging are `static/compare.js`."""

import shlex
from collections.abc import Callable
from typing import Any

import gradio as gr

from storage.comparisons import Comparison
from storage.errors import WinnowError
from workbench.generation.embedded import EMBEDDED_MODELS
from workbench.pipeline.compare import ArmOptions, start_comparison
from workbench.pipeline.prompts import list_versions
from workbench.pipeline.target import TargetOptions
from workbench.ui.handlers import block, plain_errors
from workbench.ui.render import escape, inert
from workbench.workspace import Workspace

PAIRS = 20
_STARTED = "() => document.dispatchEvent(new CustomEvent('winnow-compare'))"


def build_compare(workspace: Workspace) -> tuple[Callable[[], list[Any]], list[Any]]:
    """A form with two arms and the seeds they share, and a place for the comparisons.

    Returns what fills the two lists of prompts anew, and the two.
    """
    view = CompareView(workspace)
    arms = []
    with gr.Row(equal_height=False):
        for title in ("First", "Second"):
            with gr.Column(scale=1, min_width=300), gr.Row():
                prompt = gr.Dropdown([], label=f"{title} prompt", scale=3, min_width=220)
                endpoint = gr.Dropdown([], label=f"{title} endpoint", scale=3, min_width=220)
                model = gr.Textbox(
                    label=f"{title} model",
                    placeholder="the endpoint's own",
                    max_lines=1,
                    scale=2,
                    min_width=120,
                )
            arms += [prompt, endpoint, model]
    with gr.Row(equal_height=False, elem_classes="g-form"):
        name = gr.Textbox(
            label="Name (judges see it: leave out what is compared)",
            placeholder="Comparison 1, 2, …",
            max_lines=1,
            scale=4,
            min_width=220,
        )
        count = gr.Number(PAIRS, label="Seeds", precision=0, minimum=1, scale=1, min_width=90)
        temperature = gr.Number(
            0, label="Temperature", minimum=0, maximum=2, step=0.1, scale=1, min_width=110
        )
        # Not a number field: Gradio shows an empty one as 0.
        max_cost = gr.Textbox(
            label="At most, USD a job",
            placeholder="no limit",
            max_lines=1,
            scale=1,
            min_width=130,
        )
        start = gr.Button("Ask both", variant="primary", scale=1, min_width=100)
    note = block()
    block('<div id="compare-root"></div>')
    gr.on(None, view.open, outputs=arms, show_progress="hidden")
    inputs = [*arms, name, count, temperature, max_cost]
    start.click(view.start, inputs, note).success(None, js=_STARTED)
    return view.prompts, [arms[0], arms[3]]


class CompareView:
    """The handlers of the section over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self) -> list[Any]:
        """Fill both arms with the prompts and endpoints there are."""
        endpoints = self._endpoints()
        filled: list[Any] = []
        # An update of its own for each: Gradio takes what it is given apart.
        for prompt in self.prompts():
            endpoint = gr.update(choices=endpoints, value=endpoints[0][1])
            filled += [prompt, endpoint, gr.update(value="")]
        return filled

    def prompts(self) -> list[Any]:
        """The prompts of both arms: the newest edited version against the one it came from."""
        known = list_versions(self._workspace)
        prompts = [(version.label, version.prompt.id) for version in known]
        newest = next((version for version in known if not version.built_in), known[0])
        other = newest.parent_id or next(
            version.prompt.id for version in known if version is not newest
        )
        return [gr.update(choices=prompts, value=value) for value in (other, newest.prompt.id)]

    def _endpoints(self) -> list[tuple[str, str]]:
        settings = self._workspace.settings
        known = [model.name for model in EMBEDDED_MODELS]
        if settings.embedded_model not in known:
            known.insert(0, settings.embedded_model)
        embedded = [(f"{name}, embedded", f"embedded {name}") for name in known]
        if settings.base_url:
            label = f"{settings.model or 'no model'} at {settings.base_url}"
            return [(label, "configured"), *embedded]
        return embedded

    @plain_errors
    def start(self, *values: Any) -> str:
        """Keep the comparison and start asking."""
        arms, (name, count, temperature, max_cost) = values[:6], values[6:]
        first, second = (
            ArmOptions(prompt or "", _target(endpoint, model, temperature, max_cost))
            for prompt, endpoint, model in (arms[:3], arms[3:])
        )
        comparison, jobs = start_comparison(
            self._workspace, first, second, count=int(count or 0), name=name or ""
        )
        return started_html(comparison, len(jobs), _command(first, second, count))


def _target(endpoint: str, model: str, temperature: float | None, max_cost: str) -> TargetOptions:
    kind, _, embedded = (endpoint or "configured").partition(" ")
    return TargetOptions(
        endpoint=kind,
        model=embedded or (model or "").strip(),
        temperature=temperature or 0.0,
        max_cost=_amount(max_cost or ""),
    )


def _amount(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise WinnowError(f"{text[:40]!r} is no amount of US dollars: write one as 2.50.") from None


def _command(first: ArmOptions, second: ArmOptions, count: float) -> str:
    words = ["python", "-m", "workbench", "compare", "start", "--count", str(int(count))]
    for flag, arm in (("--first", first), ("--second", second)):
        target = arm.target
        where = f"embedded:{target.model}" if target.endpoint == "embedded" else target.model
        words += [flag, f"{arm.prompt}@{where}" if where else arm.prompt]
    for flag, value in (
        ("--temperature", first.target.temperature),
        ("--max-cost", first.target.max_cost),
    ):
        words += [flag, f"{value:g}"] if value else []
    return shlex.join(words)


def started_html(comparison: Comparison, jobs: int, command: str) -> str:
    """What was started; everything may have been answered before."""
    words = {0: "everything was answered before", 1: "one job asks what is new"}.get(
        jobs, f"{jobs} jobs ask what is new"
    )
    return inert(
        f'<p role="status">{escape(comparison.name)}: {words}.</p>'
        f'<p class="w-muted"><code>{escape(command)}</code></p>'
    )
