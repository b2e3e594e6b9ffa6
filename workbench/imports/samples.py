"""From rows to samples: what may be stored, in which language, under which id."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from storage.records import Sample, Seed
from workbench.generation.code_language import find_code_language
from workbench.generation.parsing import find_code_block
from workbench.generation.prompts import storable_text
from workbench.imports.files import SourceFile
from workbench.imports.formats.fields import kind_of
from workbench.imports.formats.winnow import is_unicode
from workbench.imports.readers.reading import read_rows
from workbench.imports.rows import (
    Content,
    Format,
    Identity,
    ImportedSample,
    Mismatch,
    Provenance,
    RawRow,
    RejectedRow,
)

# Of a problem, a solution or a seed: 50 times what the known data sets have at most.
MAX_CHARACTERS = 200_000
CORPUS = "imported"
UNKNOWN = "unknown"
MAX_DETAIL = 160


def read_samples(
    sources: Sequence[tuple[SourceFile, Format]], *, licence: str = UNKNOWN
) -> Iterator[ImportedSample | RejectedRow]:
    """Yield each row of the files as a sample, or as a rejected row with its reason.

    `licence` is that of rows that do not say their own. A row that was there before, in whichever
    file, is a `duplicate_row`; one that has the id of another but other text, `conflicting_id`.

    Raises:
        WinnowError: a file is damaged; what came before the damage has been yielded.
    """
    ids: set[bytes] = set()
    texts: set[bytes] = set()
    for file, rows_format in sources:
        for row in read_rows(file):
            made = make_sample(row, file=file.name, rows_format=rows_format, licence=licence)
            if isinstance(made, ImportedSample) and (repeat := _note(made.sample, ids, texts)):
                made = repeat
            if isinstance(made, Mismatch):
                detail = storable_text(made.detail[:MAX_DETAIL])
                yield RejectedRow(file.name, row.line, made.reason, detail)
            else:
                yield made


def make_sample(
    row: RawRow, *, file: str, rows_format: Format, licence: str = UNKNOWN
) -> ImportedSample | Mismatch:
    """The sample of one row, or why it is none."""
    if isinstance(row.value, Mismatch):
        return row.value
    if not isinstance(row.value, dict):
        return Mismatch("not_an_object", f"it is {kind_of(row.value)}")
    content = rows_format.read(row.value)
    if isinstance(content, Mismatch):
        return content
    if mismatch := _find_mismatch(content):
        return mismatch
    place = {"file": file, "line": row.line, "format": rows_format.name}
    if content.identity is not None:
        return _restore(content, content.identity, place)
    return _make_new(content, place, licence=licence)


def _find_mismatch(content: Content) -> Mismatch | None:
    for name in ("problem", "solution"):
        if not getattr(content, name).strip():
            return Mismatch(f"empty_{name}")
    for name in ("problem", "solution", "snippet"):
        length = len(getattr(content, name))
        if length > MAX_CHARACTERS:
            return Mismatch("too_long", f"{name} has {length:,} characters")
    return None


def _restore(
    content: Content, identity: Identity, place: dict[str, Any]
) -> ImportedSample | Mismatch:
    """A sample as it was exported: not a character may change, so nothing is replaced."""
    if not is_unicode(content.problem) or not is_unicode(content.solution):
        return Mismatch("not_unicode", "half of a surrogate pair")
    sample = Sample(
        id=identity.sample_id,
        revision=identity.revision,
        seed_id="",
        request_key="",
        problem=content.problem,
        solution=content.solution,
        language=identity.language,
        source=content.source,
    )
    return ImportedSample(
        **place,
        sample=sample,
        provenance=identity.provenance,
        seed=None,
        verdict=identity.verdict,
        extra=content.extra,
        has_replaced_characters=False,
    )


def _make_new(content: Content, place: dict[str, Any], *, licence: str) -> ImportedSample:
    """A sample whose id is a hash of its text, so that the same row is the same sample."""
    problem = _clean(content.problem).strip()
    # A program without a fence may begin with an indented line.
    solution = _clean(content.solution).strip("\n").rstrip()
    seed = _make_seed(content, place, licence=licence)
    identity = json.dumps(["imported", problem, solution])
    sample = Sample(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        revision=1,
        seed_id=seed.id if seed else "",
        request_key="",
        problem=problem,
        solution=solution,
        language=_find_language(solution),
        source=content.source,
    )
    provenance = Provenance(
        corpus=CORPUS,
        repository=place["file"],
        path=f"line {place['line']}",
        first_line=seed.first_line if seed else 0,
        last_line=seed.last_line if seed else 0,
        licence=licence,
    )
    return ImportedSample(
        **place,
        sample=sample,
        provenance=provenance,
        seed=seed,
        verdict=None,
        extra=content.extra,
        has_replaced_characters=any(
            storable_text(text) != text for text in (content.problem, content.solution)
        ),
    )


def _clean(text: str) -> str:
    return storable_text(text.replace("\r\n", "\n"))


def _find_language(solution: str) -> str:
    """The language of the first code block, or of a solution that is a bare program."""
    label, code = find_code_block(solution) or ("", solution)
    return find_code_language(label, code)


def _make_seed(content: Content, place: dict[str, Any], *, licence: str) -> Seed | None:
    """The snippet that a row brought as a seed; lines count within the snippet, all that is known.

    Rows with the same snippet share their seed, as those do that were generated here.
    """
    snippet = _clean(content.snippet)
    if not snippet.strip():
        return None
    return Seed(
        id=hashlib.blake2b(f"{CORPUS}\0{snippet}".encode(), digest_size=12).hexdigest(),
        corpus=CORPUS,
        repository=place["file"],
        path=f"line {place['line']}",
        first_line=1,
        last_line=snippet.rstrip("\n").count("\n") + 1,
        language=find_code_language(content.snippet_language.lower(), snippet),
        licence=licence,
        snippet=snippet,
        before="",
        after="",
    )


def _note(sample: Sample, ids: set[bytes], texts: set[bytes]) -> Mismatch | None:
    """Remember a sample; whether it, or another with its id, was there before.

    Of each only a hash is held, about 200 bytes a row: a million rows take 200 MB at most.
    """
    key = hashlib.blake2b(sample.id.encode(), digest_size=16).digest()
    whole = f"{sample.id}\0{sample.revision}\0{sample.problem}\0{sample.solution}".encode()
    text = hashlib.blake2b(whole, digest_size=16).digest()
    if text in texts:
        return Mismatch("duplicate_row")
    if key in ids:
        return Mismatch("conflicting_id", f"another row is sample {sample.id} too")
    ids.add(key)
    texts.add(text)
    return None
