"""From a raw answer to a sample, or to the reason why there is none. Pure, so free to repeat."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from storage.records import Response, Sample
from workbench.generation.code_language import find_code_language
from workbench.generation.prompts import storable_text, worked_example
from workbench.generation.refusals import is_refusal

SOURCE = "oss-instruct"
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)")
# `[Solution]`, `**[Solution]** text`, `### [Solution]`; or `### Solution` alone on its line.
_LABEL = re.compile(
    r"\s*(?:#{1,6}\s*)?\*{0,2}\[(problem description|solution)\]:?\*{0,2}:?(.*)"
    r"|\s*#{1,6}\s+\*{0,2}(problem description|solution):?\*{0,2}:?\s*\Z",
    re.IGNORECASE,
)
# What is shown of an answer in a failure's detail.
DETAIL = 120


@dataclass(frozen=True, slots=True)
class ParsedSample:
    """The two parts of an answer; `language` is that of the first code block, "" if unknown."""

    problem: str
    solution: str
    language: str


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """Why an answer is no sample: a short stable identifier, and what was there instead."""

    reason: str
    detail: str = ""


def sample_from(response: Response) -> tuple[Sample | None, str | None]:
    """The sample that a response holds, or why it holds none; exactly one of the two is None."""
    if response.failure is not None:
        return None, response.failure
    parsed = parse_answer(response.raw)
    if isinstance(parsed, ParseFailure):
        return None, parsed.reason
    sample_id = hashlib.sha256(f"sample:{response.key}".encode()).hexdigest()[:32]
    return (
        Sample(
            id=sample_id,
            revision=1,
            seed_id=response.seed_id,
            request_key=response.key,
            problem=parsed.problem,
            solution=parsed.solution,
            language=parsed.language,
            source=SOURCE,
        ),
        None,
    )


def parse_answer(raw_body: str) -> ParsedSample | ParseFailure:
    """The sample in the body of a chat completion.

    It counts when the model stopped by itself and wrote `[Problem Description]` and `[Solution]`
    in that order, each at the start of a line (any case; the same words as a Markdown heading are
    taken too, nothing looser), with something in both and a closed code block in the solution.
    """
    content = read_content(raw_body)
    if isinstance(content, ParseFailure):
        return content
    parts = _split(content)
    if isinstance(parts, ParseFailure):
        return parts
    problem, solution = parts
    if not problem:
        return ParseFailure("empty_problem")
    if not solution:
        return ParseFailure("empty_solution")
    if _is_copied(problem, solution):
        return ParseFailure("copied_example", problem[:DETAIL])
    block = find_code_block(solution)
    if block is None:
        return ParseFailure("no_code_block", solution[:DETAIL])
    label, code = block
    return ParsedSample(problem, solution, find_code_language(label, code))


def read_content(raw_body: str) -> str | ParseFailure:
    """The text of the first choice of a chat completion's body, if it is a complete one."""
    try:
        body: Any = json.loads(raw_body)
    except (ValueError, RecursionError) as error:
        return ParseFailure("no_json", str(error)[:DETAIL])
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return ParseFailure("no_choices")
    finish, message = choices[0].get("finish_reason"), choices[0].get("message")
    content = message.get("content") if isinstance(message, dict) else None
    if finish == "length":
        length = len(content) if isinstance(content, str) else 0
        return ParseFailure("cut_off", f"after {length} characters")
    if finish == "content_filter":
        return ParseFailure("content_filtered")
    if isinstance(message, dict) and message.get("refusal"):
        return ParseFailure("refused", storable_text(str(message["refusal"]))[:DETAIL])
    if finish != "stop":
        return ParseFailure("not_finished", f"finish_reason is {finish!r}"[:DETAIL])
    if content is not None and not isinstance(content, str):
        return ParseFailure("not_text", f"content is a JSON {type(content).__name__}")
    if not content or not content.strip():
        return ParseFailure("no_content")
    return storable_text(content.replace("\r\n", "\n"))


def _split(content: str) -> tuple[str, str] | ParseFailure:
    """The texts under the two labels."""
    lines = content.split("\n")
    labels = _find_labels(lines)
    names = [(mark[1] or mark[3]).lower() for _, mark in labels]
    for name, reason in (
        ("problem description", "no_problem_label"),
        ("solution", "no_solution_label"),
    ):
        if name not in names and is_refusal(content):
            return ParseFailure("refused", content[:DETAIL])
        if name not in names:
            return ParseFailure(reason, content[:DETAIL])
    if names[0] == "solution":
        return ParseFailure("labels_out_of_order")
    if len(names) > 2:
        return ParseFailure("repeated_labels", ", ".join(names)[:DETAIL])
    (first, problem_mark), (second, solution_mark) = labels
    problem = [problem_mark[2] or "", *lines[first + 1 : second]]
    solution = [solution_mark[2] or "", *lines[second + 1 :]]
    return "\n".join(problem).strip(), "\n".join(solution).strip()


def _find_labels(lines: list[str]) -> list[tuple[int, re.Match[str]]]:
    """The lines that are labels, by number.

    Within a code block a heading is a comment, but a label in brackets still counts: a fence that
    the model forgot to close must not hide the solution.
    """
    found, fence = [], ""
    for at, line in enumerate(lines):
        if (mark := _LABEL.match(line)) and (mark[1] or not fence):
            found.append((at, mark))
            fence = ""
        elif fence:
            fence = "" if _closes(line, fence) else fence
        elif opening := _FENCE.match(line):
            fence = opening[1]
    return found


def _closes(line: str, fence: str) -> bool:
    text = line.strip()
    return text.startswith(fence) and not text.strip(fence[0])


def find_code_block(text: str) -> tuple[str, str] | None:
    """The label and the code of the first fenced code block, or None if none is closed."""
    fence, label, code = "", "", list[str]()
    for line in text.split("\n"):
        if fence and _closes(line, fence):
            return label, "\n".join(code)
        if fence:
            code.append(line)
        elif mark := _FENCE.match(line):
            fence, label = mark[1], mark[2].lower()
    return None


def _is_copied(problem: str, solution: str) -> bool:
    """Whether a small model gave back the prompt's worked example instead of something new."""
    example_runs, example_solution = _example()
    words = _words(problem)
    if not words or _words(solution) == example_solution:
        return True
    # A copy with a few words changed shares nearly all runs of five words with the example.
    runs = _runs(words)
    return len(runs & example_runs) > 0.5 * len(runs)


@cache
def _example() -> tuple[set[tuple[str, ...]], tuple[str, ...]]:
    """The example's problem as runs of words, its solution as words."""
    problem, solution = worked_example()
    return _runs(_words(problem)), _words(solution)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower()))


def _runs(words: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {words[start : start + 5] for start in range(max(1, len(words) - 4))}
