"""Token ids and labels, checked by hand: one token is one byte."""

from typing import Any

import pytest

from storage.errors import WinnowError
from training.dataset import Row
from training.encoding import IGNORED, PLAIN_TEMPLATE, encode_row, encode_rows, render_prompt

PAIR = Row("r", (("user", "1+1?"), ("assistant", "2")))
EOS = 257


def learned(row: Row, tokenizer: Any, max_length: int = 1000) -> str:
    labels = encode_row(row, tokenizer, max_length=max_length).labels
    return str(tokenizer.decode([label for label in labels if label != IGNORED]))


def test_only_the_answer_and_its_eos_are_learned(tokenizer: Any) -> None:
    encoded = encode_row(PAIR, tokenizer, max_length=1000)
    text = "<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n2<|im_end|>"
    assert tokenizer.decode(encoded.input_ids) == text
    assert encoded.labels[-2:] == encoded.input_ids[-2:]
    assert encoded.labels[-1] == EOS
    assert set(encoded.labels[:-2]) == {IGNORED}
    assert (encoded.supervised, encoded.truncated) == (2, False)


def test_every_answer_of_a_longer_conversation_is_learned(tokenizer: Any) -> None:
    row = Row("r", (*PAIR.messages, ("user", "2+2?"), ("assistant", "4")))
    assert learned(row, tokenizer) == "2<|im_end|>4<|im_end|>"


def test_prompt_is_the_same_as_in_evaluation(tokenizer: Any) -> None:
    prompt = render_prompt([{"role": "user", "content": "1+1?"}], tokenizer)
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    assert encode_row(PAIR, tokenizer, max_length=1000).input_ids[: len(ids)] == tuple(ids)


def test_truncated_rows_are_counted_and_rows_without_an_answer_are_named(tokenizer: Any) -> None:
    rows = [PAIR, Row("cut", (("user", "?"), ("assistant", "x" * 90))), Row("long", (
        ("user", "y" * 90), ("assistant", "z")))]  # fmt: skip
    encoding = encode_rows(rows, tokenizer, max_length=60)
    assert [row.id for row in encoding.kept] == ["r", "cut"]
    assert encoding.without_answer == ("long",)
    assert encoding.truncated == 1
    assert encoding.tokens == sum(len(row.input_ids) for row in encoding.kept)


def test_base_model_without_a_template_learns_the_answer_alone(tokenizer: Any) -> None:
    original = tokenizer.chat_template
    tokenizer.chat_template = PLAIN_TEMPLATE
    try:
        assert learned(PAIR, tokenizer) == "2<|im_end|>"
    finally:
        tokenizer.chat_template = original


def test_template_without_an_end_of_turn_gets_one(tokenizer: Any) -> None:
    original = tokenizer.chat_template
    tokenizer.chat_template = (
        "{% for message in messages %}{{ message.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}A:{% endif %}"
    )
    try:
        with pytest.raises(WinnowError, match="Row r cannot be used with this model"):
            encode_row(PAIR, tokenizer, max_length=1000)
        tokenizer.chat_template = tokenizer.chat_template.replace("A:", "")
        assert learned(PAIR, tokenizer) == "2<|im_end|>"
    finally:
        tokenizer.chat_template = original
