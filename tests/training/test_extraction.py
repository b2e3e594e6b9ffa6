"""Code out of answers, in all the ways in which models wrap it."""

import pytest

from training.extraction import extract_code

PROMPT = 'import math\n\n\ndef area(r):\n    """The area of a circle."""\n'
FUNCTION = "def area(r):\n    return math.pi * r * r\n"
BODY = "    square = r * r\n    return math.pi * square\n"

ANSWERS = {
    "labelled fence": f"Sure!\n```python\n{FUNCTION}```\nThat is it.",
    "unlabelled fence": f"```\n{FUNCTION}```",
    "other label": f"```py3\n{FUNCTION}```",
    "fence never closed": f"Here:\n```python\n{FUNCTION}",
    "windows line ends": f"```python\n{FUNCTION}```".replace("\n", "\r\n"),
    "indented fence": "1. So:\n   ```python\n   " + FUNCTION.replace("\n", "\n   ") + "```",
    "second fence has it": f"Use this:\n```\npip install x\n```\nand\n```python\n{FUNCTION}```",
    "usage after it": f"```python\n{FUNCTION}```\n```python\nprint(area(1))\n```",
    "no fence": FUNCTION,
    "no fence, prose around": f"The function is:\n\n{FUNCTION}\nIt multiplies pi with r squared.",
    "never closed, prose after": f"```python\n{FUNCTION}\nThis returns it!",
    "bare body": BODY,
    "bare body, first indentation lost": BODY.lstrip(),
    "bare body, no indentation": "square = r * r\nreturn math.pi * square\n",
    "body in a fence": f"```python\n{BODY}```",
    "body that opens a block": "if r < 0:\n    return None\nreturn math.pi * r * r",
    "thought first, with a draft": f"<think>\n```python\ndef area(r): 0\n```</think>\n{FUNCTION}",
    "thought whose start is in the prompt": f"def area(r): 0\n</think>\n```\n{FUNCTION}```",
    "old line ends": f"```python\n{FUNCTION}```".replace("\n", "\r"),
    "tabs": f"```python\n{FUNCTION}```".replace("    ", "\t"),
    "bare body with tabs": BODY.replace("    ", "\t"),
    "signature repeated with its docstring": f"```python\n{PROMPT}    return math.pi * r * r\n```",
    "inside a class of its own": f"```python\nimport math\n{FUNCTION}\nclass Other: pass\n```",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_function_is_found_and_works(name: str) -> None:
    code = extract_code(ANSWERS[name], prompt=PROMPT, entry_point="area")
    assert code is not None
    names: dict[str, object] = {}
    exec(code, names)
    assert round(names["area"](2), 3) == 12.566  # type: ignore[operator]


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "<think>\ndef area(r): return 1\n",
        "   \n",
        "I cannot help with that!",
        "```python\n```",
        "\0",
    ],
)
def test_answer_without_code_has_none(raw: str) -> None:
    assert extract_code(raw, prompt=PROMPT, entry_point="area") is None


def test_broken_code_is_kept_so_that_its_error_is_seen() -> None:
    code = extract_code("```python\ndef area(r:\n```", prompt=PROMPT, entry_point="area")
    assert code is not None
    assert "def area(r:" in code


def test_without_a_prompt_the_answer_stands_alone() -> None:
    code = extract_code(f"Here:\n```\n{FUNCTION}", prompt="", entry_point="area")
    assert code == FUNCTION
    assert extract_code(BODY, prompt="", entry_point="area") is None
