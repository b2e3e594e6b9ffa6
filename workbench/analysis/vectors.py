"""Files of vectors: the cache that keeps unchanged texts from being embedded again."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from storage.errors import WinnowError
from workbench.analysis.embedding import DIMENSIONS, embed_batches, load_encoder, text_hash

SCHEMA = pa.schema(
    [("sample_id", pa.string()), ("text_hash", pa.string()), ("vector", pa.list_(pa.float32()))]
)
# Half a minute's work on two cores: what a killed process does again at most.
TEXTS_BETWEEN_SAVES = 1024


def read_vectors(path: Path) -> dict[str, NDArray[np.float32]]:
    """The vectors of a Parquet file by text hash; empty where there is no such file.

    Vectors of another length than the model's are left out: they are another model's.
    """
    if not path.is_file():
        return {}
    try:
        table = pq.read_table(path, columns=["text_hash", "vector"])
    except (pa.ArrowException, OSError) as error:
        raise WinnowError(
            f"{path} cannot be read as cached embeddings ({error}): remove it and start again."
        ) from error
    own = table.filter(pc.equal(pc.list_value_length(table["vector"]), DIMENSIONS))
    # As one array: 75,000 vectors as Python floats would take a gigabyte.
    values = pc.list_flatten(own["vector"]).to_numpy().astype(np.float32)
    return dict(zip(own["text_hash"].to_pylist(), values.reshape(-1, DIMENSIONS), strict=True))


def write_vectors(path: Path, rows: Sequence[tuple[str, str, NDArray[np.float32]]]) -> None:
    """Write rows of (sample id, text hash, vector), whole or not at all."""
    columns = [
        pa.array([row[index] for row in rows], field.type) for index, field in enumerate(SCHEMA)
    ]
    temporary = path.with_name(f".{path.name}.tmp")
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), temporary)
    temporary.replace(path)


def embed_missing(
    texts: Sequence[str],
    known: Mapping[str, NDArray[np.float32]],
    *,
    on_progress: Callable[[int, int], None],
    on_save: Callable[[Mapping[str, NDArray[np.float32]]], None],
    should_stop: Callable[[], bool],
) -> dict[str, NDArray[np.float32]]:
    """The vectors of all texts by hash: those known, and the others embedded now.

    `on_progress(done, total)` is called after each batch and `on_save(vectors)` every thousand
    texts. After `should_stop` the result has what is finished.
    """
    wanted = {text_hash(text): text for text in texts}
    vectors = {name: known[name] for name in wanted if name in known}
    missing = [name for name in wanted if name not in vectors]
    on_progress(len(vectors), len(wanted))
    if not missing or should_stop():
        return vectors
    unsaved = 0
    encoder: Any = load_encoder()
    for indices, batch in embed_batches([wanted[name] for name in missing], encoder=encoder):
        vectors.update(zip((missing[index] for index in indices), batch, strict=True))
        on_progress(len(vectors), len(wanted))
        unsaved += len(indices)
        if should_stop():
            break
        if unsaved >= TEXTS_BETWEEN_SAVES:
            on_save(vectors)
            unsaved = 0
    return vectors
