import pytest

from storage.errors import WinnowError
from storage.records import Sample
from workbench.cleaning.checks import CHECKS, check_versions, run_checks, select_checks


def sample(name: str, problem: str, solution: str) -> Sample:
    return Sample(name, 1, f"seed-{name}", "", problem, solution, "python", "test")


SAMPLES = [
    sample("a", "Add numbers.", "```python\nprint(1)\n```"),
    sample("b", "Add  numbers.", "```python\nprint(1\n```"),
    sample("c", "Swap.", "```python\ndef f(string):\n    return string.swapcase()\n```"),
]


def test_all_findings_come_check_by_check_and_every_sample_is_accounted_for() -> None:
    found = run_checks(SAMPLES, {})
    assert [(f.sample_id, f.check, f.reason) for f in found] == [
        ("b", "duplicates", "duplicate_problem"),
        ("c", "contamination", "contains_benchmark"),
        ("b", "syntax", "syntax_error"),
    ]
    assert {s.id for s in SAMPLES} - {f.sample_id for f in found} == {"a"}


def test_the_same_samples_give_the_same_findings() -> None:
    assert run_checks(SAMPLES, {}) == run_checks(SAMPLES, {})


def test_only_chosen_checks_run_in_their_own_order() -> None:
    chosen = select_checks(["syntax", "duplicates"])
    assert [check.name for check in chosen] == ["duplicates", "syntax"]
    assert {f.check for f in run_checks(SAMPLES, {}, checks=chosen)} == {"duplicates", "syntax"}


def test_an_unknown_check_is_one_clear_sentence() -> None:
    with pytest.raises(WinnowError, match=r"Check 'spelling' does not exist: use duplicates, "):
        select_checks(["spelling"])


def test_every_check_has_its_own_name_and_a_version() -> None:
    assert len(check_versions()) == len(CHECKS)
    assert all(version >= 1 for version in check_versions().values())
