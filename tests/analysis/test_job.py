import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.errors import WinnowError
from storage.records import Finding, Metrics
from workbench.analysis.categories import category_texts
from workbench.analysis.embedding import DIMENSIONS, embed_batches, load_encoder, text_hash
from workbench.analysis.job import read_samples, run
from workbench.analysis.vectors import embed_missing, read_vectors
from workbench.jobs.folder import JobFolder

ROWS = [
    ("a", "Write an SQL query that lists all customers of a table.", "select * from customers"),
    ("b", "Write an SQL query that lists all  customers of a table.", "select name from customers"),
    ("c", "Encrypt a message with a secret key and AES.", "```python\nif x\n```"),
    ("d", "Area of a triangle \ud800 given a and h.", "return a * h / 2.0"),
]


def row(name: str, problem: str, solution: str) -> dict[str, Any]:
    fields = {"revision": 1, "seed_id": f"s-{name}", "request_key": "", "language": "python"}
    texts = {"problem": problem, "solution": solution, "source": "test", "snippet": f"x = {name}"}
    return {"id": name, **fields, **texts}


def write_samples(path: Path, rows: list[dict[str, Any]]) -> JobFolder:
    path.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(item) + "\n" for item in rows)
    (path / "samples.jsonl").write_text(text, encoding="utf-8")
    return JobFolder(path)


