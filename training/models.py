"""Base models: a folder, a Hugging Face id, or a GGUF file, which is converted once."""

import hashlib
import os
import re
import shutil
import struct
import tempfile
import time
from pathlib import Path
from typing import Any

from storage.errors import WinnowError
from training.encoding import PLAIN_TEMPLATE

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def resolve_model(model: str, *, cache_dir: Path) -> str:
    """What transformers can load: a folder, or the Hub id as it is.

    Raises:
        WinnowError: there is no such file or folder, or it holds no model.
    """
    path = Path(model).expanduser()
    if path.suffix == ".gguf" or path.is_file():
        return str(convert_gguf(path, cache_dir=cache_dir))
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise WinnowError(f"The folder {path} holds no model: config.json is missing.")
        return str(path)
    if _HUB_ID.fullmatch(model) and not model.startswith((".", "~")):
        return model
    raise WinnowError(
        f"The model {model!r} does not exist: give a folder, a .gguf file, or a Hugging Face id "
        "like HuggingFaceTB/SmolLM2-135M-Instruct."
    )


def convert_gguf(path: Path, *, cache_dir: Path) -> Path:
    """The folder with the GGUF's weights in bf16; made once per content of the file.

    Quantized weights can be neither trained nor saved, so they are unpacked. The folder appears
    whole or not at all.
    """
    target = cache_dir / f"{path.stem}-{_check_gguf(path)[:12]}-bf16"
    if (target / "config.json").is_file():
        return target
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call] # a log file is no terminal
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".converting-", dir=cache_dir))
    except OSError as error:
        raise WinnowError(
            f"{cache_dir} cannot be written ({error.strerror}): choose another with --cache."
        ) from error
    try:
        where: dict[str, Any] = {"gguf_file": path.name}
        tokenizer = AutoTokenizer.from_pretrained(path.parent, **where)
        model = AutoModelForCausalLM.from_pretrained(
            path.parent,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
            **where,
        )
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        temporary.chmod(0o755)  # mkdtemp's 0700 would shut out other users of a shared cache
        _rename(temporary, target)
    except (OSError, ValueError, KeyError, ImportError, NotImplementedError, struct.error) as error:
        raise WinnowError(
            f"{path} could not be converted ({type(error).__name__}: {error}). "
            "Use a GGUF of an architecture that transformers knows, or the model's own folder."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _rename(temporary: Path, target: Path) -> None:
    try:
        temporary.rename(target)
    except OSError:
        # Another process converted the same file meanwhile: its folder is as good.
        if not (target / "config.json").is_file():
            raise


def _check_gguf(path: Path) -> str:
    """The SHA-256 of the file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise WinnowError(f"{path} is no GGUF file: its first bytes are not GGUF.")
            file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WinnowError(f"The model {path} cannot be read ({error.strerror}).") from error


def load_tokenizer(source: str) -> Any:
    """The tokenizer with a chat template, an EOS and a padding token; pads on the left.

    Raises:
        WinnowError: it cannot be loaded, or has no EOS.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise _load_error(source, error) from error
    if tokenizer.eos_token is None:
        raise WinnowError(f"The model {source} has no end-of-text token, so it can never stop.")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.chat_template is None:
        tokenizer.chat_template = PLAIN_TEMPLATE
    tokenizer.padding_side = "left"
    return tokenizer


def load_model(source: str, *, dtype: Any) -> Any:
    """The model on the fastest device of this machine.

    Raises:
        WinnowError: it cannot be loaded.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: Any = AutoModelForCausalLM.from_pretrained(source, dtype=dtype)
    except (OSError, ValueError) as error:
        raise _load_error(source, error) from error
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _load_error(source: str, error: Exception) -> WinnowError:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return WinnowError(
        f"The model {source} cannot be loaded ({first}). Check the name and the connection to "
        "the Hugging Face Hub, or give a local folder."
    )


def fast_dtype(*, training: bool) -> Any:
    """bf16 or fp32, whichever is faster on this machine (measured, 0.2 s on two CPU cores).

    On a CPU generating is bound by reading the weights, where bf16 is twice as fast; in a backward
    pass it was twice as slow, even on a CPU with bf16 instructions.
    """
    import torch

    if torch.cuda.is_available():
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    seconds = {
        dtype: _time_layer(dtype, training=training) for dtype in (torch.float32, torch.bfloat16)
    }
    return min(seconds, key=lambda dtype: seconds[dtype])


def _time_layer(dtype: Any, *, training: bool) -> float:
    """Seconds for a layer of SmolLM2: forward and backward on 512 tokens, or forward on 8."""
    import torch

    layer = torch.nn.Linear(576, 1536 if training else 49152, dtype=dtype)
    inputs = torch.ones(512 if training else 8, 576, dtype=dtype, requires_grad=training)
    best = float("inf")
    for _ in range(6):  # the first ones warm up, and other work disturbs some
        begin = time.perf_counter()
        with torch.set_grad_enabled(training):
            output = layer(inputs)
        if training:
            output.sum().backward()
        best = min(best, time.perf_counter() - begin)
    return best


def save_model(model: Any, tokenizer: Any, target: Path) -> None:
    """Write weights, configuration, tokenizer and generation settings; whole or not at all."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    model.generation_config.eos_token_id = _eos_ids(model, tokenizer)
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    if target.exists():
        old = target.with_name(f".{target.name}.{os.getpid()}.old")
        target.rename(old)
        temporary.rename(target)
        shutil.rmtree(old)
    else:
        temporary.rename(target)


def _eos_ids(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer: the model's own, and the one that training put there."""
    own = model.generation_config.eos_token_id
    ids = own if isinstance(own, list) else [] if own is None else [own]
    return list(dict.fromkeys([tokenizer.eos_token_id, *ids]))
