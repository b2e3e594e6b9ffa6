"""Review: one sample at a time; the cards and keys are `static/review.js`."""

import gradio as gr

from workbench.ui.handlers import block
from workbench.workspace import Workspace


def build(workspace: Workspace, pages: gr.Blocks) -> None:
    """A place for the cards: a key press must never wait for a round trip through Gradio."""
    block('<div id="review-root"></div>')
