"""Requests: one question to an endpoint, and the key that says whether it was answered before."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from storage.records import Prompt, Request, Seed
from workbench.generation.prompts import Message, render
from workbench.jobs.folder import read_lines

# The paper's random seed; it only matters where the temperature is above 0.
RANDOM_SEED = 976
FILE_NAME = "requests.jsonl"


def build_requests(
    seeds: Iterable[Seed],
    prompt: Prompt,
    *,
    endpoint: str,
    model: str,
    parameters: dict[str, Any],
    attempt: int = 0,
) -> Iterator[Request]:
    """One request per seed; another `attempt` asks the same anew."""
    for seed in seeds:
        yield make_request(
            render(prompt, seed.snippet),
            endpoint=endpoint,
            model=model,
            parameters=parameters,
            seed_id=seed.id,
            prompt_id=prompt.id,
            attempt=attempt,
        )


def make_request(
    messages: list[Message],
    *,
    endpoint: str,
    model: str,
    parameters: dict[str, Any],
    seed_id: str,
    prompt_id: str,
    task: str = "oss-instruct",
    attempt: int = 0,
    about: dict[str, Any] | None = None,
) -> Request:
    """A request with its key: the hash of everything that shapes the answer.

    `endpoint` is its name in records (`Endpoint.name`); the API key is no part of it.
    """
    if parameters.get("temperature"):
        parameters = {**parameters, "seed": RANDOM_SEED + attempt}
    content = [endpoint, model, messages, parameters, attempt]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    return Request(key, seed_id, prompt_id, messages, parameters, task, attempt, about or {})


def read_requests(folder: Path) -> Iterator[Request]:
    """The requests of a job in their order, one at a time: all of them may not fit into memory."""
    for _, row in read_lines(folder / FILE_NAME):
        yield Request(**row)
