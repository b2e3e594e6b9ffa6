"""The map: every sample as a point, near samples near each other."""

import numpy as np
from numpy.typing import NDArray

VERSION = 1

RANDOM_SEED = 976
# t-SNE says nothing about fewer points; of more it takes minutes (5,000: 49 s on one core).
TSNE_FROM, TSNE_TO = 30, 5_000
PERPLEXITY = 30.0
DIMENSIONS_BEFORE_TSNE = 50


def project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Coordinates between -1 and 1, one row per vector; the same input gives the same map.

    t-SNE for 30 to 5,000 different vectors, the two main axes (PCA) otherwise.
    """
    different = len(np.unique(vectors, axis=0)) if len(vectors) else 0
    if different < 2:
        return np.zeros((len(vectors), 2), dtype=np.float32)
    use_tsne = different >= TSNE_FROM and len(vectors) <= TSNE_TO
    points = _project_tsne(vectors) if use_tsne else _project_pca(vectors, 2)
    points = points - points.mean(axis=0)
    extent = float(np.abs(points).max())
    return np.asarray(points / extent if extent > 0 else points, dtype=np.float32)


def _project_pca(vectors: NDArray[np.float32], dimensions: int) -> NDArray[np.float64]:
    from sklearn.decomposition import PCA

    kept = min(dimensions, *vectors.shape)
    points = PCA(kept, svd_solver="covariance_eigh").fit_transform(vectors.astype(np.float64))
    return np.pad(points, ((0, 0), (0, max(0, 2 - kept))))


def _project_tsne(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    reduced = _project_pca(vectors, DIMENSIONS_BEFORE_TSNE)
    tsne = TSNE(
        perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3), init="pca", random_state=RANDOM_SEED
    )
    # One thread: the order of its sums is then fixed, and beside other work two threads were
    # slower (500 points: 11.6 s against 5.6 s).
    with threadpool_limits(1):
        points = tsne.fit_transform(reduced)
    return np.asarray(points, dtype=np.float64)
