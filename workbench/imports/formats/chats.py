"""Chats: `messages` as OpenAI writes them and ShareGPT's `conversations`, of one turn each."""

from collections.abc import Mapping
from typing import Any

from workbench.generation.prompts import storable_text
from workbench.imports.formats.fields import kind_of, other_values
from workbench.imports.rows import Content, Format, JsonObject, Mismatch

MESSAGES_NAME = "messages"
SHAREGPT_NAME = "sharegpt"
ROLES = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
}


def is_messages(row: JsonObject) -> bool:
    """Whether the row has a list of messages."""
    return isinstance(row.get("messages"), list)


def is_sharegpt(row: JsonObject) -> bool:
    """Whether the row has a list of conversation turns."""
    return isinstance(row.get("conversations"), list)


def read_messages(row: JsonObject) -> Content | Mismatch:
    """The user's message and the answer; a system message is kept beside the sample."""
    return read_chat(row, turns="messages", role="role", text="content", source=MESSAGES_NAME)


def read_sharegpt(row: JsonObject) -> Content | Mismatch:
    """The human's turn and the model's; a system turn is kept beside the sample."""
    return read_chat(row, turns="conversations", role="from", text="value", source=SHAREGPT_NAME)


def read_chat(
    row: JsonObject, *, turns: str, role: str, text: str, source: str
) -> Content | Mismatch:
    """What a chat of one question and one answer says; `turns`, `role` and `text` name its fields.

    Longer chats are refused: an answer that needs the turns before it teaches nothing alone.
    """
    found = row.get(turns)
    if found is None:
        return Mismatch("missing_field", turns)
    if not isinstance(found, list):
        return Mismatch("not_a_list", f"{turns} is {kind_of(found)}")
    texts: dict[str, list[str]] = {"system": [], "user": [], "assistant": []}
    order = []
    for turn in found:
        read = _read_turn(turn, role=role, text=text)
        if isinstance(read, Mismatch):
            return read
        order.append(read[0])
        texts[read[0]].append(read[1])
    spoken = [who for who in order if who != "system"]
    if "user" not in spoken:
        return Mismatch("no_question", f"{len(found)} turns")
    if "assistant" not in spoken:
        return Mismatch("no_answer", f"{len(found)} turns")
    if len(spoken) > 2:
        return Mismatch("several_turns", f"{len(spoken)} turns")
    if spoken[0] == "assistant":
        return Mismatch("no_answer", "the question comes after the answer")
    extra = other_values(row, without=(turns,))
    if texts["system"]:
        extra["system"] = storable_text("\n\n".join(texts["system"]))
    return Content(texts["user"][0], texts["assistant"][0], source, extra=extra)


def _read_turn(turn: object, *, role: str, text: str) -> tuple[str, str] | Mismatch:
    if not isinstance(turn, dict):
        return Mismatch("not_an_object", f"a turn is {kind_of(turn)}")
    for name in (role, text):
        if name not in turn:
            return Mismatch("missing_field", name)
    who = turn[role]
    if not isinstance(who, str) or who.lower() not in ROLES:
        shown = repr(who[:40]) if isinstance(who, str) else kind_of(who)
        return Mismatch("unknown_role", shown)
    content = _join_parts(turn[text])
    if content is None:
        return Mismatch("not_text", f"{text} of {who.lower()} is {kind_of(turn[text])}")
    return ROLES[who.lower()], content


def _join_parts(content: Any) -> str | None:
    """The text of a message, whose content may be a list of parts; None if one is no text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = []
    for part in content:
        text = part.get("text") if isinstance(part, Mapping) else part
        if not isinstance(text, str):
            return None
        texts.append(text)
    return "\n".join(texts)


MESSAGES = Format(MESSAGES_NAME, is_messages, read_messages)
SHAREGPT = Format(SHAREGPT_NAME, is_sharegpt, read_sharegpt)
