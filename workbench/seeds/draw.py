"""Drawing seeds: which documents, in which order, until there are enough."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.errors import WinnowError
from storage.records import Seed
from workbench.corpora.corpus import Corpus, Listing, list_documents
from workbench.corpora.documents import DocumentEntry, Rejection, is_usable_path
from workbench.corpora.licences import is_permissive
from workbench.seeds.batches import cut_snippets
from workbench.seeds.options import DrawOptions
from workbench.seeds.snippets import Snippet, identify, make_seed

# Read at a time at most: a second or two of work, so that a stopped draw stops soon.
CHUNK_DOCUMENTS = 1000

# A document and why it need not be read, or None.
_Candidate = tuple[DocumentEntry, Rejection | None]


@dataclass(frozen=True, slots=True)
class DrawResult:
    """What a draw gave: `documents` considered = seeds + rejected, of `available` ones.

    Available are the documents in the languages asked for.
    """

    seeds: list[Seed]
    rejected: Counter[str]
    documents: int
    available: int


def draw_seeds(corpora: Sequence[Corpus], options: DrawOptions) -> DrawResult:
    """Draw one snippet per document from all corpora together, until there are enough.

    The same corpora and options give the same seeds in the same order, in any process; a greater
    count gives the same ones first, then more.

    Raises:
        WinnowError: no document is in a language that is asked for.
    """
    listings = [list_documents(corpus) for corpus in corpora]
    seeds: list[Seed] = []
    rejected: Counter[str] = Counter()
    documents = available = 0
    for batch in draw_batches(listings, options):
        seeds += batch.seeds
        rejected += batch.rejected
        documents += batch.documents
        available = batch.available
    return DrawResult(seeds, rejected, documents, available)


def draw_batches(
    listings: Sequence[Listing], options: DrawOptions, *, chunk: int = CHUNK_DOCUMENTS
) -> Iterator[DrawResult]:
    """Draw as `draw_seeds` does, a part at a time; `chunk` changes nothing but the parts.

    Raises:
        WinnowError: no document is in a language that is asked for.
    """
    ordered = _order_documents(listings, options)
    remaining = _Remaining(options)
    position = 0
    while position < len(ordered) and remaining.total > 0:
        # A quarter more than wanted: on real source one document in five to ten is rejected.
        enough = min(chunk, remaining.total + remaining.total // 4 + 8)
        candidates, position = _find_candidates(ordered, position, remaining, options, enough)
        seeds, rejected = _draw_candidates(candidates, remaining, options)
        yield DrawResult(seeds, rejected, len(seeds) + rejected.total(), len(ordered))


class _Remaining:
    """How many seeds are still wanted, in total and by language."""

    def __init__(self, options: DrawOptions) -> None:
        self.total = options.total
        self._quotas = None if options.languages is None else dict(options.languages)

    def wants(self, language: str) -> bool:
        return self.total > 0 and (self._quotas is None or self._quotas.get(language, 0) > 0)

    def take(self, language: str) -> None:
        self.total -= 1
        if self._quotas is not None:
            self._quotas[language] -= 1


def _order_documents(
    listings: Sequence[Listing], options: DrawOptions
) -> list[tuple[bytes, DocumentEntry]]:
    """The documents in the languages asked for, in random order: by hash, not by shuffling."""
    entries = [entry for listing in listings for entry in listing.documents]
    if options.languages is not None:
        held = sorted({entry.language for entry in entries})
        entries = [entry for entry in entries if entry.language in options.languages]
        if not entries:
            raise WinnowError(
                f"No document is in {' or '.join(options.languages)}; the corpora hold "
                f"{', '.join(held) or 'no documents'}."
            )
    ordered = [(identify(entry, random_seed=options.random_seed), entry) for entry in entries]
    ordered.sort(key=lambda pair: pair[0])
    return ordered


def _find_candidates(
    ordered: Sequence[tuple[bytes, DocumentEntry]],
    start: int,
    remaining: _Remaining,
    options: DrawOptions,
    enough: int,
) -> tuple[list[_Candidate], int]:
    """The next documents in wanted languages, `enough` of them to read, and where they end."""
    candidates: list[_Candidate] = []
    for position in range(start, len(ordered)):
        key, entry = ordered[position]
        if not remaining.wants(entry.language):
            continue
        if position > 0 and ordered[position - 1][0] == key:
            rejection: Rejection | None = Rejection.LISTED_TWICE
        else:
            rejection = _screen_entry(entry, options)
        candidates.append((entry, rejection))
        if rejection is None:
            enough -= 1
            if enough <= 0:
                return candidates, position + 1
    return candidates, len(ordered)


def _screen_entry(entry: DocumentEntry, options: DrawOptions) -> Rejection | None:
    """Why a document need not be read, from its listing alone."""
    if not all(map(is_usable_path, (entry.path, entry.repository, entry.corpus, entry.file))):
        return Rejection.UNUSABLE_PATH
    if options.licences == "permissive" and not is_permissive(entry.licence):
        return Rejection.LICENCE
    return None


def _draw_candidates(
    candidates: list[_Candidate], remaining: _Remaining, options: DrawOptions
) -> tuple[list[Seed], Counter[str]]:
    results = iter(cut_snippets([entry for entry, reason in candidates if reason is None], options))
    seeds: list[Seed] = []
    rejected: Counter[str] = Counter()
    for entry, rejection in candidates:
        result = rejection or next(results)
        # In order, and only while the document's language is wanted: what was read beyond that
        # leaves no trace, so that the outcome does not depend on the size of the chunk.
        if not remaining.wants(entry.language):
            continue
        if isinstance(result, Snippet):
            seeds.append(make_seed(entry, result))
            remaining.take(entry.language)
        else:
            rejected[result.value] += 1
    return seeds, rejected
