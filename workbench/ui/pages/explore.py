"""Explore: what the samples are; the marks that filter are `static/explore.js`."""

import gradio as gr

from workbench.workspace import Workspace


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """A place for the figures, the map, the bars and the table."""
    gr.HTML('<div id="explore-root"></div>', js_on_load=None)
