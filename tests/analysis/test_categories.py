import numpy as np

from workbench.analysis.categories import CATEGORIES, category_texts, nearest_categories


def test_the_ten_names_are_those_of_the_paper() -> None:
    assert list(CATEGORIES) == [
        "Algorithmic and Data Structure Problems",
        "Mathematical and Computational Problems",
        "Database and SQL Problems",
        "System Design and Architecture Problems",
        "Security and Cryptography Problems",
        "Performance Optimization Problems",
        "Web Problems",
        "Domain Specific Problems",
        "User Interface and Application Design Problems",
        "Data Science and Machine Learning Problems",
    ]
    assert len(category_texts()) == 10


def test_a_sample_gets_the_nearest_category_and_its_cosine() -> None:
    axes = np.eye(10, dtype=np.float32)
    vectors = np.zeros((2, 10), dtype=np.float32)
    vectors[0, 2] = 1.0
    vectors[1, [6, 9]] = 0.6, 0.8
    found = nearest_categories(vectors, axes)
    assert [category.name for category in found] == [
        "Database and SQL Problems",
        "Data Science and Machine Learning Problems",
    ]
    assert np.allclose([category.score for category in found], [1.0, 0.8])


def test_of_equally_near_categories_the_first_is_taken() -> None:
    vectors = np.full((1, 10), 0.1, dtype=np.float32)
    (found,) = nearest_categories(vectors, np.eye(10, dtype=np.float32))
    assert found.name == "Algorithmic and Data Structure Problems"


def test_no_samples_have_no_categories() -> None:
    assert nearest_categories(np.zeros((0, 10), np.float32), np.eye(10, dtype=np.float32)) == []
