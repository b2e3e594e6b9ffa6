"""The job that draws seeds: parameters in, `corpora.jsonl` and `seeds.jsonl` out."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from workbench.corpora.corpus import Listing, list_documents, open_corpora
from workbench.jobs.folder import JobFolder, append_line, read_lines
from workbench.seeds.draw import draw_batches
from workbench.seeds.options import DrawOptions


def run(folder: JobFolder) -> None:
    """Draw what the job's parameters ask for; started again, it goes on where it was.

    Writes `corpora.jsonl` (a line per corpus: what is in it) and `seeds.jsonl` (a seed per line, in
    the order of drawing). What was drawn before a stop is kept.

    Raises:
        WinnowError: a parameter or a corpus is no good, or no document gave a seed.
    """
    params = folder.spec.params
    options = read_options(params)
    folder.progress(phase="listing", done=0, total=options.total, rejected={})
    corpora = open_corpora(_read_specs(params))
    listings = [list_documents(corpus) for corpus in corpora]
    _write_corpora(folder.path / "corpora.jsonl", listings)
    drawn = _repair(folder.path / "seeds.jsonl")
    rejected: Counter[str] = Counter()
    done = documents = 0
    for batch in draw_batches(listings, options):
        for seed in batch.seeds:
            if seed.id not in drawn:
                append_line(folder.path / "seeds.jsonl", asdict(seed))
        done += len(batch.seeds)
        documents += batch.documents
        rejected += batch.rejected
        folder.progress(
            phase="drawing",
            done=done,
            total=options.total,
            rejected=dict(rejected.most_common()),
            documents=documents,
            available=batch.available,
        )
        if folder.stop_requested():
            return
    if done == 0:
        raise WinnowError(_explain_nothing(documents, rejected))


def read_options(params: Mapping[str, Any]) -> DrawOptions:
    """The options in a job's parameters; what is not there has its default."""
    names = DrawOptions.__dataclass_fields__
    return DrawOptions(**{name: params[name] for name in names if name in params})


def _read_specs(params: Mapping[str, Any]) -> list[str]:
    specs = params.get("corpora")
    if not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
        raise WinnowError(f"corpora is {specs!r}; it must be a list of corpora to draw from.")
    return specs


def _write_corpora(path: Path, listings: list[Listing]) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    for listing in listings:
        append_line(temporary, describe_listing(listing), sync=True)
    temporary.replace(path)


def describe_listing(listing: Listing) -> dict[str, Any]:
    """What is in a corpus: documents and bytes, and documents by language and by licence."""
    entries = listing.documents
    return {
        "name": listing.corpus,
        "documents": len(entries),
        "bytes": sum(entry.size or 0 for entry in entries),
        "languages": dict(Counter(entry.language for entry in entries).most_common()),
        "licences": dict(Counter(entry.licence for entry in entries).most_common()),
        "skipped": dict(listing.skipped.most_common()),
    }


def _repair(path: Path) -> set[str]:
    """The ids of the seeds that are there already, after cutting off a line that a crash left."""
    lines = list(read_lines(path))
    if path.exists():
        os.truncate(path, lines[-1][0] if lines else 0)
    return {str(seed["id"]) for _, seed in lines}


def _explain_nothing(documents: int, rejected: Counter[str]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in rejected.most_common())
    advice = ""
    if rejected["licence_not_permissive"]:
        advice = " Draw with the licence policy `any` if you may use them."
    return f"None of {documents} documents gave a seed: {reasons}.{advice}"
