"""What the Explore page is told of a filtered set of samples."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database, open_database
from storage.explore import facets, histogram, points, totals
from storage.filters import SampleFilter
from storage.records import Finding, Metrics, Sample
from storage.reviews import Decision, add_decision
from storage.samples import add_samples, list_sample_ids, replace_analysis


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Four samples: a (web, 0.05), b (web, 0.31, duplicate), c (sql, 1.0), d not analysed."""
    opened = open_database(tmp_path / "winnow.duckdb")
    languages = {"a": "python", "b": "python", "c": "rust", "d": "python"}
    samples = [
        (Sample(name, 1, "", "", f"problem {name}", "solution", language, "generated"), "m")
        for name, language in languages.items()
    ]
    metrics = [
        Metrics(name, category, 0.5, "HumanEval/0", similarity, 10, 20, cluster, 0.0, 0.0)
        for name, category, similarity, cluster in (
            ("a", "web", 0.05, 0),
            ("b", "web", 0.31, 1),
            ("c", "sql", 1.0, 1),
        )
    ]
    with opened.transaction() as cursor:
        add_samples(cursor, samples)
        found = [Finding("b", "duplicates", "duplicate_seed", {"of": "a"})]
        replace_analysis(cursor, found, metrics, job_id="analysis")
        add_decision(cursor, Decision("decision-1", "a", "accepted", "ann"))
    yield opened
    opened.close()


def test_a_facet_leaves_its_own_condition_out_and_shows_values_that_none_has(
    database: Database,
) -> None:
    with database.read() as cursor:
        counts = facets(cursor, SampleFilter(category="web"))
    assert counts["category"] == [("web", 2), ("sql", 1)]
    assert counts["language"] == [("python", 2), ("rust", 0)]
    assert counts["cluster"] == [(0, 1), (1, 1)]


@pytest.mark.parametrize("where", [SampleFilter(), SampleFilter(language="python")])
def test_every_count_of_a_facet_is_what_choosing_it_gives(
    database: Database, where: SampleFilter
) -> None:
    with database.read() as cursor:
        for name, counts in facets(cursor, where).items():
            for value, count in counts:
                values = {"language": where.language, name: str(value)}
                assert len(list_sample_ids(cursor, SampleFilter.from_values(values))) == count


def test_checked_samples_without_findings_are_counted_as_none(database: Database) -> None:
    with database.read() as cursor:
        assert facets(cursor, SampleFilter())["finding"] == [("none", 2), ("duplicate_seed", 1)]


def test_the_histogram_shows_what_other_similarities_would_give(database: Database) -> None:
    with database.read() as cursor:
        bars = histogram(cursor, SampleFilter(min_similarity=0.3))
    assert {index: count for index, count in enumerate(bars) if count} == {2: 1, 15: 1, 49: 1}


def test_totals_count_what_the_filter_leaves(database: Database) -> None:
    with database.read() as cursor:
        found = totals(cursor, SampleFilter(language="python"))
        drawn = points(cursor, SampleFilter(language="python"))
    assert (found["samples"], found["analysed"]) == (3, 2)
    assert (found["accepted"], found["duplicates"], found["contaminated"]) == (1, 1, 0)
    assert found["similarity"] == pytest.approx(0.18)
    assert drawn["id"] == ["a", "b"]
