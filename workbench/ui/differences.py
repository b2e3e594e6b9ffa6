"""What changed between two texts, line by line, as safe HTML."""

import difflib

from workbench.ui.render import escape

CONTEXT = 2
_KINDS = {"+": ("ins", "added"), "-": ("del", "removed")}


def differences_html(before: str, after: str) -> str:
    """The lines that were removed and added with those around them; "" where nothing changed."""
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), lineterm="", n=CONTEXT)
    shown = [_line_html(line) for line in lines if not line.startswith(("---", "+++"))]
    return f'<div class="d-lines">{"".join(shown)}</div>' if shown else ""


def _line_html(line: str) -> str:
    sign, text = line[:1], line[1:]
    if sign == "@":
        return '<span class="d-gap">…</span>'
    tag, word = _KINDS.get(sign, ("span", ""))
    label = f' aria-label="{word}"' if word else ""
    return f"<{tag}{label}>{escape(f'{sign} {text}')}</{tag}>"
