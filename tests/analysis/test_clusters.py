import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.analysis.clusters import find_clusters

TEXTS = ["sort an array"] * 7 + ["encrypt a password"] * 5


def two_groups() -> NDArray[np.float32]:
    vectors = np.zeros((12, 4), dtype=np.float32)
    vectors[:7, 0] = 1.0
    vectors[7:, 1] = 1.0
    vectors[:, 2] = np.linspace(0, 0.1, 12)
    return vectors


def test_the_largest_cluster_comes_first_titled_by_its_own_words() -> None:
    found = find_clusters(two_groups(), TEXTS)
    assert found.labels.tolist() == [0] * 7 + [1] * 5
    assert found.sizes == [7, 5]
    assert set(found.titles[0].split(", ")) == {"array", "sort"}
    assert set(found.titles[1].split(", ")) == {"encrypt", "password"}


def test_the_same_input_gives_the_same_clusters() -> None:
    vectors = np.random.default_rng(1).normal(size=(60, 8)).astype(np.float32)
    texts = [f"text {'alpha' if n % 2 else 'beta'}" for n in range(60)]
    first, second = find_clusters(vectors, texts), find_clusters(vectors, texts)
    assert first.labels.tolist() == second.labels.tolist()
    assert (first.titles, first.sizes) == (second.titles, second.sizes)
    assert sum(first.sizes) == 60


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_handful_of_samples_is_one_cluster_or_none(count: int) -> None:
    found = find_clusters(two_groups()[:count], TEXTS[:count])
    assert found.labels.tolist() == [0] * count
    assert found.sizes == ([count] if count else [])
    assert found.titles == (["array, sort"] if count else [])


def test_equal_vectors_are_one_cluster() -> None:
    found = find_clusters(np.ones((40, 4), dtype=np.float32), ["same words"] * 40)
    assert found.sizes == [40]


@pytest.mark.parametrize("text", ["", "12345 !!!", "\ud800 \x00", "the of and"])
def test_texts_without_a_word_still_have_a_title(text: str) -> None:
    assert find_clusters(two_groups(), [text] * 12).titles == ["cluster 1", "cluster 2"]


def test_a_title_holds_no_markup() -> None:
    texts = ["<script>alert</script> ${hostile}"] * 12
    for title in find_clusters(two_groups(), texts).titles:
        assert not set(title) & set("<>${}&")
