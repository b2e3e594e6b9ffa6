import pytest

from storage.errors import WinnowError
from storage.explore import facets, histogram, totals
from storage.filters import SampleFilter
from storage.records import Finding, Metrics
from storage.samples import count_samples, page_samples, replace_analysis
from tests.conftest import fill


def analyze(workspace, ids):
    metrics = [
        Metrics(name, "Web Problems" if index else "Security", 0.5, "HumanEval/1", index / 4, 5, 6,
                index, 0.0, 1.0)
        for index, name in enumerate(ids)
    ]  # fmt: skip
    findings = [Finding(ids[0], "contamination", "exact_solution", {"task_id": "HumanEval/1"})]
    with workspace.database.transaction() as cursor:
        replace_analysis(cursor, findings, metrics, job_id="analyze-1")


def test_filters_count_what_they_say(workspace):
    analyze(workspace, fill(workspace))
    expected = {
        "": 3,
        "category=Web Problems": 2,
        "category=Web Problems; max_similarity=0.5": 1,
        "finding=none": 2,
        "finding=any": 1,
        "finding=exact_solution; verdict=undecided": 1,
        "cluster=2": 1,
        "min_similarity=0.25; max_similarity=0.26": 1,
    }
    with workspace.database.read() as cursor:
        found = {text: count_samples(cursor, SampleFilter.parse(text)) for text in expected}
    assert found == expected


def test_a_filter_survives_being_written_and_read():
    where = SampleFilter(category="Web Problems", cluster=0, max_similarity=0.3)
    assert SampleFilter.parse(where.as_words()) == where


@pytest.mark.parametrize(
    "text", ["colour=red", "similarity", "cluster=many", "min_similarity=nan", "verdict=maybe"]
)
def test_a_typo_in_a_filter_fails_loudly(text):
    with pytest.raises(WinnowError):
        SampleFilter.parse(text)


def test_values_never_become_sql(workspace):
    fill(workspace)
    where = SampleFilter(category="x' or true --", language="'; drop table samples; --")
    with workspace.database.read() as cursor:
        assert count_samples(cursor, where) == 0
        assert count_samples(cursor) == 3


def test_pages_follow_each_other_by_key(workspace):
    fill(workspace, 5)
    with workspace.database.read() as cursor:
        first = page_samples(cursor, SampleFilter(), size=2)
        second = page_samples(cursor, SampleFilter(), size=2, after=first[-1]["position"])
        newest = page_samples(cursor, SampleFilter(), size=1, newest=True)
    assert [card["id"] for card in first + second + newest] == ["s0", "s1", "s2", "s3", "s4"]


def test_counts_add_up(workspace):
    analyze(workspace, fill(workspace))
    with workspace.database.read() as cursor:
        counts = facets(cursor, SampleFilter())
        bars = histogram(cursor, SampleFilter())
        figures = totals(cursor, SampleFilter())
    assert counts["category"] == [("Web Problems", 2), ("Security", 1)]
    assert dict(counts["finding"]) == {"none": 2, "exact_solution": 1}
    assert sum(bars) == 3
    assert (bars[0], bars[12], bars[25]) == (1, 1, 1)
    assert (figures["samples"], figures["contaminated"], figures["similarity"]) == (3, 1, 0.25)
