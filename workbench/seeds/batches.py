"""Documents to snippets as a Daft program: read, screen, cut, many documents at a time."""

import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from workbench.corpora.documents import DocumentEntry, Rejection, read_document
from workbench.seeds.options import DrawOptions
from workbench.seeds.snippets import Snippet, cut_snippet

# Rows that one call of the batch function gets: enough work to hide its overhead, few enough that
# a small draw is spread over the cores.
_BATCH_ROWS = 64
_TEXT_COLUMNS = ("corpus", "repository", "path", "language", "licence", "file", "root")


def cut_snippets(
    entries: Sequence[DocumentEntry], options: DrawOptions
) -> list[Snippet | Rejection]:
    """For each document, in order, its snippet or why there is none.

    Runs on the runner that this process has set up for Daft, else on its native one. On a cluster
    the workers must see the corpus's files under the same paths.
    """
    if not entries:
        return []
    daft = _import_daft()
    text, number = daft.DataType.string(), daft.DataType.int64()
    cut = daft.func.batch(
        return_dtype=daft.DataType.struct(
            {
                "rejection": text,
                "first_line": number,
                "last_line": number,
                "text": text,
                "before": text,
                "after": text,
            }
        ),
        unnest=True,
        batch_size=_BATCH_ROWS,
        # Reading is most of the work and lets other threads run; a process costs a second to start.
        use_process=False,
    )(_cut_batch)
    columns = {name: [getattr(entry, name) for entry in entries] for name in _TEXT_COLUMNS}
    frame = daft.from_pydict({"row": list(range(len(entries))), **columns})
    inputs = [daft.col(name) for name in _TEXT_COLUMNS]
    limits = (options.random_seed, options.min_lines, options.max_lines)
    rows = frame.select(daft.col("row"), cut(*inputs, *limits)).to_pylist()
    rows.sort(key=lambda row: row["row"])
    return [_result(row) for row in rows]


def _import_daft() -> Any:
    # Daft reports its use to its makers and draws a progress bar unless told not to beforehand.
    os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")
    os.environ.setdefault("DAFT_PROGRESS_BAR", "0")
    import daft
    from daft.runners import get_or_create_runner

    # `set_runner_native` fails where a runner is set already, this does not.
    get_or_create_runner()
    return daft


def _cut_batch(
    corpus: Any,
    repository: Any,
    path: Any,
    language: Any,
    licence: Any,
    file: Any,
    root: Any,
    random_seed: int,
    min_lines: int,
    max_lines: int,
) -> list[dict[str, Any]]:
    columns = (corpus, repository, path, language, licence, file, root)
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return [
        _cut_one(
            DocumentEntry(*row), random_seed=random_seed, min_lines=min_lines, max_lines=max_lines
        )
        for row in rows
    ]


def _cut_one(
    entry: DocumentEntry, *, random_seed: int, min_lines: int, max_lines: int
) -> dict[str, Any]:
    document = read_document(entry)
    if isinstance(document, Rejection):
        return {"rejection": document.value}
    snippet = cut_snippet(
        document, random_seed=random_seed, min_lines=min_lines, max_lines=max_lines
    )
    if snippet is None:
        return {"rejection": Rejection.NO_SNIPPET.value}
    return {"rejection": None, **asdict(snippet)}


def _result(row: dict[str, Any]) -> Snippet | Rejection:
    if row["rejection"] is not None:
        return Rejection(row["rejection"])
    return Snippet(**{field.name: row[field.name] for field in fields(Snippet)})
