"""Requests: one question to an endpoint, and the key that says whether it was answered before."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from storage.records import Prompt, Seed
from workbench.generation.endpoint import Endpoint
from workbench.generation.prompts import Message, render

# The paper's random seed; it only matters where the temperature is above 0.
RANDOM_SEED = 976


@dataclass(frozen=True, slots=True)
class Request:
    """One question. `parameters` go to the endpoint by these very names, a grammar included."""

    key: str
    seed_id: str
    prompt_id: str
    messages: list[Message]
    parameters: dict[str, Any]


def build_requests(
    seeds: Iterable[Seed],
    prompt: Prompt,
    endpoint: Endpoint,
    *,
    parameters: dict[str, Any],
    sample_index: int = 0,
) -> list[Request]:
    """One request per seed; another `sample_index` asks the same anew."""
    if parameters.get("temperature"):
        parameters = {**parameters, "seed": RANDOM_SEED + sample_index}
    requests = []
    for seed in seeds:
        messages = render(prompt, seed.snippet)
        key = request_key(endpoint, messages, parameters=parameters, sample_index=sample_index)
        requests.append(Request(key, seed.id, prompt.id, messages, parameters))
    return requests


def request_key(
    endpoint: Endpoint,
    messages: list[Message],
    *,
    parameters: dict[str, Any],
    sample_index: int = 0,
) -> str:
    """The hash of everything that shapes the answer; the API key is no part of it."""
    content = [endpoint.name, endpoint.model, messages, parameters, sample_index]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
