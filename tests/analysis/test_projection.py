import numpy as np
import pytest

from workbench.analysis.projection import project


@pytest.mark.parametrize("count", [2, 3, 29, 30, 64])
def test_every_sample_has_its_own_finite_place(count: int) -> None:
    vectors = np.random.default_rng(count).normal(size=(count, 16)).astype(np.float32)
    points = project(vectors)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()
    assert np.abs(points).max() == pytest.approx(1.0)
    assert len(np.unique(points, axis=0)) == count


def test_the_same_vectors_give_the_same_map() -> None:
    vectors = np.random.default_rng(5).normal(size=(80, 16)).astype(np.float32)
    assert np.array_equal(project(vectors), project(vectors))


def test_near_samples_are_near_on_the_map() -> None:
    random = np.random.default_rng(6)
    vectors = np.zeros((60, 8), dtype=np.float32)
    vectors[:30, 0] = vectors[30:, 1] = 1.0
    vectors += random.normal(scale=0.02, size=vectors.shape).astype(np.float32)
    points = project(vectors)
    own = np.linalg.norm(points[:30] - points[:30].mean(axis=0), axis=1).mean()
    apart = np.linalg.norm(points[:30].mean(axis=0) - points[30:].mean(axis=0))
    assert own < apart / 2


@pytest.mark.parametrize("count", [0, 1, 40])
def test_samples_that_cannot_be_told_apart_share_one_place(count: int) -> None:
    points = project(np.ones((count, 8), dtype=np.float32))
    assert points.tolist() == [[0.0, 0.0]] * count
