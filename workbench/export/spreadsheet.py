"""CSV that a spreadsheet shows and never runs.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a model or a
repository can write one. Such a cell gets one apostrophe in front. A reader takes it off again by
the rule of `restore_cell`, which gives every text back as it was.
"""

import csv
import io
import json
import unicodedata
from collections.abc import Sequence

from workbench.export.formats import answer_text, instruction_text
from workbench.export.rows import ExportRow, row_values

# Also the full-width forms, which some spreadsheets normalize before they look.
FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
AT_ONCE = frozenset("\t\r")  # begin a formula where a reader splits or trims cells
QUOTES = frozenset("'\"`\u2018\u2019\u201c\u201d\u00ab\u00bb\uff02\uff07")
RULE = (
    "A cell whose first character that is no white space, quotation mark or invisible character is "
    "one of = + - @ (or a full-width form of them), or that begins with a tab or a carriage "
    "return, has one apostrophe in front. To get the text back, take one apostrophe off every cell "
    "that begins with one and is such a cell without it. An empty cell is a value not known."
)


def as_csv(rows: Sequence[ExportRow]) -> bytes:
    """The rows as CSV with a header: UTF-8 with a byte order mark, every cell quoted.

    `findings` is a JSON list. Spreadsheets cut cells at 32,767 characters when they open them; the
    file has them whole.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for index, row in enumerate(rows):
        values = {
            "id": row.sample_id,
            "instruction": instruction_text(row.problem),
            "response": answer_text(row.solution),
            **row_values(row),
            "findings": json.dumps(sorted(row.findings)),
        }
        for name in ("sample_id", "problem", "solution"):
            del values[name]
        if index == 0:
            writer.writerow(values)
        writer.writerow([_cell(value) for value in values.values()])
    # Without the mark Excel takes UTF-8 for the code page of the country it was bought in.
    return text.getvalue().encode("utf-8-sig")


def defuse_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: `=1+1` becomes `'=1+1`."""
    return f"'{text}" if is_formula(text) else text


def restore_cell(cell: str) -> str:
    """The text that `defuse_cell` made this cell of.

    It is exact: an apostrophe is among the quotation marks that `is_formula` looks behind, so a
    text that has one of its own before a formula got another.
    """
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run the text, also one that trims what stands before."""
    if text[:1] in AT_ONCE:
        return True
    first = next((c for c in text if not _is_passed_over(c)), "")
    return first in FORMULA


def _is_passed_over(character: str) -> bool:
    return (
        character.isspace()
        or character in QUOTES
        or unicodedata.category(character) in ("Cc", "Cf")  # NUL, zero-width and direction marks
    )


def _cell(value: object) -> object:
    if value is None:
        return ""
    return defuse_cell(value) if isinstance(value, str) else value
