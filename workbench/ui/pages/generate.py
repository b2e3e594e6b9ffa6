"""Generate: ask a model for samples; the jobs and what came of them are `static/generate.js`."""

import math
import shlex
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from storage.errors import WinnowError
from storage.seeds import count_seeds
from workbench.generation.endpoint import Endpoint
from workbench.pipeline.generate import GenerateOptions, estimate, start_generate
from workbench.pipeline.prompts import list_versions
from workbench.pipeline.target import CONCURRENCY, EMBEDDED_CONCURRENCY, TargetOptions
from workbench.pipeline.trial import TRIAL, start_trial
from workbench.ui.estimates import BUILT_IN, command_of, estimate_words
from workbench.ui.handlers import block, heading, plain_errors, query_of
from workbench.ui.pages.compare import build_compare
from workbench.ui.pages.evolve import build_evolve
from workbench.ui.pages.imports import build_import
from workbench.ui.pages.prompts import build_prompts
from workbench.ui.render import escape, inert
from workbench.workspace import Workspace

EMBEDDED = {
    "Qwen2.5-Coder-0.5B, embedded (491 MB once)": "qwen2.5-coder-0.5b",
    "SmolLM2-135M, embedded (98 MB once, poor samples)": "smollm2-135m",
}
# Below the jobs, each folded away: its title, the name in the page's address, what fills it.
SECTIONS = (
    ("Evolve and judge", "evolve", build_evolve),
    ("Import samples", "import", build_import),
    ("Prompts", "prompts", build_prompts),
    ("Compare", "compare", build_compare),
)
_SECTION_LINKS = (
    '<nav class="g-more" aria-label="Further down this page">'
    + "".join(f'<a href="/generate#{name}">{label}</a>' for label, name, _ in SECTIONS)
    + "</nav>"
)
# The script that follows the jobs looks at once where it would look in a moment.
FOLLOW = "() => { document.dispatchEvent(new CustomEvent('winnow-generate')); }"


@dataclass(frozen=True, slots=True)
class Form:
    """What the form says, in the order of its fields; the limits are as they were typed."""

    prompt: str | None = BUILT_IN
    endpoint: str | None = None
    count: float | None = 20
    concurrency: str = ""
    requests_per_minute: str = ""
    tokens_per_minute: str = ""
    max_cost: str = ""
    resend_unknown: str = ""
    temperature: str = ""


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """What to ask for on top, the jobs under it, then the newest samples as they arrive."""
    view = GenerateView(workspace)
    title = block(_title(GenerateOptions(), ""))
    with gr.Row(equal_height=False, elem_classes="g-form"):
        prompt = gr.Dropdown([BUILT_IN], label="Prompt", scale=3, min_width=180)
        endpoint = gr.Dropdown(list(EMBEDDED), label="Endpoint", scale=4, min_width=220)
        count = gr.Number(20, label="Samples", precision=0, scale=1, min_width=90, elem_id="count")
        trial = gr.Button(f"Try {TRIAL} first", scale=1, min_width=110, elem_id="generate-trial")
        start = gr.Button("Start", variant="primary", scale=1, min_width=100)
    with gr.Accordion("Limits", open=False, elem_classes="g-limits", elem_id="generate-limits"):
        limits = _limit_fields()
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            said = block(_estimate_html("…"), elem_classes="w-estimate")
        with gr.Column(scale=2, min_width=220):
            block(_SECTION_LINKS)
    block('<div id="generate-root"></div>')
    filled: dict[str, Any] = {}
    for label, name, fill in SECTIONS:
        with gr.Accordion(label, open=False, elem_id=f"section-{name}", elem_classes="g-section"):
            filled[name] = fill(workspace)
    # A version that was just saved can be chosen without loading the page again.
    saved, (arm_choices, arms) = filled["prompts"], filled["compare"]
    saved.success(view.prompt_choices, outputs=prompt, show_progress="hidden")
    saved.success(arm_choices, outputs=arms, show_progress="hidden")
    # Pressed by the script when a job ends: the estimate rests on what was answered since.
    again = gr.Button("Estimate again", visible="hidden", elem_id="generate-again")
    inputs: list[Any] = [prompt, endpoint, count, *limits]
    changes = [field.change for field in inputs] + [again.click]
    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "always_last"}
    gr.on(changes, view.describe, inputs, [title, said], **quiet)
    start.click(view.start, inputs, [title, said]).success(None, js=FOLLOW)
    trial.click(view.start_trial, inputs, [title, said]).success(None, js=FOLLOW)
    pages.load(view.open, outputs=[prompt, endpoint], show_progress="hidden").then(
        view.describe, inputs, [title, said], show_progress="hidden"
    )


LIMITS = (
    ("At once", f"{CONCURRENCY}, embedded {EMBEDDED_CONCURRENCY}"),
    ("Requests per minute", "no limit"),
    ("Tokens per minute", "no limit"),
    ("Cap, US dollars", "no cap"),
    ("Send again when the outcome is unknown (up to)", "0; each may be paid for twice"),
    ("Temperature", "0"),
)


