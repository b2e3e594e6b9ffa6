"""One snippet from one document: where it is cut depends on the document and the seed alone."""

import hashlib
from dataclasses import dataclass

from storage.records import Document, Seed
from workbench.corpora.documents import DocumentEntry

# So much of the file is kept on each side that a reviewer sees what the snippet is part of.
SURROUNDING_LINES = 40
# A document of at least five written lines that has only blank ones at so many places is blank.
_TRIES = 50


@dataclass(frozen=True, slots=True)
class Snippet:
    """Consecutive lines of a document, counted from 1, with those around them."""

    first_line: int
    last_line: int
    text: str
    before: str
    after: str


def identify(document: Document | DocumentEntry, *, random_seed: int) -> bytes:
    """Sixteen bytes from the random seed and what the document is, the same in any process.

    They order the documents of a draw, and everything random about a document follows from them:
    so a draw does not depend on the order of listing, on batches, or on how many workers there are.
    """
    parts = (str(random_seed), document.corpus, document.repository, document.path)
    name = "\0".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(name, digest_size=16).digest()


def cut_snippet(
    document: Document, *, random_seed: int, min_lines: int, max_lines: int
) -> Snippet | None:
    """A snippet of random length at a random place, or None where the document has none to give.

    The length is drawn first (each from `min_lines` to `max_lines` equally likely, as far as the
    document is long enough), then the place. A snippet of blank lines alone is drawn again.
    """
    lines = document.text.removesuffix("\n").split("\n")
    longest = min(max_lines, len(lines))
    if longest < min_lines:
        return None
    key = identify(document, random_seed=random_seed)
    for attempt in range(_TRIES):
        length = min_lines + _draw(key, attempt, "length", longest - min_lines + 1)
        start = _draw(key, attempt, "place", len(lines) - length + 1)
        text = "\n".join(lines[start : start + length])
        if text.strip():
            end = start + length
            return Snippet(
                first_line=start + 1,
                last_line=end,
                text=text,
                before="\n".join(lines[max(0, start - SURROUNDING_LINES) : start]),
                after="\n".join(lines[end : end + SURROUNDING_LINES]),
            )
    return None


def make_seed(entry: DocumentEntry, snippet: Snippet) -> Seed:
    """The seed of a snippet; its id is a hash of where the snippet is from and what it says."""
    parts = (
        entry.corpus,
        entry.repository,
        entry.path,
        str(snippet.first_line),
        str(snippet.last_line),
        snippet.text,
    )
    return Seed(
        id=hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest(),
        corpus=entry.corpus,
        repository=entry.repository,
        path=entry.path,
        first_line=snippet.first_line,
        last_line=snippet.last_line,
        language=entry.language,
        licence=entry.licence,
        snippet=snippet.text,
        before=snippet.before,
        after=snippet.after,
    )


def _draw(key: bytes, attempt: int, purpose: str, below: int) -> int:
    """A number from 0 to `below` - 1; by hash, as Python's own generators may change."""
    drawn = hashlib.blake2b(f"{purpose} {attempt}".encode(), key=key, digest_size=8).digest()
    return int.from_bytes(drawn, "big") % below
