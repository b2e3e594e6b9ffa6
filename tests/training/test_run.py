"""Whole runs through the command line, in a process of their own, on a tiny model."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAIRS = [(f"{n} + {n}?", str(n + n)) for n in range(12)]
WriteDataset = Callable[[list[tuple[str, str]]], Path]


def start(*arguments: object, path: str | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "training", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PATH": path or os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_run_scores_trains_and_scores_again(
    tiny_model: Path, write_dataset: WriteDataset, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ["train", write_dataset(PAIRS), "--model", tiny_model, "--out", out, "--json"]
    arguments += ["--recipe", "smoke", "--max-steps", "3", "--evaluate", "humaneval", "--limit", 2]
    process = start(*arguments)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    result = json.loads(stdout)
    assert result == json.loads((out / "result.json").read_text())
    assert result["state"] == "done"
    assert (result["train"]["rows"], result["train"]["held_out_rows"]) == (11, 1)
    assert (result["train"]["steps"], result["train"]["content_hash"]) == (3, "0123")
    assert result["evaluation"]["base"]["tasks"] == 2
    assert (result["evaluation"]["fixed"], result["evaluation"]["broke"]) == ([], [])

    progress = lines(out, "progress.jsonl")
    phases = list(dict.fromkeys(line["phase"] for line in progress))
    assert phases == ["loading", "evaluating base", "training", "saving", "evaluating tuned"]
    steps = [line for line in progress if "loss" in line]
    assert [line["step"] for line in steps] == [1, 2, 3]
    assert all(line["tokens_per_second"] > 0 and line["steps"] == 3 for line in steps)
    assert [line["step"] for line in progress if "held_out_loss" in line] == [0, 3]
    answers = [(row["model"], row["task_id"]) for row in lines(out, "answers.jsonl")]
    tasks = ["HumanEval/0", "HumanEval/82"]
    assert sorted(answers) == [(name, task) for name in ("base", "tuned") for task in tasks]

    again = start(*arguments)  # everything is finished: nothing is answered or trained again
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert len(lines(out, "answers.jsonl")) == 4
    assert len([line for line in lines(out, "progress.jsonl") if "loss" in line]) == 3

    score = start("evaluate", out / "model", "--limit", 1, "--json")
    stdout, stderr = score.communicate(timeout=120)
    assert score.returncode == 0, stderr
    assert json.loads(stdout)["tasks"] == 1

    other = start(*arguments, "--random-seed", "5")
    _, stderr = other.communicate(timeout=120)
    assert other.returncode == 2
    assert "holds a run with another random seed" in stderr
    assert json.loads((out / "result.json").read_text())["state"] == "done"


@pytest.mark.parametrize("way", ["signal", "file"])
def test_stopped_run_saves_its_model_and_says_so(
    tiny_model: Path, write_dataset: WriteDataset, tmp_path: Path, way: str
) -> None:
    out = tmp_path / "out"
    process = start(
        "train", write_dataset(PAIRS), "--model", tiny_model, "--out", out,
        "--recipe", "smoke", "--max-steps", "100000", "--json",
    )  # fmt: skip
    deadline = time.monotonic() + 100
    while not any("loss" in line for line in lines(out, "progress.jsonl")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    if way == "signal":
        process.send_signal(signal.SIGTERM)
    else:
        (out / "cancel").touch()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    result = json.loads(stdout)
    assert (result["state"], result["train"]["stopped"]) == ("cancelled", True)
    assert result["train"]["steps"] >= 1
    assert (out / "model" / "model.safetensors").is_file()
    assert not (out / "training.json").exists()


def fails_with(sentence: str, *arguments: object, path: str | None = None) -> None:
    process = start(*arguments, path=path)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (2, ""), stderr
    assert sentence in stderr
    assert "Traceback" not in stderr


def test_bad_input_is_one_sentence(write_dataset: WriteDataset, tmp_path: Path) -> None:
    dataset, out = write_dataset(PAIRS), tmp_path / "out"
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"no model")
    command = ["train", dataset, "--out", out, "--model"]
    fails_with("the following arguments are required: DATASET".lower(), "train")
    fails_with("cannot be read", "train", tmp_path / "none", "--out", out, "--model", "x/y")
    fails_with("Recipe 'huge' does not exist: use one of lora, full, smoke", *command, "x/y",
               "--recipe", "huge")  # fmt: skip
    fails_with("invalid positive int value: '-3'", *command, "x/y", "--max-steps", "-3")
    fails_with("165 tasks cannot be scored", *command, "x/y", "--evaluate", "humaneval",
               "--limit", 165)  # fmt: skip
    (tmp_path / "file").touch()
    fails_with("cannot be written", "train", dataset, "--out", tmp_path / "file", "--model", "x/y")


def test_bad_models_are_one_sentence_each(write_dataset: WriteDataset, tmp_path: Path) -> None:
    from storage.errors import WinnowError
    from training.models import load_tokenizer, resolve_model

    (tmp_path / "wrong.gguf").write_bytes(b"no model")
    (tmp_path / "cut.gguf").write_bytes(b"GGUF\3\0\0\0")
    (tmp_path / "empty").mkdir()
    for model, sentence in (
        (tmp_path / "none.gguf", "cannot be read"),
        (tmp_path / "wrong.gguf", "is no GGUF file"),
        (tmp_path / "cut.gguf", "could not be converted"),
        (tmp_path / "empty", r"config\.json is missing"),
        ("nothing", "does not exist: give a folder"),
    ):
        with pytest.raises(WinnowError, match=sentence):
            resolve_model(str(model), cache_dir=tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(WinnowError, match="cannot be loaded"):
        load_tokenizer(str(tmp_path / "empty"))


def test_evaluation_without_a_sandbox_is_refused_before_training(
    tiny_model: Path, write_dataset: WriteDataset, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    fails_with(
        "bwrap is not installed", "train", write_dataset(PAIRS), "--model", tiny_model,
        "--out", out, "--evaluate", "humaneval", "--limit", 2, path=str(tmp_path),
    )  # fmt: skip
    assert json.loads((out / "result.json").read_text())["state"] == "failed"
    assert lines(out, "progress.jsonl") == []
