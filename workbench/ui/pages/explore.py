"""Explore: what the samples are; the marks that filter are `static/explore.js`."""

import gradio as gr

from workbench.ui.handlers import block
from workbench.workspace import Workspace


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """A place for the figures, the map, the bars and the table."""
    block('<div id="explore-root"></div>')
