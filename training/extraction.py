"""Finds the code in a model's answer, however it is wrapped."""

import ast
import re
import textwrap

# A fence with or without a language; a block that is never closed ends with the answer.
_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_CODE_START = re.compile(r"^(?:def |async def |class |import |from |@)", re.MULTILINE)
# What a reasoning model thinks before it answers; drafts in there are not the answer. Some
# templates write the opening tag into the prompt, so that only the closing one is in the answer.
_THOUGHT = re.compile(r"\A(?:(?!<think>).)*</think>|<think>.*?(?:</think>|\Z)", re.DOTALL)


def extract_code(raw: str, *, prompt: str, entry_point: str) -> str | None:
    """A program that defines `entry_point`, or None where the answer has no code.

    Takes the first fenced block that defines the function; else unfenced text from its first line
    of code; else a bare body that goes on where the prompt ends. The prompt comes first, for its
    imports and helper functions; a function that is defined again replaces it. Without a prompt a
    body has nothing to go on from.
    """
    raw = _THOUGHT.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))
    head = prompt.rstrip()
    blocks = [match.group(1) for match in _FENCE.finditer(raw)]
    start = _CODE_START.search(raw)
    candidates = blocks or ([raw[start.start() :]] if start else [])
    for text in candidates:
        if _defines(text, entry_point):
            return _join(head, _drop_prose(text))
    if head:
        for text in blocks or [raw]:
            body = _as_body(text)
            if body and _parses(head + "\n" + body):
                return f"{head}\n{body}\n"
    # Code of some kind, if broken: it is judged, so that its error is seen.
    return _join(head, blocks[0]) if any(map(str.strip, blocks)) else None


def _join(head: str, text: str) -> str:
    return f"{head}\n\n\n{text.rstrip()}\n" if head else f"{text.rstrip()}\n"


def _defines(text: str, name: str) -> bool:
    return re.search(rf"^[ \t]*(?:async )?def {re.escape(name)}\b", text, re.MULTILINE) is not None


def _drop_prose(text: str) -> str:
    """`text` up to the last line with which it is Python; all of it where there is no such line."""
    text = textwrap.dedent(text)
    lines = text.split("\n")
    for end in range(len(lines), 0, -1):
        part = "\n".join(lines[:end])
        if _parses(part):
            return part
    return text


def _as_body(text: str) -> str:
    """`text` indented as a function's body."""
    lines = text.strip("\n").expandtabs(4).split("\n")
    if lines == [""]:
        return ""
    # A first line without its indentation is common: the prompt's last line had it.
    if len(lines) > 1 and lines[0] == lines[0].lstrip() and lines[1].startswith("    "):
        opens = lines[0].rstrip().endswith(":")
        lines[0] = lines[0] if opens else "    " + lines[0]
    return textwrap.indent(textwrap.dedent("\n".join(lines)), "    ")


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
