"""Starting and resuming a generation: no seed is asked about twice, no key goes astray."""

import contextlib
import fcntl
import json
import sys
from dataclasses import asdict

import pytest
from pydantic import SecretStr

from storage.errors import WinnowError
from storage.jobs import get_job
from storage.samples import add_responses
from storage.seeds import add_seeds
from tests.conftest import make_seed
from tests.pipeline.test_ingest import ANSWER, body, response
from workbench.generation.prompts import load_prompt
from workbench.jobs.folder import JobFolder, read_lines, write_lines
from workbench.jobs.process import create_job
from workbench.pipeline.generate import (
    GenerateOptions,
    note_answered_elsewhere,
    start_generate,
)
from workbench.pipeline.jobs import resume_job

URL = "http://127.0.0.1:9/v1"  # nothing listens there
NOTHING = [sys.executable, "-c", "import time; time.sleep(1)"]


@pytest.fixture
def seeded(workspace):
    workspace.settings = workspace.settings.model_copy(
        update={"base_url": URL, "model": "m", "api_key": SecretStr("sk-one")}
    )
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed(f"seed{number}") for number in range(6)], job_id="draw-1")
    return workspace


def make_job(workspace, numbers) -> JobFolder:
    """A generation as `start_generate` leaves it, with a process that asks nothing."""
    params = {
        "endpoint": {"kind": "url", "base_url": URL, "model": "m"},
        "prompt": asdict(load_prompt("oss-instruct")),
    }
    folder = create_job(workspace.jobs_dir, "generate", params, argv=NOTHING)
    write_lines(
        folder.path / "seeds.jsonl", [asdict(make_seed(f"seed{number}")) for number in numbers]
    )
    return folder


@contextlib.contextmanager
def running(folder):
    """As if the job's process lived: it would hold this lock."""
    with (folder.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def seeds_of(folder):
    return {row["id"] for _, row in read_lines(folder.path / "seeds.jsonl")}


def test_seeds_that_a_running_job_asks_about_are_left_to_it(seeded):
    other = make_job(seeded, range(4))
    options = GenerateOptions(count=10, endpoint="configured")
    with running(other):
        assert seeds_of(start_generate(seeded, options)) == {"seed4", "seed5"}
    everything = make_job(seeded, range(6))
    with running(everything), pytest.raises(WinnowError, match="answered in a job that runs"):
        start_generate(seeded, options)


def test_a_resumed_job_leaves_out_what_another_answered_since(seeded):
    folder = make_job(seeded, range(4))
    prompt = load_prompt("oss-instruct").id
    answered = [(response(number, body(ANSWER)), None) for number in (1, 3)]
    with seeded.database.transaction() as cursor:
        add_responses(cursor, answered, job_id="generate-other")
        cursor.execute("update requests set prompt_id = ?, endpoint = ?", [prompt, URL])
    note_answered_elsewhere(seeded, folder)
    assert json.loads((folder.path / "elsewhere.json").read_text()) == ["seed1", "seed3"]


def test_a_resumed_job_without_a_row_gets_one(seeded):
    folder = make_job(seeded, [0])
    resume_job(seeded, folder.id)
    with seeded.database.read() as cursor:
        assert get_job(cursor, folder.id).state == "running"


def test_the_key_of_one_endpoint_is_not_sent_to_another(seeded):
    folder = make_job(seeded, [0])
    seeded.settings = seeded.settings.model_copy(update={"base_url": "https://other.example/v1"})
    with pytest.raises(WinnowError, match="the key that is set is for"):
        resume_job(seeded, folder.id)
    assert not folder.is_alive()
