"""Similarity to HumanEval: how near each sample's words come to a task, and to which."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.cleaning.benchmarks import Task

VERSION = 1

CHUNK_ROWS = 4096  # rows compared at once: 4,096 x 164 floats are 5 MB

# As scikit-learn splits text into words.
WORD = re.compile(r"\b\w\w+\b")
# Words that any two English texts share; marked, they would only hide the telling ones.
FUNCTION_WORDS = frozenset(
    WORD.findall(
        "an and any are as at be been both but by can could do does each for from has have if "
        "in into is it its may must no not of on only or other our shall should so some such "
        "than that the their them then there these they this those to was we were what when "
        "where which while will with would you your"
    )
)


@dataclass(frozen=True, slots=True)
class Similarity:
    """The greatest cosine (0 to 1) to a task, and that task's id ("" where no word is shared)."""

    score: float
    task_id: str


def sample_text(problem: str, solution: str) -> str:
    """What is compared of a sample."""
    return f"{problem} {solution}"


def task_text(task: Task) -> str:
    """What is compared of a task."""
    return f"{task.prompt} {task.canonical_solution}"


def measure_similarity(
    texts: Sequence[str], tasks: Sequence[Task], *, compared: Sequence[str] = ()
) -> list[Similarity]:
    """Each text's greatest TF-IDF cosine over the tasks.

    One vectorizer with scikit-learn's defaults is fitted on the texts, the `compared` texts of
    other data sets and the tasks, so a score depends on all that it is measured with
    (arXiv 2312.02120).
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not texts:
        return []
    task_texts = [task_text(task) for task in tasks]
    vectorizer = TfidfVectorizer().fit([*texts, *compared, *task_texts])
    columns = vectorizer.transform(task_texts).T
    rows = vectorizer.transform(texts)
    found: list[Similarity] = []
    for start in range(0, len(texts), CHUNK_ROWS):
        cosines = (rows[start : start + CHUNK_ROWS] @ columns).toarray()
        nearest = np.argmax(cosines, axis=1)  # of equally near tasks the first
        for row, column in zip(cosines, nearest, strict=True):
            score = min(1.0, float(row[column]))  # rounding can pass 1 by 1e-16
            found.append(Similarity(score, tasks[int(column)].task_id if score > 0 else ""))
    return found


def shared_words(text: str, other: str) -> set[str]:
    """The lower-case words that both texts have, without the, of, and the like."""
    both = set(WORD.findall(text.lower())) & set(WORD.findall(other.lower()))
    return both - FUNCTION_WORDS
