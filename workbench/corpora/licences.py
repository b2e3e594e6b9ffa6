"""Licences as SPDX expressions: which are permissive, and joining several into one."""

import re
from collections.abc import Callable, Iterable

UNKNOWN = "unknown"

# The one list of what `permissive` lets through: use, change and sell, asking no more than notice.
# MPL and EPL (changes to a file stay open) are not on it, nor is anything unknown.
PERMISSIVE = frozenset(
    name.lower()
    for name in (
        "0BSD",
        "AFL-3.0",
        "Apache-1.1",
        "Apache-2.0",
        "BlueOak-1.0.0",
        "BSD",  # no SPDX name: somebody wrote no more than this, and every variant is permissive
        "BSD-1-Clause",
        "BSD-2-Clause",
        "BSD-2-Clause-Patent",
        "BSD-3-Clause",
        "BSD-3-Clause-Clear",
        "BSD-3-Clause-LBNL",
        "BSD-4-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CNRI-Python",
        "HPND",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "NCSA",
        "PostgreSQL",
        "PSF-2.0",
        "Python-2.0",
        "Python-2.0.1",
        "Unicode-3.0",
        "Unicode-DFS-2016",
        "Unlicense",
        "UPL-1.0",
        "WTFPL",
        "X11",
        "Zlib",
        "ZPL-2.1",
    )
)

_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9][A-Za-z0-9.+:-]*)")
# More than any person wrote; also bounds the recursion.
_MAX_TOKENS = 99


def is_permissive(licence: str) -> bool:
    """Whether an SPDX expression allows use under permissive terms alone.

    Of "MIT OR GPL-3.0-only" one may choose MIT; "MIT AND GPL-3.0-only" holds one to both.
    """
    return _evaluate(licence, lambda name: name.lower() in PERMISSIVE) is True


def is_expression(text: str) -> bool:
    """Whether `text` has the form of an SPDX expression, whatever the names in it."""
    return _evaluate(text, lambda _: True) is True


def join_licences(names: Iterable[str], *, operator: str = "AND") -> str:
    """One expression of several licences, each once, or "unknown" where there is none."""
    unique = list(dict.fromkeys(names))
    if len(unique) < 2:
        return unique[0] if unique else UNKNOWN
    return f" {operator} ".join(f"({name})" if " " in name else name for name in unique)


def shorten_licence(text: str) -> str:
    """Free text cut down to what fits a table cell, or "unknown" where nothing is left."""
    printable = "".join(character if character.isprintable() else " " for character in text[:500])
    words = " ".join(printable.split())
    return (words if len(words) <= 40 else f"{words[:39]}…") or UNKNOWN


def _evaluate(expression: str, holds: Callable[[str], bool]) -> bool | None:
    """The truth of an expression whose names are true where they hold; None if it is malformed."""
    tokens = _TOKEN.findall(expression)
    if "".join(tokens) != "".join(expression.split()) or not 0 < len(tokens) <= _MAX_TOKENS:
        return None
    value, rest = _either(tokens, holds)
    return None if rest else value


def _either(tokens: list[str], holds: Callable[[str], bool]) -> tuple[bool | None, list[str]]:
    value, rest = _both(tokens, holds)
    while value is not None and rest[:1] == ["OR"]:
        other, rest = _both(rest[1:], holds)
        value = None if other is None else value or other
    return value, rest


def _both(tokens: list[str], holds: Callable[[str], bool]) -> tuple[bool | None, list[str]]:
    value, rest = _one(tokens, holds)
    while value is not None and rest[:1] == ["AND"]:
        other, rest = _one(rest[1:], holds)
        value = None if other is None else value and other
    return value, rest


def _one(tokens: list[str], holds: Callable[[str], bool]) -> tuple[bool | None, list[str]]:
    match tokens:
        case ["(", *inner]:
            value, rest = _either(inner, holds)
            return (value, rest[1:]) if rest[:1] == [")"] else (None, rest)
        case ["(" | ")" | "AND" | "OR" | "WITH", *_] | []:
            return None, tokens
        # An exception only ever permits more than its licence.
        case [name, "WITH", exception, *rest] if exception not in ("(", ")", "AND", "OR"):
            return holds(name), rest
        case [name, *rest]:
            return holds(name), rest
    return None, tokens
