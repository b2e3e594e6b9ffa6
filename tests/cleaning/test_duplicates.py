from storage.records import Sample
from workbench.cleaning.duplicates import find_duplicates


def sample(name: str, seed: str, problem: str, solution: str) -> Sample:
    return Sample(name, 1, seed, f"key-{name}", problem, solution, "python", "test")


SEEDS = {"s1": "x = 1", "s2": "y = 2", "s3": "z = 3", "s1 again": "x\t=\n\n1 "}


def test_the_first_of_equal_seeds_is_kept_whatever_the_white_space() -> None:
    found = find_duplicates(
        [sample("a", "s1", "one", "1"), sample("b", "s1 again", "two", "2")], SEEDS
    )
    assert [(f.sample_id, f.check, f.reason, f.detail) for f in found] == [
        ("b", "duplicates", "duplicate_seed", {"of": "a"})
    ]


def test_each_part_is_compared_with_its_own_kind_only() -> None:
    samples = [
        sample("a", "s1", "one", "1"),
        sample("b", "s2", " o n e\u00a0", "2"),
        sample("c", "s3", "three", " 1\n"),
        sample("d", "none", "1", "one"),
    ]
    found = find_duplicates(samples, SEEDS)
    assert [(f.sample_id, f.reason, f.detail["of"]) for f in found] == [
        ("b", "duplicate_problem", "a"),
        ("c", "duplicate_solution", "a"),
    ]


def test_one_finding_names_the_first_equal_part_and_the_others_beside_it() -> None:
    samples = [
        sample("a", "s1", "one", "1"),
        sample("b", "s2", "two", "2"),
        sample("c", "s1", "one", "2"),
    ]
    (found,) = find_duplicates(samples, SEEDS)
    assert found.reason == "duplicate_seed"
    assert found.detail == {
        "of": "a",
        "also": {"duplicate_problem": "a", "duplicate_solution": "b"},
    }


def test_a_sample_that_equals_only_a_removed_one_stays() -> None:
    samples = [
        sample("a", "s1", "one", "1"),
        sample("b", "s1", "two", "2"),
        sample("c", "s2", "two", "3"),
    ]
    assert [f.sample_id for f in find_duplicates(samples, SEEDS)] == ["b"]


def test_samples_without_a_seed_are_not_duplicates_of_each_other() -> None:
    samples = [sample("a", "", "one", "1"), sample("b", "", "two", "2")]
    assert find_duplicates(samples, {}) == []


def test_no_samples_have_no_findings() -> None:
    assert find_duplicates([], {}) == []
