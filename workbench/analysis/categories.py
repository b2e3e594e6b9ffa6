"""The ten categories of the paper: each sample gets the one whose description is nearest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

VERSION = 1

# Each name with what it means here. On 40 short problems, four written for each category, the bare
# name is nearest for 29, the description for 33, and the two together for 36.
CATEGORIES: dict[str, str] = {
    "Algorithmic and Data Structure Problems": (
        "Implement an algorithm or a data structure: sorting, searching, trees, graphs, linked "
        "lists, stacks, arrays, strings, recursion, dynamic programming."
    ),
    "Mathematical and Computational Problems": (
        "Compute something mathematical: number theory, primes, geometry, matrices, equations, "
        "probability, combinatorics, numerical methods."
    ),
    "Database and SQL Problems": (
        "Work with a database: write an SQL query, design tables and a schema, migrations, "
        "transactions, an ORM model."
    ),
    "System Design and Architecture Problems": (
        "Design the architecture of software: modules, interfaces, plug-ins, messaging, services, "
        "configuration, concurrency, distributed systems."
    ),
    "Security and Cryptography Problems": (
        "Secure a program: encryption, decryption, hashing passwords, authentication, permissions, "
        "tokens, signatures, certificates."
    ),
    "Performance Optimization Problems": (
        "Make code faster or smaller: caching, profiling, reducing memory use, parallel "
        "processing, avoiding repeated work, benchmarks."
    ),
    "Web Problems": (
        "Build for the web: HTTP requests, REST endpoints, URLs, servers, HTML pages, scraping, "
        "sessions and cookies."
    ),
    "Domain Specific Problems": (
        "Solve a problem of one field: physics, chemistry, biology, finance, games, geography, "
        "electronics, embedded devices."
    ),
    "User Interface and Application Design Problems": (
        "Build a user interface or an app: windows, buttons, forms, layouts, views, events, "
        "navigation, mobile screens."
    ),
    "Data Science and Machine Learning Problems": (
        "Analyse data or train a model: data frames, statistics, plots, classification, "
        "regression, neural networks, feature extraction."
    ),
}


@dataclass(frozen=True, slots=True)
class Category:
    """A category's name and the cosine (-1 to 1) between what it means and the sample."""

    name: str
    score: float


def category_texts() -> list[str]:
    """What is embedded for each category, in the order of `CATEGORIES`."""
    return [f"{name}: {description}" for name, description in CATEGORIES.items()]


def nearest_categories(
    vectors: NDArray[np.float32], category_vectors: NDArray[np.float32]
) -> list[Category]:
    """The nearest category of each unit vector.

    `category_vectors` are the unit vectors of `category_texts()`; of equally near ones the first
    is taken.
    """
    names = list(CATEGORIES)
    if len(vectors) == 0:
        return []
    cosines = vectors @ category_vectors.T
    nearest = cosines.argmax(axis=1)
    return [
        Category(names[column], float(row[column]))
        for row, column in zip(cosines, nearest, strict=True)
    ]
