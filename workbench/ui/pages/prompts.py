"""The section for prompts: versions beside each other, edited with a look at a real seed."""

import time
from typing import Any

import gradio as gr

from storage.errors import WinnowError
from workbench.pipeline.prompts import (
    SHORT,
    PromptPreview,
    PromptVersion,
    SavedPrompt,
    check_prompt,
    draft_prompt,
    list_versions,
    preview_prompt,
    save_version,
)
from workbench.ui.differences import differences_html
from workbench.ui.handlers import block, plain_errors
from workbench.ui.render import DASH, escape, inert
from workbench.workspace import Workspace


def build_prompts(workspace: Workspace) -> Any:
    """The editor beside what a model is sent, the difference under it, then all versions.

    Returns the event that a version was saved.
    """
    view = PromptsView(workspace)
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=320):
            with gr.Row():
                version = gr.Dropdown([], label="Start from", scale=3, min_width=200)
                name = gr.Textbox(label="Save under the name", max_lines=1, scale=2, min_width=160)
            system = gr.Textbox(label="System message", lines=3, max_lines=8)
            user = gr.Textbox(
                label="User message ({snippet} stands for the seed's code)",
                lines=14,
                max_lines=28,
            )
            with gr.Row(elem_classes="p-save"):
                with gr.Column(scale=3, min_width=180):
                    note = block()
                save = gr.Button("Save as new version", variant="primary", scale=2, min_width=170)
        with gr.Column(scale=1, min_width=320):
            with gr.Row(elem_classes="s-pager"):
                back = gr.Button("Previous seed", size="sm", scale=1, min_width=120)
                forth = gr.Button("Next seed", size="sm", scale=1, min_width=120)
            shown = block()
    changed = block()
    versions = block()
    position = gr.State(0)
    text = [system, user]
    seen = [position, shown]
    opened = [name, *text, note, *seen, changed]
    gr.on(None, view.open, outputs=[version, versions, *opened], show_progress="hidden")
    version.input(view.choose, [version, position], opened, show_progress="hidden")
    # Not `input`: the first one after a text was put there from here is lost.
    gr.on(
        [system.change, user.change],
        view.edit,
        [version, *text, position],
        [note, *seen, changed],
        show_progress="hidden",
        trigger_mode="always_last",
    )
    back.click(view.back, [*text, position], seen, show_progress="hidden")
    forth.click(view.forth, [*text, position], seen, show_progress="hidden")
    return save.click(
        view.save,
        [version, name, *text],
        [version, versions, note, changed],
        show_progress="hidden",
    )


