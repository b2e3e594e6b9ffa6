import json

import pytest

from storage.records import Response
from tests.generation.conftest import chat_body
from workbench.generation.parsing import ParsedSample, ParseFailure, parse_answer, sample_from
from workbench.generation.prompts import worked_example

CODE = "```python\nprint(1)\n```"


def reason(body: str) -> str:
    result = parse_answer(body)
    assert isinstance(result, ParseFailure)
    return result.reason


def parsed(content: str) -> ParsedSample:
    result = parse_answer(chat_body(content))
    assert isinstance(result, ParsedSample), result
    return result


@pytest.mark.parametrize(
    "content",
    [
        f"[Problem Description]\nCount.\n\n[Solution]\n{CODE}",
        f"Sure!\n\n[PROBLEM description]\nCount.\n[solution]:\n\n{CODE}\n",
        f"### Problem Description\n\nCount.\n\n### Solution\n\n{CODE}",
        f"**[Problem Description]**\nCount.\n**[Solution]**\n{CODE}",
        f"## **Problem Description:**\r\nCount.\r\n## **Solution:**\r\n{CODE}",
        f"[Problem Description] Count.\n[Solution]\n{CODE}",
    ],
)
def test_both_labels_in_order_give_the_two_parts(content: str) -> None:
    assert parsed(content) == ParsedSample("Count.", CODE, "python")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Here is some code.", "no_problem_label"),
        (f"Problem Description\nCount.\nSolution\n{CODE}", "no_problem_label"),
        (f"[Problem Description]\nCount.\n{CODE}", "no_solution_label"),
        (f"[Solution]\n{CODE}\n[Problem Description]\nCount.", "labels_out_of_order"),
        (f"[Problem Description]\n\n[Solution]\n{CODE}", "empty_problem"),
        ("[Problem Description]\nCount.\n[Solution]\n", "empty_solution"),
        ("[Problem Description]\nCount.\n[Solution]\nprint(1)", "no_code_block"),
        ("[Problem Description]\nCount.\n[Solution]\n```python\nprint(1)", "no_code_block"),
        (
            f"[Problem Description]\nA.\n[Solution]\n{CODE}\n[Problem Description]\nB.",
            "repeated_labels",
        ),
        ("   ", "no_content"),
    ],
)
def test_an_answer_in_another_form_has_a_reason(content: str, expected: str) -> None:
    assert reason(chat_body(content)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<html>Sign in</html>", "no_json"),
        ("[" * 200_000, "no_json"),
        ("[1]", "no_choices"),
        ('{"choices": []}', "no_choices"),
        ('{"choices": null}', "no_choices"),
        ('{"choices": [3]}', "no_choices"),
        (chat_body(None), "no_content"),
        (chat_body([{"text": "a"}]), "not_text"),
        (chat_body("I'm sorry, but I cannot help with that."), "refused"),
        (chat_body("Sorry is a card game. " * 40), "no_problem_label"),
        (chat_body("abc", finish="length"), "cut_off"),
        (chat_body(None, finish="length"), "cut_off"),
        (chat_body(7, finish="length"), "cut_off"),
        (chat_body("", finish="content_filter"), "content_filtered"),
        (chat_body(None, refusal="I can't."), "refused"),
        (chat_body("abc", finish=None), "not_finished"),
        (chat_body(None, finish="tool_calls"), "not_finished"),
    ],
)
def test_a_body_without_a_complete_answer_has_a_reason(body: str, expected: str) -> None:
    assert reason(body) == expected


def test_labels_inside_code_are_code() -> None:
    problem = "Explain:\n```markdown\n# Solution\n```"
    sample = parsed(f"[Problem Description]\n{problem}\n[Solution]\n{CODE}")
    assert (sample.problem, sample.solution) == (problem, CODE)


def test_a_fence_that_is_never_closed_does_not_hide_the_solution() -> None:
    sample = parsed(f"[Problem Description]\nLook:\n```\nx\n[Solution]\n{CODE}")
    assert sample.solution == CODE


def test_the_worked_example_given_back_is_no_sample() -> None:
    problem, solution = worked_example()
    assert problem.startswith("A shop") and "def best_product" in solution
    whole = f"[Problem Description]\n{problem}\n[Solution]\n{solution}"
    changed = f"[Problem Description]\n{problem.replace('shop', 'market')}\n[Solution]\n{CODE}"
    same_code = f"[Problem Description]\nSomething new entirely.\n[Solution]\n{solution}"
    assert [reason(chat_body(text)) for text in (whole, changed, same_code)] == [
        "copied_example"
    ] * 3


def test_lone_surrogates_and_nul_are_replaced() -> None:
    body = chat_body("[Problem Description]\nA\ud800b\0c\n[Solution]\n" + CODE)
    assert "\\ud800" in body
    result = parse_answer(body)
    assert isinstance(result, ParsedSample)
    assert result.problem == "A\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("label", "code", "language"),
    [
        ("py", "x", "python"),
        ("C++", "x", "cpp"),
        ("c#", "x", "csharp"),
        ("prolog", "x", "prolog"),
        ("", "def f(x):\n    return x", "python"),
        ("", "#include <vector>\nint main() {}", "cpp"),
        ("", "fn main() {\n    let mut x = 1;\n}", "rust"),
        ("", "1 2 3", ""),
    ],
)
def test_the_language_is_that_of_the_first_code_block(label: str, code: str, language: str) -> None:
    solution = f"Text.\n```{label}\n{code}\n```\n```java\nx\n```"
    assert parsed(f"[Problem Description]\nA.\n[Solution]\n{solution}").language == language


def make_response(raw: str, failure: str | None = None) -> Response:
    return Response("key-1", "seed-1", "p", "e", "m", {}, raw, 1, 1, 0.1, None, 0.0, failure)


def test_a_response_gives_either_a_sample_or_a_reason() -> None:
    body = chat_body(f"[Problem Description]\nCount.\n[Solution]\n{CODE}")
    sample, why = sample_from(make_response(body))
    assert sample is not None and why is None
    assert (sample.revision, sample.source, sample.request_key) == (1, "oss-instruct", "key-1")
    again, _ = sample_from(make_response(json.dumps(json.loads(body), indent=2)))
    assert again == sample
    assert sample_from(make_response("", "timed_out")) == (None, "timed_out")
    assert sample_from(make_response("{}")) == (None, "no_choices")
