"""What every Gradio handler shares: our errors as one message, addresses that hold the filters."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from storage.errors import WinnowError
from workbench.ui.render import escape, inert

P = ParamSpec("P")
R = TypeVar("R")


def plain_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """The handler, with our errors shown as one sentence that stays until it is read."""

    @functools.wraps(handler)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except WinnowError as error:
            # Toasts render HTML: what the user typed is in the sentence.
            raise gr.Error(
                escape(str(error)), duration=None, title="That did not work", print_exception=False
            ) from error

    return wrapped


def query_of(request: gr.Request) -> dict[str, str]:
    """The query string of the page's address; empty where there is none."""
    return {str(name): str(value) for name, value in dict(request.query_params or {}).items()}


def set_query_js(*names: str) -> str:
    """JavaScript that writes the values it is given under these names into the page's address."""
    pairs = ", ".join(f"{name}: values[{index}]" for index, name in enumerate(names))
    return f"(...values) => {{ window.winnow.setQuery({{ {pairs} }}); return values; }}"


def block(markup: str = "", **options: Any) -> gr.HTML:
    """A place for our own HTML, without Gradio's styles for prose and buttons in it."""
    return gr.HTML(markup, apply_default_css=False, js_on_load=None, **options)


def heading(title: str, text: str, *, command: str = "") -> str:
    """A page's first line: its name, what it shows, and the command that does the same."""
    return inert(
        f'<div class="w-head" id="page" data-command="{escape(command)}"><h1>{escape(title)}</h1>'
        f"<p>{escape(text)}</p></div>"
    )


def empty_state(title: str, text: str) -> str:
    """What a page shows while it has nothing: what will be here and the one thing to press."""
    return inert(f'<div class="w-empty"><b>{escape(title)}</b>{escape(text)}</div>')


def bars_html(counts: Mapping[str, int], *, most: int = 8, label: str, kind: str = "") -> str:
    """Counts as labelled bars, most first; what does not fit is summed up in a last line."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    shown, rest = ordered[:most], ordered[most:]
    if rest:
        shown.append((f"{len(rest)} more", sum(count for _, count in rest)))
    top = max((count for _, count in shown), default=1)
    rows = "".join(
        f'<div class="w-row" role="listitem"><span title="{escape(name)}">{escape(name)}</span>'
        f'<i class="{kind}" style="width:{100 * count / top:.1f}%"></i>'
        f"<span>{count:,}</span></div>"
        for name, count in shown
    )
    return f'<div class="w-bars" role="list" aria-label="{escape(label)}">{rows}</div>'


def job_line(job: dict[str, Any]) -> str:
    """One job as a line of HTML: title, state, how far, and why it failed."""
    amount = f"{job['done']:,} of {job['total']:,}" if job["total"] else ""
    state = job["phase"] if job["running"] and job["phase"] else job["state"]
    if job["running"] and state == "done":
        state = "finishing"
    share = job["share"] if job["share"] is not None else 0.0
    error = f'<p class="w-bad">{escape(job["error"])}</p>' if job["error"] else ""
    progress = (
        f'<div class="w-progress" role="progressbar" aria-valuenow="{share * 100:.0f}"'
        f' aria-label="{escape(job["title"])}"><i style="width:{share * 100:.1f}%"></i></div>'
        if job["running"]
        else ""
    )
    words = " · ".join(part for part in (state, amount) if part)
    return f"<p><b>{escape(job['title'])}</b> {escape(words)}</p>{progress}{error}"
