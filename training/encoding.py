"""Conversations as token ids, with labels on the assistant's answers alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from training.dataset import Row

# Positions with this label do not count in the loss (PyTorch's own convention).
IGNORED = -100

# For base models that have no template of their own: the layout of the Magicoder paper.
PLAIN_TEMPLATE = (
    "{{ bos_token }}You answer coding instructions exactly and helpfully.\n\n"
    "{% for message in messages %}{% if message.role == 'assistant' %}"
    "@@ Response\n{{ message.content }}{{ eos_token }}{% else %}"
    "@@ Instruction\n{{ message.content }}\n\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}@@ Response\n{% endif %}"
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One row for the model: `labels` are the ids where the assistant speaks, else IGNORED."""

    id: str
    input_ids: tuple[int, ...]
    labels: tuple[int, ...]
    truncated: bool

    @property
    def supervised(self) -> int:
        """How many positions count in the loss; the first token has nothing before it."""
        return sum(label != IGNORED for label in self.labels[1:])


@dataclass(frozen=True, slots=True)
class Encoding:
    """All rows encoded: `kept` to use, `without_answer` cut before the answer began."""

    kept: tuple[Encoded, ...]
    without_answer: tuple[str, ...]

    @property
    def tokens(self) -> int:
        return sum(len(row.input_ids) for row in self.kept)

    @property
    def truncated(self) -> int:
        return sum(row.truncated for row in self.kept)


def encode_rows(rows: Sequence[Row], tokenizer: Any, *, max_length: int) -> Encoding:
    """Every row as ids of at most `max_length` tokens; len(rows) = kept + without_answer."""
    encoded = [encode_row(row, tokenizer, max_length=max_length) for row in rows]
    return Encoding(
        kept=tuple(row for row in encoded if row.supervised),
        without_answer=tuple(row.id for row in encoded if not row.supervised),
    )


def encode_row(row: Row, tokenizer: Any, *, max_length: int) -> Encoded:
    """One row as ids. An answer's labels begin after the template's own words for the assistant's
    turn and end with EOS, so that the model learns to stop.

    Prompt and answer are tokenized apart, as they are when the model generates.
    """
    ids: list[int] = []
    labels: list[int] = []
    for text, is_answer in split_turns(row, tokenizer):
        part = tokenizer(text, add_special_tokens=False)["input_ids"]
        ids += part
        labels += part if is_answer else [IGNORED] * len(part)
    return Encoded(
        id=row.id,
        input_ids=tuple(ids[:max_length]),
        labels=tuple(labels[:max_length]),
        truncated=len(ids) > max_length,
    )


def split_turns(row: Row, tokenizer: Any) -> list[tuple[str, bool]]:
    """The row's text in the model's template, cut into (text, is an answer) parts.

    Raises:
        WinnowError: the template rewrites earlier turns, so that no text can be marked.
    """
    messages = [{"role": role, "content": content} for role, content in row.messages]
    parts: list[tuple[str, bool]] = []
    done = ""
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        before = render_prompt(messages[:index], tokenizer)
        after = tokenizer.apply_chat_template(messages[: index + 1], tokenize=False)
        if not (before.startswith(done) and after.startswith(before)):
            raise WinnowError(
                f"Row {row.id} cannot be used with this model: its chat template changes the text "
                "of earlier turns. Use rows with one question and one answer, or another model."
            )
        answer, ending = _cut_after_eos(after[len(before) :], tokenizer.eos_token)
        parts += [(before[len(done) :], False), (answer, True)]
        if ending:
            parts.append((ending, False))
        done = after
    # What the template puts after the last end-of-turn teaches nothing.
    return parts if parts[-1][1] else parts[:-1]


def render_prompt(messages: Sequence[dict[str, str]], tokenizer: Any) -> str:
    """The text after which the model answers; training and evaluation use the same."""
    text: str = tokenizer.apply_chat_template(
        list(messages), tokenize=False, add_generation_prompt=True
    )
    return text


def _cut_after_eos(text: str, eos: str) -> tuple[str, str]:
    """(the answer with its EOS, what the template adds after it)."""
    head, found, tail = text.rpartition(eos)
    if found and not tail.strip():
        return head + found, tail
    return text.rstrip("\n") + eos, ""
