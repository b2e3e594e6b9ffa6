"""Settings: the endpoint to generate with, what works on this machine, where things are."""

from typing import Any

import gradio as gr
from pydantic import SecretStr

from storage.errors import WinnowError
from workbench.doctor import Diagnosis, diagnose
from workbench.settings import Settings
from workbench.ui.handlers import block, heading, plain_errors
from workbench.ui.render import escape, inert
from workbench.workspace import Workspace


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """The endpoint's form on the left, the state of the machine at the right."""
    view = SettingsView(workspace)
    block(
        heading(
            "Settings",
            "Everything here can also be set by environment variables (WINNOW_…) or a .env file.",
            command="python -m workbench doctor",
        )
    )
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            block('<h2 class="w-h2">Endpoint to generate with</h2>')
            base_url = gr.Textbox(
                label="Base URL",
                info="Any OpenAI-compatible endpoint; empty: the embedded model",
                placeholder="https://…/v1",
            )
            model = gr.Textbox(label="Model", placeholder="as the endpoint names it")
            key = gr.Textbox(
                label="Key",
                type="password",
                info="Kept in memory until the app stops, never written; WINNOW_API_KEY keeps it",
            )
            with gr.Row():
                test = gr.Button("Test", min_width=90)
                save = gr.Button("Save", variant="primary", min_width=90)
            said = block()
            block(_PRICES)
        with gr.Column(scale=3, min_width=320):
            machine = block(_CHECKING)
            places = block()
    inputs = [base_url, model, key]
    saved = save.click(view.save, inputs, [said, key])
    saved.success(view.diagnose, outputs=machine, show_progress="hidden")
    saved.success(None, js=_LOOK_AT_PRICES)
    test.click(view.test, inputs, said)
    fields = [base_url, model, places]
    pages.load(view.open, outputs=fields, show_progress="hidden").then(
        view.diagnose, outputs=machine, show_progress="hidden"
    )


# Filled by `static/prices.js`, again when another model was saved: it is in the table at once.
_LOOK_AT_PRICES = "() => { document.dispatchEvent(new CustomEvent('winnow-prices')); }"
_PRICES = '<section class="w-panel" id="prices" aria-label="Prices"></section>'
_CHECKING = inert(
    '<section class="w-panel"><h2>This machine</h2><p class="w-muted">Checking what works…</p>'
    "</section>"
)


class SettingsView:
    """The handlers of the page over one workspace; they read, call one function and shape."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def open(self) -> list[Any]:
        """What is set now; the key itself never leaves the server."""
        settings = self._workspace.settings
        return [
            settings.base_url,
            settings.model,
            _places_html(settings),
        ]

    def diagnose(self) -> str:
        """What works on this machine and what to do about what does not."""
        return _machine_html(diagnose(self._workspace.settings))

    @plain_errors
    def save(self, *values: Any) -> tuple[str, str]:
        """Use this endpoint from now on, and remember it without its key."""
        settings = self._with(*values)
        settings.save_endpoint()
        self._workspace.settings = settings
        where = settings.base_url or "the embedded model"
        return _said(f"Saved: samples are generated with {where}."), ""

    @plain_errors
    def test(self, *values: Any) -> str:
        """Ask the endpoint once, without saving anything."""
        from workbench.generation.check import check_endpoint
        from workbench.generation.endpoint import Endpoint

        settings = self._with(*values)
        if not settings.base_url:
            raise WinnowError("There is no base URL to test: the embedded model needs none.")
        endpoint = Endpoint(settings.base_url, settings.model, settings.api_key.get_secret_value())
        return _said(check_endpoint(endpoint))

    def _with(self, base_url: str, model: str, key: str) -> Settings:
        address = (base_url or "").strip()
        if address and not address.startswith(("http://", "https://")):
            raise WinnowError(f"{address!r} is no base URL: it begins with http:// or https://.")
        settings = self._workspace.settings
        changes: dict[str, Any] = {"base_url": address, "model": (model or "").strip()}
        if changes["model"] != settings.model:
            # The settings' price is that model's; the table of prices has every other one.
            changes |= {"price_input": None, "price_output": None}
        if address.rstrip("/") != settings.base_url.rstrip("/"):
            # A key goes to nobody but the endpoint that it was typed for.
            changes["api_key"] = SecretStr("")
        if key:
            changes["api_key"] = SecretStr(key.strip())
        return settings.model_copy(update=changes)


def _said(text: str) -> str:
    return inert(f'<p class="w-good" role="status">{escape(text)}</p>')


def _machine_html(diagnoses: list[Diagnosis]) -> str:
    rows = "".join(
        f'<tr><td><b>{escape(row.name)}</b></td><td class="{"w-good" if row.works else "w-warn"}">'
        f"{'works' if row.works else 'look here'}</td><td>{escape(row.text)}</td></tr>"
        for row in diagnoses
    )
    return inert(
        '<section class="w-panel"><h2>This machine</h2><div class="w-scroll">'
        f'<table class="w-table w-pairs"><tbody>{rows}</tbody></table></div></section>'
    )


def _places_html(settings: Settings) -> str:
    rows = {
        "Workspace": str(settings.data),
        "Models": str(settings.models_dir),
        "Decisions are saved as": settings.reviewer,
        "Key": "set" if settings.api_key.get_secret_value() else "not set",
        "Embedded model": settings.embedded_model,
        "Model to train": settings.training_model,
    }
    cells = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows.items()
    )
    return inert(
        '<section class="w-panel"><h2>Where things are</h2><div class="w-scroll">'
        f'<table class="w-table w-pairs"><tbody>{cells}</tbody></table></div></section>'
    )