def _limit_fields() -> list[gr.Textbox]:
    """Text fields: an empty `gr.Number` inside a folded accordion comes out of it as 0."""
    with gr.Row(elem_classes="g-form"):
        return [
            gr.Textbox(
                label=label,
                placeholder=default,
                max_lines=1,
                scale=2 if len(label) > 30 else 1,
                min_width=290 if len(label) > 30 else 120,
            )
            for label, default in LIMITS
        ]


class GenerateView:
    """The handlers of the page over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self, request: gr.Request) -> list[Any]:
        """The prompts and endpoints there are; the address may name a prompt."""
        endpoints = list(self._endpoints())
        prompts = self._prompts()
        wanted = query_of(request).get("prompt", "")
        chosen = wanted if wanted in {value for _, value in prompts} else BUILT_IN
        return [
            gr.update(choices=prompts, value=chosen),
            gr.update(choices=endpoints, value=endpoints[0]),
        ]

    def prompt_choices(self) -> Any:
        """The prompts there are now; what is chosen stays chosen."""
        return gr.update(choices=self._prompts())

    def _prompts(self) -> list[tuple[str, str]]:
        """Label and value of every prompt: a built-in one by its name, a version by its id."""
        known = list_versions(self._workspace)
        return [(f"{BUILT_IN} (built in)", BUILT_IN)] + [
            (one.label, one.prompt.name if one.built_in else one.prompt.id)
            for one in known
            if one.prompt.name != BUILT_IN or not one.built_in
        ]

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

    def _options(self, form: Form) -> GenerateOptions:
        choices = self._endpoints()
        endpoint, model = choices.get(form.endpoint or "", ("configured", ""))
        concurrency = _typed("At once", form.concurrency, whole=True)
        target = TargetOptions(
            endpoint=endpoint,
            model=model,
            temperature=_typed("Temperature", form.temperature) or 0.0,
            concurrency=None if concurrency is None else int(concurrency),
            requests_per_minute=_typed("Requests per minute", form.requests_per_minute),
            tokens_per_minute=_typed("Tokens per minute", form.tokens_per_minute),
            max_cost=_typed("Cap", form.max_cost),
            resend_unknown=int(_typed("Send again", form.resend_unknown, whole=True) or 0),
        )
        return GenerateOptions(int(form.count or 0), form.prompt or BUILT_IN, target)

    def _shown(self, options: GenerateOptions, said: str) -> list[Any]:
        return [_title(options, self._endpoint_flags(options.target)), _estimate_html(said)]

    def _endpoint_flags(self, target: TargetOptions) -> str:
        settings = self._workspace.settings
        if target.endpoint == "embedded":
            return shlex.join(["--endpoint", "embedded", "--model", target.model])
        if not settings.base_url:
            return ""
        try:
            # Its name has no password in it, whatever the address has.
            name = Endpoint(settings.base_url, settings.model).name
        except WinnowError:
            return ""
        model = ["--model", settings.model] if settings.model else []
        return shlex.join(["--endpoint", name, *model])

    def describe(self, *values: Any) -> list[Any]:
        """What the form's choice comes to: the same command, and what it will take."""
        try:
            options = self._options(Form(*values))
            expected = estimate(self._workspace, options)
        except WinnowError as error:
            # Somebody is still typing: the sentence stands where the estimate will be.
            said = f'<span class="w-bad">{escape(str(error))}</span>'
            return [gr.skip(), _estimate_html(f"{said}{_price_link(str(error))}")]
        with self._workspace.database.read() as cursor:
            seeds = count_seeds(cursor)
        model = options.target.model or self._workspace.settings.model
        words = estimate_words(expected, options, seeds=seeds, model=model)
        return self._shown(options, words)

    @plain_errors
    def start(self, *values: Any) -> list[Any]:
        """Start a job with what the form says."""
        options = self._options(Form(*values))
        start_generate(self._workspace, options)
        return self._shown(options, "Started: it is the first of the jobs below.")

    @plain_errors
    def start_trial(self, *values: Any) -> list[Any]:
        """Start a job of a few; when it has ended, the estimate rests on it."""
        options = self._options(Form(*values))
        start_trial(self._workspace, options)
        few = replace(options, count=min(TRIAL, options.count))
        return self._shown(
            few, f"Trying {few.count} first: they are kept, and the estimate will rest on them."
        )


def _typed(name: str, text: str | None, *, whole: bool = False) -> float | None:
    """The number in a field, or None where it is empty."""
    if not (text or "").strip():
        return None
    try:
        value = float((text or "").replace(",", "").replace("$", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise WinnowError(f"{name}: {(text or '')[:40]!r} is not {kind}. Change or empty it.")
    return value


def _title(options: GenerateOptions, endpoint: str) -> str:
    text = "A model invents a problem and its solution for each seed."
    return heading("Generate", text, command=command_of(options, endpoint))


def _price_link(sentence: str) -> str:
    if "price" not in sentence:
        return ""
    return " <a href='/settings#prices'>Prices</a>"


def _estimate_html(words: str) -> str:
    return inert(f'<p class="w-muted" role="status">{words}</p>')
