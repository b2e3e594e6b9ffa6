"""Fields of a row: reading a text, and keeping the other short values."""

import math
from collections.abc import Collection

from workbench.generation.prompts import storable_text
from workbench.imports.rows import JsonObject, Mismatch

# What is kept of the fields that a format has no use for: an index, a fingerprint, a category.
MAX_EXTRA = 20
MAX_EXTRA_CHARACTERS = 2_000


def read_text(row: JsonObject, name: str) -> str | Mismatch:
    """The text of a field; one that is null counts as missing."""
    value = row.get(name)
    if value is None:
        return Mismatch("missing_field", name)
    if not isinstance(value, str):
        return Mismatch("not_text", f"{name} is {kind_of(value)}")
    return value


def kind_of(value: object) -> str:
    """What a JSON value is, in a word for people."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return type(value).__name__


def other_values(row: JsonObject, *, without: Collection[str]) -> JsonObject:
    """The short plain values of the fields that are not in `without`, as they can be stored."""
    kept: JsonObject = {}
    for name, value in row.items():
        if name in without or len(kept) == MAX_EXTRA or len(name) > 100:
            continue
        if isinstance(value, str) and 0 < len(value) <= MAX_EXTRA_CHARACTERS:
            kept[storable_text(name)] = storable_text(value)
        elif isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
            kept[storable_text(name)] = value
    return kept
