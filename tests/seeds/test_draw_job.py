import json
import time
from pathlib import Path
from typing import Any

import pytest

from storage.errors import WinnowError
from storage.records import Seed
from workbench.jobs.folder import JobFolder, JobState
from workbench.jobs.process import create_job, start_job
from workbench.seeds.job import run


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    root.mkdir()
    for number in range(1500):
        text = "".join(f"line {number} {line}\n" for line in range(3 if number % 2 else 30))
        (root / f"{number}.py").write_text(text)
    return root


def job(tmp_path: Path, **params: Any) -> JobFolder:
    return create_job(tmp_path / "jobs", "draw", {"licences": "any", **params})


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_job_writes_corpora_seeds_and_the_reasons_of_rejection(
    tmp_path: Path, corpus: Path
) -> None:
    folder = job(tmp_path, corpora=[str(corpus)], count=40, languages={"python": 30})
    run(folder)
    seeds = [Seed(**row) for row in read(folder.path / "seeds.jsonl")]
    assert len(seeds) == 30
    assert read(folder.path / "corpora.jsonl") == [
        {
            "name": "source",
            "documents": 1500,
            "bytes": sum(file.stat().st_size for file in corpus.iterdir()),
            "languages": {"python": 1500},
            "licences": {"unknown": 1500},
            "skipped": {},
        }
    ]
    last = folder.last_progress()
    assert (last["done"], last["total"], last["available"]) == (30, 30, 1500)
    assert last["documents"] == 30 + sum(last["rejected"].values())


def test_a_stopped_job_keeps_what_was_drawn_and_goes_on_where_it_was(
    tmp_path: Path, corpus: Path
) -> None:
    whole = job(tmp_path, corpora=[str(corpus)], count=700)
    run(whole)
    stopped = job(tmp_path, corpora=[str(corpus)], count=700)
    (stopped.path / "cancel").touch()
    run(stopped)
    expected = (whole.path / "seeds.jsonl").read_bytes()
    kept = (stopped.path / "seeds.jsonl").read_bytes()
    assert 0 < len(kept) < len(expected)
    assert expected.startswith(kept)
    (stopped.path / "seeds.jsonl").write_bytes(kept[:-20])
    (stopped.path / "cancel").unlink()
    run(stopped)
    assert (stopped.path / "seeds.jsonl").read_bytes() == expected


def test_a_job_runs_as_a_process(tmp_path: Path, corpus: Path) -> None:
    folder = job(tmp_path, corpora=[str(corpus)], count=5)
    start_job(folder)
    while folder.state() is JobState.RUNNING:
        time.sleep(0.05)
    assert folder.state() is JobState.DONE, (folder.path / "log.txt").read_text()
    assert len(read(folder.path / "seeds.jsonl")) == 5


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"corpora": "installed"}, "corpora is 'installed'; it must be a list"),
        ({"corpora": []}, "No corpus is named"),
        ({"corpora": ["installed"], "count": -1}, "count is -1"),
        ({}, "corpora is None"),
    ],
)
def test_bad_parameters_are_refused(tmp_path: Path, params: dict[str, Any], words: str) -> None:
    with pytest.raises(WinnowError, match=words):
        run(job(tmp_path, **params))


def test_a_draw_without_a_single_seed_says_why_and_what_to_do(tmp_path: Path, corpus: Path) -> None:
    folder = job(tmp_path, corpora=[str(corpus)], count=5, licences="permissive")
    with pytest.raises(
        WinnowError, match=r"None of 1500 documents gave a seed: 1500 licence_n.*any"
    ):
        run(folder)