def read_json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> JobFolder:
    """Four samples analyzed with the real model, while every connection is refused."""
    folder = write_samples(tmp_path_factory.mktemp("job"), [row(*values) for values in ROWS])

    def refuse(*_: object) -> None:
        raise OSError("no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        run(folder)
    return folder


def test_findings_are_written_with_their_proof(analyzed: JobFolder) -> None:
    found = [Finding(**item) for item in read_json_lines(analyzed.path / "findings.jsonl")]
    assert [(f.sample_id, f.reason) for f in found] == [
        ("b", "duplicate_problem"),
        ("d", "contains_benchmark"),
        ("c", "syntax_error"),
    ]
    assert found[0].detail == {"of": "a"}


def test_every_sample_has_metrics_in_the_given_order(analyzed: JobFolder) -> None:
    metrics = [Metrics(**item) for item in read_json_lines(analyzed.path / "metrics.jsonl")]
    assert [m.sample_id for m in metrics] == ["a", "b", "c", "d"]
    assert metrics[0].category == "Database and SQL Problems"
    assert metrics[2].category == "Security and Cryptography Problems"
    assert metrics[3].nearest_task in ("HumanEval/45", "HumanEval/71")  # areas of triangles
    for m in metrics:
        assert 0 < m.category_score < 1
        assert 0 <= m.similarity <= 1
        assert m.problem_tokens > 5
        assert m.solution_tokens > 3
        assert -1 <= m.x <= 1
        assert -1 <= m.y <= 1
    # Equal but for a space: near each other on the map, and far from the others.
    first, second, third = (np.array([m.x, m.y]) for m in metrics[:3])
    assert np.linalg.norm(first - second) < 0.5 * np.linalg.norm(first - third)


def test_vectors_are_unit_float32_with_the_hash_of_their_text(analyzed: JobFolder) -> None:
    table = pq.read_table(analyzed.path / "embeddings.parquet")
    assert table["sample_id"].to_pylist() == ["a", "b", "c", "d"] + [""] * 10
    assert table["vector"].type == pa.list_(pa.float32())
    vectors = np.array(table["vector"].to_pylist())
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    texts = [f"{problem}\n\n{solution}" for _, problem, solution in ROWS] + category_texts()
    assert table["text_hash"].to_pylist() == [text_hash(text) for text in texts]


def test_clusters_and_versions_say_what_was_made_and_by_what(analyzed: JobFolder) -> None:
    clusters = json.loads((analyzed.path / "clusters.json").read_text(encoding="utf-8"))
    assert sum(cluster["size"] for cluster in clusters.values()) == 4
    versions = json.loads((analyzed.path / "versions.json").read_text(encoding="utf-8"))
    assert versions["checks"] == {"duplicates": 1, "contamination": 1, "syntax": 1}
    assert len(versions["benchmarks"]["HumanEval"]) == 64
    assert versions["embedding"] == "all-MiniLM-L6-v2"
    assert versions["tokenizer"]
    assert analyzed.last_progress()["phase"] == "done"


def test_unchanged_texts_are_not_embedded_again(analyzed: JobFolder, tmp_path: Path) -> None:
    folder = write_samples(tmp_path, [row(*values) for values in ROWS])
    cached = read_vectors(analyzed.path / "embeddings.parquet")
    marked = {name: np.roll(vector, 1) for name, vector in cached.items()}
    table = pa.table(
        {"text_hash": list(marked), "vector": [vector.tolist() for vector in marked.values()]}
    )
    pq.write_table(table, folder.path / "cached_embeddings.parquet")
    run(folder)
    written = read_vectors(folder.path / "embeddings.parquet")
    assert all(np.allclose(written[name], marked[name]) for name in marked)


def test_the_same_samples_give_the_same_files(analyzed: JobFolder, tmp_path: Path) -> None:
    folder = write_samples(tmp_path, [row(*values) for values in ROWS])
    source = analyzed.path / "embeddings.parquet"
    (tmp_path / "cached_embeddings.parquet").write_bytes(source.read_bytes())
    run(folder)
    for name in ("findings.jsonl", "metrics.jsonl", "clusters.json", "versions.json"):
        assert (folder.path / name).read_bytes() == (analyzed.path / name).read_bytes()


def test_a_stopped_job_writes_no_results(tmp_path: Path) -> None:
    folder = write_samples(tmp_path, [row(*values) for values in ROWS])
    (tmp_path / "cancel").touch()
    run(folder)
    assert not (tmp_path / "metrics.jsonl").exists()


class CountingEncoder:
    """An encoder whose vector of a text is the axis of the text's length."""

    def encode(self, texts: list[str], **_: object) -> list[list[float]]:
        return [np.eye(DIMENSIONS)[len(text)].tolist() for text in texts]


def test_batches_cover_every_text_once_longest_first() -> None:
    texts = ["a", "", "aaaa", "aa\ud800"]
    seen = list(embed_batches(texts, encoder=CountingEncoder(), batch_size=2))
    assert [indices for indices, _ in seen] == [[2, 3], [0, 1]]
    assert [vectors.argmax(axis=1).tolist() for _, vectors in seen] == [[4, 3], [1, 0]]


def test_a_stop_while_embedding_keeps_what_is_finished() -> None:
    vector = np.ones(DIMENSIONS, dtype=np.float32)
    progress: list[tuple[int, int]] = []
    found = embed_missing(
        ["known", "new"],
        {text_hash("known"): vector},
        on_progress=lambda done, total: progress.append((done, total)),
        on_save=lambda vectors: None,
        should_stop=lambda: True,
    )
    assert list(found) == [text_hash("known")]
    assert progress == [(1, 2)]


def test_a_single_sample_can_be_analyzed(analyzed: JobFolder, tmp_path: Path) -> None:
    folder = write_samples(tmp_path, [row(*ROWS[0])])
    source = analyzed.path / "embeddings.parquet"
    (tmp_path / "cached_embeddings.parquet").write_bytes(source.read_bytes())
    run(folder)
    (metrics,) = read_json_lines(tmp_path / "metrics.jsonl")
    assert (metrics["cluster"], metrics["x"], metrics["y"]) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There are no samples to analyze"),
        ("", "There are no samples to analyze yet: generate some first"),
        ("not json\n", "Line 1 of .*samples.jsonl is no sample"),
        ('{"id": "a"}\n', "Line 1 of .*samples.jsonl is no sample"),
        ("[]\n", "Line 1 of .*samples.jsonl is no sample"),
        (2 * (json.dumps(row(*ROWS[0])) + "\n"), "has a sample id twice"),
    ],
)
def test_unusable_samples_are_one_clear_sentence(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "samples.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(WinnowError, match=message):
        read_samples(tmp_path / "samples.jsonl")


def test_a_broken_cache_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "cached.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(WinnowError, match="cannot be read as cached embeddings"):
        read_vectors(tmp_path / "cached.parquet")


def test_the_model_puts_like_with_like() -> None:
    texts = ["Sort a list of numbers.", "Order an array of integers.", "Draw a red button."]
    vectors = np.zeros((3, DIMENSIONS), dtype=np.float32)
    for indices, batch in embed_batches(texts, encoder=load_encoder()):
        vectors[indices] = batch
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