class PromptsView:
    """The handlers of the section over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self) -> list[Any]:
        """Fill the section with the built-in prompt, or the newest version where there is one."""
        known = list_versions(self._workspace)
        edited = [version for version in known if not version.built_in]
        plain = [version for version in known if version.prompt.name == "oss-instruct"]
        chosen = [*edited, *plain, *known][0].prompt.id
        return [_choices(known, chosen), versions_html(known), *self.choose(chosen, 0)]

    @plain_errors
    def choose(self, version_id: str, position: int) -> list[Any]:
        """Put a version into the editor."""
        found = self._version(version_id)
        prompt = found.prompt
        name = f"{prompt.name}-2" if found.built_in else prompt.name
        preview = self._preview(prompt.system, prompt.user, position)
        return [name, prompt.system, prompt.user, "", *preview, ""]

    def edit(self, version_id: str, system: str, user: str, position: int) -> list[Any]:
        """What the text as it stands would be, and how it differs from the version chosen."""
        system, user = system or "", user or ""  # None before the section was first opened
        try:
            warnings = check_prompt(draft_prompt("draft", system=system, user=user))
            note = _warnings_html(warnings)
        except WinnowError as error:
            note = inert(f'<p class="w-bad">{escape(str(error))}</p>')
        shown = self._preview(system, user, position)
        return [note, *shown, self._changed(version_id, system, user)]

    def back(self, system: str, user: str, position: int) -> list[Any]:
        """The same text for the seed before."""
        return self._preview(system, user, position - 1)

    def forth(self, system: str, user: str, position: int) -> list[Any]:
        """The same text for the next seed."""
        return self._preview(system, user, position + 1)

    @plain_errors
    def save(self, version_id: str, name: str, system: str, user: str) -> list[Any]:
        """Keep the text as a new version, and go on from that one."""
        saved = save_version(
            self._workspace, name, system=system, user=user, parent_id=version_id or ""
        )
        known = list_versions(self._workspace)
        return [_choices(known, saved.prompt.id), versions_html(known), saved_html(saved), ""]

    def _version(self, version_id: str) -> PromptVersion:
        for version in list_versions(self._workspace):
            if version.prompt.id == version_id:
                return version
        raise WinnowError("Choose a version to start from.")

    def _preview(self, system: str, user: str, position: int) -> list[Any]:
        try:
            found = preview_prompt(self._workspace, system=system, user=user, position=position)
        except WinnowError as error:
            return [position, inert(f'<p class="w-muted">{escape(str(error))}</p>')]
        return [found.position, preview_html(found)]

    def _changed(self, version_id: str, system: str, user: str) -> str:
        """The difference to the version that the editor started from."""
        try:
            prompt = self._version(version_id).prompt
        except WinnowError:
            return ""
        parts = [
            (title, differences_html(before, after.replace("\r\n", "\n").strip()))
            for title, before, after in (
                ("System message", prompt.system, system),
                ("User message", prompt.user, user),
            )
        ]
        shown = "".join(f"<h3>{title}</h3>{lines}" for title, lines in parts if lines)
        if not shown:
            return ""
        words = escape(f"{prompt.name} · {prompt.id[:SHORT]}")
        return inert(
            f'<section class="w-panel p-diff"><h2>Changed from {words}</h2>{shown}</section>'
        )


def _choices(known: list[PromptVersion], chosen: str) -> Any:
    return gr.update(
        choices=[(version.label, version.prompt.id) for version in known], value=chosen
    )


def preview_html(preview: PromptPreview) -> str:
    """The messages as the model gets them: plain text, whatever the seed holds."""
    seed = preview.seed
    place = f"{seed.repository} · {seed.path}, lines {seed.first_line} to {seed.last_line}"
    messages = "".join(
        f'<h3>{escape(message["role"])}</h3><pre tabindex="0">{escape(message["content"])}</pre>'
        for message in preview.messages
    )
    return inert(
        f'<section class="w-panel p-sent"><h2>What the model is sent</h2><p class="w-muted">'
        f"Seed {preview.position + 1:,} of {preview.total:,} · {escape(place)}</p>{messages}"
        "</section>"
    )


def saved_html(saved: SavedPrompt) -> str:
    """What saving did."""
    label = f"{saved.prompt.name} · {saved.prompt.id[:SHORT]}"
    words = f"Saved as {label}." if saved.is_new else f"This text is {label} already."
    return inert(f'<p role="status">{escape(words)}</p>') + _warnings_html(saved.warnings)


def _warnings_html(warnings: tuple[str, ...]) -> str:
    return inert("".join(f'<p class="w-warn">{escape(warning)}</p>' for warning in warnings))


def versions_html(known: list[PromptVersion]) -> str:
    """All versions as a table: name, origin, when, answers and yield."""
    labels = {version.prompt.id: version.label for version in known}
    rows = "".join(_version_row(version, labels) for version in known)
    heads = (
        "<th>Version</th><th>Edited from</th><th>Saved by</th><th>When</th>"
        '<th class="w-num">Answers</th><th class="w-num">Gave a sample</th>'
    )
    return inert(
        '<section class="w-panel"><h2>Versions</h2><div class="w-scroll">'
        f'<table class="w-table p-versions"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>"
        "</div></section>"
    )


def _version_row(version: PromptVersion, labels: dict[str, str]) -> str:
    parent = labels.get(version.parent_id or "", DASH)
    by = "built in" if version.built_in else version.saved_by or DASH
    when = DASH
    if version.created_at is not None:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(version.created_at))
    share = DASH if version.yielded is None else f"{version.yielded:.1%}"
    cells = [version.label, parent, by, when]
    return (
        "<tr>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + f'<td class="w-num">{version.answers:,}</td><td class="w-num">{share}</td></tr>'
    )
