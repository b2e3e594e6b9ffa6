"""A document as a corpus lists it, and reading one: its text, or the reason why it is no use."""

import os
import re
import stat
from dataclasses import dataclass
from enum import StrEnum

from storage.records import Document

MAX_BYTES = 1_000_000
# Hand-written source keeps below; minified and generated files do not (The Stack's own filter).
MAX_LINE_CHARACTERS = 1_000
# Fewer lines with something on them are an empty `__init__.py` or a list of re-exports.
MIN_LINES = 5
# The first line of a starcoderdata document may hold these, one or several: never code.
METADATA_MARKERS = ("<reponame>", "<filename>", "<gh_stars>")
# What generators write at the top of their files, each like a thousand others.
_GENERATED = re.compile(
    r"@generated|\bauto-?generated\b|\bdo not edit\b"
    r"|\b(?:code|file) (?:is |was )?generated (?:by|from)",
    re.IGNORECASE,
)
_HEAD_CHARACTERS = 600


class Rejection(StrEnum):
    """Why a document gives no seed; the values are stable identifiers that counts are kept by."""

    LISTED_TWICE = "listed_twice"
    UNUSABLE_PATH = "unusable_path"
    LICENCE = "licence_not_permissive"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    OUTSIDE = "outside_corpus"
    NOT_A_FILE = "not_a_file"
    TOO_LARGE = "too_large"
    BINARY = "binary"
    NOT_UTF8 = "not_utf8"
    WRONG_LANGUAGE = "wrong_language"
    GENERATED = "generated"
    LONG_LINE = "long_line"
    TOO_SHORT = "too_short"
    NO_SNIPPET = "no_snippet"


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """One document in a corpus's listing, not read yet.

    `file` is where it lies on this machine and `root` the real folder that it must not lead out of;
    neither reaches a seed. `size` is in bytes, None where the listing does not tell.
    """

    corpus: str
    repository: str
    path: str
    language: str
    licence: str
    file: str
    root: str
    size: int | None = None


def read_document(entry: DocumentEntry) -> Document | Rejection:
    """The document with its text, or why it cannot be used; hostile files never raise."""
    text = read_text(entry.file, root=entry.root)
    if isinstance(text, Rejection):
        return text
    text = strip_metadata_markers(text)
    rejection = screen_text(text, language=entry.language)
    if rejection is not None:
        return rejection
    return Document(
        corpus=entry.corpus,
        repository=entry.repository,
        path=entry.path,
        language=entry.language,
        licence=entry.licence,
        text=text,
    )


def read_text(file: str, *, root: str) -> str | Rejection:
    """The text of a file inside the real folder `root`, its line ends made "\\n"."""
    try:
        real = os.path.realpath(file, strict=True)
        if os.path.commonpath((real, root)) != root:
            return Rejection.OUTSIDE
        # Not blocking: a pipe that is named like a source file would wait for a writer for ever.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return Rejection.NOT_A_FILE
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Rejection.MISSING
    except IsADirectoryError:
        return Rejection.NOT_A_FILE
    except OSError:
        return Rejection.UNREADABLE
    if len(content) > MAX_BYTES:
        return Rejection.TOO_LARGE
    if b"\0" in content:
        return Rejection.BINARY
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Rejection.NOT_UTF8
    return text.replace("\r\n", "\n").replace("\r", "\n")


def strip_metadata_markers(text: str) -> str:
    """`text` without leading marker lines: `<reponame>a/b<gh_stars>10\\nx = 1` gives `x = 1`."""
    while text.startswith(METADATA_MARKERS):
        text = text.partition("\n")[2]
    return text


def screen_text(text: str, *, language: str) -> Rejection | None:
    """Why `text` is no hand-written source in `language`, or None."""
    # Qt's translation files end in .ts too.
    if language == "typescript" and text.lstrip().startswith(("<?xml", "<!DOCTYPE")):
        return Rejection.WRONG_LANGUAGE
    if _GENERATED.search(text[:_HEAD_CHARACTERS]):
        return Rejection.GENERATED
    lines = text.split("\n")
    if max(map(len, lines)) > MAX_LINE_CHARACTERS:
        return Rejection.LONG_LINE
    if sum(1 for line in lines if line.strip()) < MIN_LINES:
        return Rejection.TOO_SHORT
    return None


def is_usable_path(path: str) -> bool:
    """Whether `path` can be opened and stored: names that are not UTF-8 or hold a NUL cannot."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\0" not in path
