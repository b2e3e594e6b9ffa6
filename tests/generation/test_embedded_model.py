"""The real small model, once: fetched into the user's cache (98 MB) and run for two seeds."""

import os
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from storage.errors import WinnowError
from workbench.generation.answers import read_answers
from workbench.generation.fetch import fetch_model
from workbench.generation.grammar import embedded_parameters
from workbench.generation.job import run
from workbench.generation.parsing import sample_from
from workbench.generation.server import embedded_server
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import is_ended, request_stop, start_job


@pytest.fixture(scope="module")
def model(cache_dir: Path) -> Path:
    return fetch_model("smollm2-135m", cache_dir=cache_dir)


@pytest.fixture
def job(make_job, model: Path) -> JobFolder:
    return make_job(
        seeds=2,
        endpoint={"kind": "embedded", "model": "smollm2-135m"},
        prompt="oss-instruct-small",
        parameters={"max_tokens": 600, **embedded_parameters()},
        cache_dir=str(model.parent),
    )


def server_pids(folder: JobFolder) -> list[int]:
    """The server processes of the job: children of its process, even after it is gone."""
    pids = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes()
            log = (path / "fd/2").readlink()
        except OSError:
            continue
        if b"workbench.generation.serve" in command and log == folder.path / "server.log":
            pids.append(int(path.name))
    return pids


def wait_for(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)


def test_two_seeds_become_samples(job: JobFolder) -> None:
    run(job)
    last = job.last_progress()
    assert (last["done"], last["ok"], last["cost"]) == (2, 2, 0.0)
    assert last["tokens_per_second"] > 0 and last["prompt_tokens"] > 200
    responses = list(read_answers(job.path))
    assert {(r.endpoint, r.model) for r in responses} == {("embedded:smollm2-135m", "smollm2-135m")}
    samples = [sample_from(response)[0] for response in responses]
    assert all(sample and sample.problem and "```" in sample.solution for sample in samples)
    assert not server_pids(job)


def test_the_server_dies_with_a_killed_job(job: JobFolder) -> None:
    start_job(job)
    wait_for(lambda: job.last_progress().get("phase") == "generating" and server_pids(job))
    os.kill(int((job.path / "pid").read_text()), signal.SIGKILL)
    wait_for(lambda: is_ended(job.state()), 5)
    wait_for(lambda: not server_pids(job), 5)


def test_a_stop_is_prompt_and_records_nothing_of_what_it_broke_off(job: JobFolder) -> None:
    start_job(job)
    wait_for(lambda: job.last_progress().get("phase") == "generating")
    start = time.monotonic()
    request_stop(job)
    wait_for(lambda: is_ended(job.state()), 10)
    assert time.monotonic() - start < 5
    assert job.state() == "cancelled"
    assert not server_pids(job)
    assert not [r for r in read_answers(job.path) if r.failure]


def test_only_who_has_the_key_can_use_the_server(model: Path, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with embedded_server(model, slots=1, context=512, name="m", log_path=log) as endpoint:
        url = f"{endpoint.base_url}/models"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(url)
        request = urllib.request.Request(url)
        request.add_header("Authorization", f"Bearer {endpoint.api_key}")
        assert urllib.request.urlopen(request).status == 200
    assert endpoint.api_key not in log.read_text()


def test_a_broken_model_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 1000)
    with (
        pytest.raises(WinnowError, match=r"did not start with broken\.gguf: .*server\.log"),
        embedded_server(path, slots=1, context=512, name="m", log_path=tmp_path / "server.log"),
    ):
        pass
