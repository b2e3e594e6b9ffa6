import pytest

from storage.records import Sample
from workbench.cleaning.syntax import code_blocks, find_syntax_errors, parse_failure


def sample(solution: str, language: str = "python") -> Sample:
    return Sample("a", 1, "", "", "problem", solution, language, "test")


def test_the_proof_is_the_line_and_what_python_says() -> None:
    text = "Here:\n\n```python\nx = 1\nif x\n    pass\n```\n"
    (found,) = find_syntax_errors([sample(text)], {})
    assert (found.check, found.reason) == ("syntax", "syntax_error")
    assert found.detail == {"line": 2, "message": "expected ':'", "text": "if x"}


@pytest.mark.parametrize(
    "solution",
    [
        "```python\nx = 1\n```\n",
        "```\nx = 1\n```\nthen ```python\n",
        "```bash\nls -la | wc\n```\n\n```py\nx = 1\n```",
        "Prose without any code, so nothing to parse.",
        "````python\ntext = '''\n```\n'''\n````",
        "~~~ python title=a.py\r\nx = '\\d'\r\n~~~\r\n",
        "```python\n```",
        "",
    ],
)
def test_code_that_parses_has_no_finding(solution: str) -> None:
    assert find_syntax_errors([sample(solution)], {}) == []


def test_only_python_samples_are_parsed() -> None:
    text = "```\nfn main() {}\n```"
    assert find_syntax_errors([sample(text, "rust")], {}) == []
    assert len(find_syntax_errors([sample(text, "python")], {})) == 1


def test_a_block_that_is_never_closed_goes_to_the_end() -> None:
    assert [block.code for block in code_blocks("```python\nx = (\n")] == ["x = (\n\n"]
    assert len(find_syntax_errors([sample("```python\nx = (\n")], {})) == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("-" * 1_000_000 + "1", "nested too deeply"),
        ("1+" * 300_000 + "1", "nested too deeply"),
        ("(" * 5000, "too many nested parentheses"),
        ("x = '\ud800'", "half of a surrogate pair"),
        ("x = 1\x00", "null bytes"),
        ("9" * 5000, "Exceeds the limit"),
    ],
)
def test_hostile_code_is_a_finding_and_never_a_crash(code: str, message: str) -> None:
    failure = parse_failure(code)
    assert failure is not None
    assert message in str(failure["message"])
