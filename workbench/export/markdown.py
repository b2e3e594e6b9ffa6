"""Markdown that shows strangers' words and does nothing else with them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

MAX_CELL = 200  # characters of one value that a table shows
MAX_TABLE_ROWS = 50
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&!:@$^])")


def escape_markdown(text: str) -> str:
    """The text as one line of Markdown that shows it and does nothing else.

    Control and direction characters become spaces, and what could start markup, a link or an
    address is escaped: `<img>` becomes `\\<img\\>`.
    """
    visible = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    line = " ".join(visible.split())
    if len(line) > MAX_CELL:
        line = line[:MAX_CELL] + "…"
    return re.sub(r"(?i)(www)\.", r"\1\\.", MARKDOWN.sub(r"\\\1", line))


def write_table(
    titles: Sequence[str], rows: Iterable[tuple[str, Sequence[int | float | str | None]]]
) -> str:
    """A table whose first column is text and whose others are numbers, None shown as a dash.

    After the first 50 rows it says how many are left out.
    """
    every = list(rows)
    lines = [f"| {' | '.join(titles)} |", "|---|" + "---:|" * (len(titles) - 1)]
    for text, numbers in every[:MAX_TABLE_ROWS]:
        cells = " | ".join(_show(number) for number in numbers)
        lines.append(f"| {escape_markdown(text)} | {cells} |")
    if len(every) > MAX_TABLE_ROWS:
        lines.append(f"\n{len(every) - MAX_TABLE_ROWS:,} more are in the manifest.")
    return "\n".join(lines)


def fence(text: str, *, language: str) -> str:
    """The text in a fence of code that is longer than any it holds."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text}\n{marks}"


def _show(value: int | float | str | None) -> str:
    match value:
        case None:
            return "-"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.3f}"
        case _:
            return escape_markdown(value)
