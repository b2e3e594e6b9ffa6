"""The pages, in the order of the data; each module builds one and holds its wiring alone."""

import gradio as gr
from gradio.components import Navbar

from workbench.ui.pages import explore, generate, review, seeds, settings, train
from workbench.workspace import Workspace

PAGES = (
    ("Seeds", seeds.build),
    ("Generate", generate.build),
    ("Explore", explore.build),
    ("Review", review.build),
    ("Train", train.build),
    ("Settings", settings.build),
)


def build_pages(workspace: Workspace) -> gr.Blocks:
    """Every page as one Gradio app, each with its own address."""
    pages = gr.Blocks(title="Winnow", analytics_enabled=False)
    with pages:
        Navbar(visible=False)
    for name, build in PAGES:
        with pages.route(name, f"/{name.lower()}"):
            Navbar(visible=False)
            build(workspace, pages)
    return pages


def theme() -> gr.themes.Base:
    """Gradio's own controls in our colours; the values are the tokens of `static/winnow.css`."""
    tokens = {
        "body_background_fill": "var(--w-page)",
        "body_text_color": "var(--w-text)",
        "body_text_color_subdued": "var(--w-muted)",
        "background_fill_primary": "var(--w-panel)",
        "background_fill_secondary": "var(--w-page)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--w-line)",
        "block_label_background_fill": "transparent",
        "block_label_text_color": "var(--w-muted)",
        "block_title_text_color": "var(--w-text)",
        "border_color_primary": "var(--w-line)",
        "border_color_accent": "var(--w-accent)",
        "color_accent_soft": "var(--w-accent-soft)",
        "input_background_fill": "var(--w-panel)",
        "input_border_color": "var(--w-line)",
        "input_border_color_focus": "var(--w-accent)",
        "input_placeholder_color": "var(--w-muted)",
        "button_primary_background_fill": "var(--w-accent)",
        "button_primary_background_fill_hover": "var(--w-accent)",
        "button_primary_text_color": "var(--w-on-accent)",
        "button_secondary_background_fill": "var(--w-panel)",
        "button_secondary_background_fill_hover": "var(--w-sunken)",
        "button_secondary_text_color": "var(--w-text)",
        "button_secondary_border_color": "var(--w-line)",
        "button_primary_border_color": "var(--w-accent)",
        "table_even_background_fill": "var(--w-panel)",
        "table_odd_background_fill": "var(--w-panel)",
        "table_border_color": "var(--w-line)",
        "link_text_color": "var(--w-accent)",
    }
    sizes = {
        "input_border_width": "1px",
        "block_label_text_size": "13px",
        "block_title_text_size": "13px",
        "button_border_width": "1px",
        "button_large_text_size": "14px",
        "button_large_text_weight": "550",
        "button_large_padding": "6px 14px",
        "button_small_text_size": "13px",
        "button_small_padding": "4px 10px",
        "block_border_width": "0px",
        "block_padding": "4px",
    }
    dark = {f"{name}_dark": value for name, value in tokens.items()}
    base = gr.themes.Base(
        radius_size=gr.themes.sizes.radius_sm,
        spacing_size=gr.themes.sizes.spacing_sm,
        text_size=gr.themes.sizes.text_sm,
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"],
    )
    return base.set(**tokens, **dark, **sizes, block_shadow="none", color_accent="var(--w-accent)")
