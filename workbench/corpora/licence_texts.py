"""Recognising a licence by the words of its text, as LICENSE and COPYING files hold them."""

import re

from workbench.corpora.languages import find_language
from workbench.corpora.licences import UNKNOWN, join_licences

_LICENCE_FILE = re.compile(
    r"(?:licen[sc]e|copying|unlicense)(?P<suffix>[-_.][\w.-]+)?", re.IGNORECASE
)
_PLAIN_SUFFIXES = ("", ".txt", ".md", ".rst")
_DATA_SUFFIXES = (".json", ".toml", ".yaml", ".yml", ".xml", ".html")

# Words that a licence's own text always has and that no other licence quotes; lower case, single
# spaces. Mentions count too ("GNU General Public License" in a notice): better one licence too many
# than code taken for permissive.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("MIT", ("permission is hereby granted, free of charge", "this permission notice shall be")),
    ("MIT-CMU", ("permission to use, copy, modify,", "both that copyright notice and this")),
    ("ISC", ("and/or distribute this software for any purpose", "this permission notice appear")),
    ("BSL-1.0", ("boost software license - version 1.0",)),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("EPL-2.0", ("eclipse public license - v 2.0",)),
    ("Unlicense", ("free and unencumbered software released into the public domain",)),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("Zlib", ("altered source versions must be plainly marked",)),
    ("PSF-2.0", ("python software foundation license version 2",)),
    ("LGPL-3.0-only", ("gnu lesser general public license version 3,",)),
    ("LGPL-2.1-only", ("gnu lesser general public license version 2.1,",)),
    ("AGPL-3.0-only", ("gnu affero general public license version 3,",)),
    ("GPL-3.0-only", ("gnu general public license version 3, 29 june 2007",)),
    ("GPL-2.0-only", ("gnu general public license version 2, june 1991",)),
)


def is_licence_file(name: str) -> bool:
    """Whether a file of this name holds a licence: LICENSE, COPYING.txt, LICENSE-MIT; no source."""
    return (
        _LICENCE_FILE.fullmatch(name) is not None
        and find_language(name) is None
        and not name.lower().endswith(_DATA_SUFFIXES)
    )


def recognise_licence(text: str) -> str:
    """The licence whose text this is, "MIT AND Zlib" where it holds several, or "unknown"."""
    words = " ".join(text.lower().split())
    found = [name for name, phrases in _WORDS if all(phrase in words for phrase in phrases)]
    if "redistribution and use in source and binary forms" in words:
        found.append(_name_bsd(words))
    named_gnu = any("GPL" in name or name in ("MPL-2.0", "EPL-2.0") for name in found)
    if "general public license" in words and not named_gnu:
        found.append("GPL")
    return join_licences(found)


def choose_licence(files: list[tuple[str, str]]) -> str:
    """The licence of a folder from its licence files, each (name, text).

    LICENSE-MIT beside LICENSE-APACHE is Rust's way to offer a choice; LICENSE beside COPYING holds
    one to both. One file that nobody recognises makes the whole unknown.
    """
    licences = [recognise_licence(text) for _, text in files]
    if UNKNOWN in licences:
        return UNKNOWN
    are_choices = all(_suffix(name) not in _PLAIN_SUFFIXES for name, _ in files)
    return join_licences(licences, operator="OR" if are_choices else "AND")


def _suffix(name: str) -> str:
    match = _LICENCE_FILE.fullmatch(name)
    return (match["suffix"] or "").lower() if match else ""


def _name_bsd(words: str) -> str:
    if "all advertising materials mentioning" in words:
        return "BSD-4-Clause"
    # The third clause in its usual words, and as NumPy and others number their holders.
    return "BSD-3-Clause" if "to endorse or promote products" in words else "BSD-2-Clause"
