import time

from storage.records import Sample
from workbench.cleaning.benchmarks import BenchmarkString, find_benchmark_strings, load_humaneval
from workbench.cleaning.contamination import find_contamination, find_strings


def sample(problem: str, solution: str, name: str = "a") -> Sample:
    return Sample(name, 1, "", "", problem, solution, "python", "test")


def test_a_quoted_docstring_is_found_in_any_case_with_its_place() -> None:
    quoted = "CHECK if in given list of numbers, are any two numbers closer to each other"
    docstring = find_benchmark_strings(load_humaneval())[0].text
    assert docstring.lower().startswith(quoted.lower())
    (found,) = find_contamination([sample("Say:\n" + docstring.upper(), "pass")], {})
    assert (found.check, found.reason) == ("contamination", "contains_benchmark")
    assert found.detail == {
        "benchmark": "HumanEval",
        "task_id": "HumanEval/0",
        "what": "docstring",
        "text": docstring.upper(),
        "start": 5,
        "end": 5 + len(docstring),
    }


def test_a_quoted_solution_is_found() -> None:
    (found,) = find_contamination([sample("Area?", "def f(a, h):\n    return a * h / 2.0")], {})
    assert found.detail["task_id"] == "HumanEval/45"
    assert found.detail["what"] == "solution"
    assert found.detail["text"] == "return a * h / 2.0"


def test_generic_solutions_are_allowed_the_joined_strings_too() -> None:
    generic = "return x + y\nreturn len(string)\nreturn n**2\nreturn ''.join(strings)"
    assert find_contamination([sample("Generic code", generic)], {}) == []


def test_a_match_may_lie_across_problem_and_solution() -> None:
    (found,) = find_strings(
        [sample("one", "two")], [BenchmarkString("B", "B/1", "docstring", "E\n\nT")]
    )
    assert found.detail["text"] == "e\n\nt"


def test_offsets_are_right_behind_letters_that_grow_in_lower_case() -> None:
    (found,) = find_strings(
        [sample("İİİ Add Two", "")], [BenchmarkString("B", "B/1", "docstring", "add two")]
    )
    assert (found.detail["start"], found.detail["end"]) == (4, 11)
    assert found.detail["text"] == "Add Two"


def test_one_finding_counts_the_further_matches() -> None:
    strings = [BenchmarkString("B", f"B/{n}", "docstring", text) for n, text in enumerate("abc")]
    (found,) = find_strings([sample("a b c", "")], strings)
    assert found.detail["task_id"] == "B/0"
    assert (found.detail["others"], found.detail["other_tasks"]) == (2, ["B/1", "B/2"])


def test_hostile_text_is_only_text() -> None:
    assert find_contamination([sample("\ud800\x00" * 1000, "$" * 1_000_000)], {}) == []


def test_two_thousand_samples_take_seconds() -> None:
    text = "def total(values):\n    return sum(value * 2 for value in values)\n" * 36
    samples = [sample(text, str(n), str(n)) for n in range(2000)]
    start = time.monotonic()
    assert find_contamination(samples, {}) == []
    assert time.monotonic() - start < 10  # 0.8 s on an idle machine
