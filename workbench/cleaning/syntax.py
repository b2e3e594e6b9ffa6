"""Syntax: Python solutions whose code cannot be parsed; nothing is ever run here."""

import ast
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.records import Finding, Sample

NAME = "syntax"
VERSION = 1

PYTHON_TAGS = frozenset({"", "python", "python3", "py"})
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#-]*)([^`]*)$")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block: its language tag in lower case and its code; the fences are left out."""

    tag: str
    code: str


def find_syntax_errors(samples: Sequence[Sample], seeds: Mapping[str, str]) -> list[Finding]:
    """One finding for each Python sample whose first block of Python does not parse.

    The detail has the `line` in that block, counted from 1 (None where the whole is at fault), the
    `message` of Python's parser, and the `text` of the line. A solution without a Python block is
    left alone: prose is no program.
    """
    findings = []
    for sample in samples:
        if sample.language != "python":
            continue
        block = next((b for b in code_blocks(sample.solution) if b.tag in PYTHON_TAGS), None)
        detail = parse_failure(block.code) if block else None
        if detail:
            findings.append(Finding(sample.id, NAME, "syntax_error", detail))
    return findings


def code_blocks(text: str) -> list[CodeBlock]:
    """The fenced code blocks of a Markdown text; one that is never closed goes to the end."""
    blocks: list[CodeBlock] = []
    fence, tag, lines = "", "", list[str]()
    for line in text.split("\n"):
        match = FENCE.match(line.rstrip("\r"))
        if not fence:
            if match:
                fence, tag, lines = match[1], match[2].lower(), []
        elif match and not (match[2] or match[3].strip()) and match[1].startswith(fence):
            blocks.append(CodeBlock(tag, "\n".join(lines) + "\n"))
            fence = ""
        else:
            lines.append(line)
    if fence:
        blocks.append(CodeBlock(tag, "\n".join(lines) + "\n"))
    return blocks


def parse_failure(code: str) -> dict[str, object] | None:
    """Why Python cannot parse the code, or None where it can."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape warns, and is no error
            ast.parse(code)
    except SyntaxError as error:
        lines = code.split("\n")
        line = error.lineno if error.lineno and 1 <= error.lineno <= len(lines) else None
        text = lines[line - 1][:200] if line else ""
        return {"line": line, "message": error.msg, "text": text}
    except UnicodeEncodeError:
        return {"line": None, "message": "a character is half of a surrogate pair", "text": ""}
    except (MemoryError, RecursionError):
        # The parser's own limits: a million opening operators end here, never in a crash.
        return {"line": None, "message": "the code is nested too deeply to parse", "text": ""}
    return None
