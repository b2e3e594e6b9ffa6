"""Clusters: groups of near samples, the largest first, each titled by its own words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VERSION = 1

MAX_CLUSTERS = 12  # as many as colours on the map that can be told apart
RANDOM_SEED = 976
TITLE_WORDS = 3
MAX_FEATURES = 20_000
# Letters only: no digits, no names with underscores, nothing that could pass for markup.
TITLE_PATTERN = r"(?u)\b[^\W\d_]{3,20}\b"


@dataclass(frozen=True, slots=True)
class Clustering:
    """`labels[i]` is the cluster of sample i, `titles[c]` and `sizes[c]` describe cluster c."""

    labels: NDArray[np.int64]
    titles: list[str]
    sizes: list[int]


def find_clusters(vectors: NDArray[np.float32], texts: Sequence[str]) -> Clustering:
    """Clusters of unit vectors by k-means; `texts`, in the same order, give the titles.

    The number of clusters grows with the samples: sqrt(n / 2), at least 1, at most 12, never more
    than there are different vectors. The same input gives the same clusters.
    """
    from sklearn.cluster import KMeans

    if len(vectors) == 0:
        return Clustering(np.zeros(0, dtype=np.int64), [], [])
    count = max(1, min(MAX_CLUSTERS, int((len(vectors) / 2) ** 0.5)))
    count = min(count, len(np.unique(vectors, axis=0)))
    found = KMeans(n_clusters=count, n_init=10, random_state=RANDOM_SEED).fit_predict(vectors)
    labels = _number_by_size(found, count)
    sizes = np.bincount(labels, minlength=count).tolist()
    return Clustering(labels, _find_titles(texts, labels, count), sizes)


def _number_by_size(found: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """The labels renumbered: the largest cluster is 0, of equal ones that with the first sample."""
    sizes = np.bincount(found, minlength=count)
    firsts = [int(np.argmax(found == label)) for label in range(count)]
    order = sorted(range(count), key=lambda label: (-sizes[label], firsts[label]))
    numbers = np.empty(count, dtype=np.int64)
    numbers[order] = np.arange(count)
    return numbers[found]


def _find_titles(texts: Sequence[str], labels: NDArray[np.int64], count: int) -> list[str]:
    """For each cluster the words whose mean TF-IDF exceeds that of all samples the most."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        stop_words="english", token_pattern=TITLE_PATTERN, max_features=MAX_FEATURES
    )
    try:
        weights = vectorizer.fit_transform(texts)
    except ValueError:  # not one word in all the texts
        return [_fallback_title(label) for label in range(count)]
    words = vectorizer.get_feature_names_out()
    overall = np.asarray(weights.mean(axis=0)).ravel()
    titles = []
    for label in range(count):
        own = np.asarray(weights[labels == label].mean(axis=0)).ravel()
        # With one cluster nothing stands out, so its own most frequent words speak for it.
        standing_out = own - overall if count > 1 else own
        top = np.lexsort((np.arange(len(words)), -standing_out))[:TITLE_WORDS]
        title = ", ".join(words[index] for index in top if own[index] > 0)
        titles.append(title or _fallback_title(label))
    return titles


def _fallback_title(label: int) -> str:
    return f"cluster {label + 1}"
