"""The clients that are compared: how each is started on the work, and what it left behind.

Winnow is driven as its app drives it: a job's folder and `python -m workbench.jobs`. The others are
scripts that are all called alike.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.environments import environment_python, litellm_encodings
from benchmarks.work import Question, write_work
from workbench.generation.answers import FOLDER, read_answers
from workbench.generation.endpoint import Endpoint
from workbench.generation.limits import Limits
from workbench.generation.requests import FILE_NAME, make_request, read_requests
from workbench.jobs.folder import write_lines
from workbench.jobs.process import create_job

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one run is asked to do, and the empty folder it may use."""

    work: list[Question]
    base_url: str
    model: str
    concurrency: int
    folder: Path
    requests_per_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start: its arguments and its whole environment."""

    argv: list[str]
    environment: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The text of each answer by question, and when the last one was stored (since the epoch)."""

    texts: dict[str, str]
    finished_at: float


@dataclass(frozen=True, slots=True)
class Client:
    """`stores` says in a few words what it does with an answer before it counts."""

    name: str
    stores: str
    prepare: Callable[[Assignment], Command]
    collect: Callable[[Assignment], Outcome]


def winnow() -> Client:
    return Client("Winnow", "synced, renamed", _prepare_job, _collect_job)


def one_at_a_time() -> Client:
    def prepare(assignment: Assignment) -> Command:
        return _script(assignment, sys.executable, HERE / "one_at_a_time.py", {})

    return Client("one at a time", "appended", prepare, _collect_lines)


def curator(environments: Path) -> Client:
    """Raises WinnowError where it is not installed."""
    python = environment_python(environments, "curator")
    encodings = litellm_encodings(python)

    def prepare(assignment: Assignment) -> Command:
        variables = {
            "CURATOR_CACHE_DIR": str(assignment.folder / "curator"),
            "CURATOR_DISABLE_CACHE": "true",
            # Drawing its progress table costs it throughput on two cores.
            "CURATOR_DISABLE_RICH_DISPLAY": "1",
            "TELEMETRY_ENABLED": "false",
            # tiktoken would download its encodings, and litellm its prices.
            "TIKTOKEN_CACHE_DIR": str(encodings),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        return _script(assignment, str(python), HERE / "peers" / "curator_client.py", variables)

    return Client("curator", "appended", prepare, _collect_lines)


def distilabel(environments: Path) -> Client:
    """Raises WinnowError where it is not installed."""
    python = environment_python(environments, "distilabel")

    def prepare(assignment: Assignment) -> Command:
        variables = {
            "DISTILABEL_CACHE_DIR": str(assignment.folder / "distilabel"),
            "DISTILABEL_LOG_LEVEL": "WARNING",
        }
        return _script(assignment, str(python), HERE / "peers" / "distilabel_client.py", variables)

    return Client("distilabel", "at the end", prepare, _collect_lines)


def _script(
    assignment: Assignment, python: str, script: Path, variables: dict[str, str]
) -> Command:
    work = assignment.folder / "work.jsonl"
    write_work(work, assignment.work)
    arguments = [
        str(work),
        str(_answers_path(assignment)),
        assignment.base_url,
        assignment.model,
        str(assignment.concurrency),
    ]
    environment = {
        **_environment(),
        "HF_HOME": str(assignment.folder / "huggingface"),
        "HF_HUB_OFFLINE": "1",
        **variables,
    }
    return Command([python, str(script), *arguments], environment)


def _environment() -> dict[str, str]:
    """Ours without keys, proxies and whatever else could change what a client does."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _answers_path(assignment: Assignment) -> Path:
    return assignment.folder / "answers.jsonl"


def _collect_lines(assignment: Assignment) -> Outcome:
    """The answers of a script: one a line, and its own time or else that of its last write."""
    path = _answers_path(assignment)
    finished_at = path.stat().st_mtime
    texts = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "finished_at" in row:
            finished_at = row["finished_at"]
        else:
            texts[row["id"]] = row["text"]
    return Outcome(texts, finished_at)


def _job_path(assignment: Assignment) -> Path:
    return assignment.folder / "job"


def _prepare_job(assignment: Assignment) -> Command:
    endpoint = Endpoint(assignment.base_url, assignment.model)
    folder = create_job(
        assignment.folder,
        "generate",
        {
            "endpoint": {"kind": "url", "base_url": endpoint.base_url, "model": endpoint.model},
            "task": "oss-instruct",
        },
        job_id="job",
    )
    limits = Limits(
        concurrency=assignment.concurrency, requests_per_minute=assignment.requests_per_minute
    )
    limits.save(folder.path)
    requests = (
        make_request(
            question.messages,
            endpoint=endpoint.name,
            model=endpoint.model,
            parameters=question.parameters,
            seed_id=question.id,
            prompt_id="benchmark",
        )
        for question in assignment.work
    )
    write_lines(folder.path / FILE_NAME, map(asdict, requests))
    return Command(folder.spec.argv, {**_environment(), "PYTHONUNBUFFERED": "1"})


def _collect_job(assignment: Assignment) -> Outcome:
    """The answers of a job. A segment's change time is its renaming, which follows its sync."""
    folder = _job_path(assignment)
    asked = {request.key: request.seed_id for request in read_requests(folder)}
    texts = {
        asked[answer.key]: json.loads(answer.raw)["choices"][0]["message"]["content"]
        for answer in read_answers(folder)
        if answer.failure is None
    }
    finished_at = max(path.stat().st_ctime for path in (folder / FOLDER).glob("*.jsonl"))
    return Outcome(texts, finished_at)
