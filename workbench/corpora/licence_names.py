"""Naming a licence: what people write in package metadata, as SPDX expressions."""

import re

from workbench.corpora.licences import is_expression

# fmt: off
_SPDX_NAMES = (
    "0BSD", "AFL-3.0", "Apache-1.1", "Apache-2.0", "Artistic-2.0", "BlueOak-1.0.0",
    "BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "BSL-1.0", "CC0-1.0",
    "CNRI-Python", "EPL-1.0", "EPL-2.0", "EUPL-1.2", "HPND", "ISC", "GPL-2.0-only",
    "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "LGPL-2.1-only",
    "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "AGPL-3.0-only",
    "AGPL-3.0-or-later", "MIT", "MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0", "NCSA", "PostgreSQL",
    "PSF-2.0", "Python-2.0", "Unlicense", "UPL-1.0", "WTFPL", "X11", "Zlib", "ZPL-2.1",
)
# fmt: on

# What people write instead, as `_key` reduces it.
_ALIASES = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "asl 2 0": "Apache-2.0",
    "bsd": "BSD",
    "new bsd": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause",
    "3 clause bsd": "BSD-3-Clause",
    "bsd 3": "BSD-3-Clause",
    "simplified bsd": "BSD-2-Clause",
    "2 clause bsd": "BSD-2-Clause",
    "bsd 2": "BSD-2-Clause",
    "boost 1 0 bsl 1 0": "BSL-1.0",
    "expat": "MIT",
    "isc iscl": "ISC",
    "historical permission notice and disclaimer hpnd": "HPND",
    "python foundation": "PSF-2.0",
    "psf": "PSF-2.0",
    "zero clause bsd 0bsd": "0BSD",
    "unlicense unlicense": "Unlicense",
    "zlib libpng": "Zlib",
    "zope public": "ZPL-2.1",
    "mozilla public 2 0": "MPL-2.0",
    "mozilla public 2 0 mpl 2 0": "MPL-2.0",
    "mpl 2 0": "MPL-2.0",
    "gnu general public 2 gplv2": "GPL-2.0-only",
    "gnu general public 2 or later gplv2+": "GPL-2.0-or-later",
    "gnu general public 3 gplv3": "GPL-3.0-only",
    "gnu general public 3 or later gplv3+": "GPL-3.0-or-later",
    "gnu lesser general public 3 lgplv3": "LGPL-3.0-only",
    "gnu lesser general public 3 or later lgplv3+": "LGPL-3.0-or-later",
    "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only",
    "lgplv3": "LGPL-3.0-only",
}
_FILLER = re.compile(r"\b(?:the|licen[sc]e[sd]?|version|software|under|only)\b|\bv(?=\d)")
_OPERATOR = re.compile(r"([()]|\s(?:and|or|with)\s)", re.IGNORECASE)
# A name or an expression; longer text is a licence's own.
_MAX_CHARACTERS = 200


def name_licence(text: str) -> str | None:
    """The SPDX name or expression that `text` means, or None.

    "Apache License, Version 2.0" is "Apache-2.0", "mit or apache 2.0" is "MIT OR Apache-2.0". A
    bare "BSD" stays so: it does not say which.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    if whole := _name_one(text):
        return whole
    named: list[str] = []
    for part in filter(None, map(str.strip, _OPERATOR.split(text))):
        if part in "()" or part.lower() in ("and", "or", "with"):
            named.append(part.upper())
        elif named and named[-1] == "WITH":
            named.append(part)
        elif name := _name_one(part):
            named.append(name)
        else:
            return None
    expression = " ".join(named).replace("( ", "(").replace(" )", ")")
    return expression if is_expression(expression) else None


def _name_one(text: str) -> str | None:
    key = _key(text)
    return _ALIASES.get(key) or next((name for name in _SPDX_NAMES if _key(name) == key), None)


def _key(text: str) -> str:
    words = re.sub(r"[^a-z0-9+]+", " ", text.lower())
    return " ".join(_FILLER.sub(" ", words).split())
