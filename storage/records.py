"""The records that pass from step to step: plain values, no behaviour."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """One source file of a corpus.

    `repository` is the repository or package it belongs to, `path` its path inside that, `licence`
    an SPDX expression or "unknown", `text` the decoded content without metadata marker lines.
    """

    corpus: str
    repository: str
    path: str
    language: str
    licence: str
    text: str


@dataclass(frozen=True, slots=True)
class Seed:
    """A snippet of consecutive lines from one document; lines count from 1, both ends included.

    `before` and `after` are the surrounding lines, so that the snippet can be shown in its file.
    """

    id: str
    corpus: str
    repository: str
    path: str
    first_line: int
    last_line: int
    language: str
    licence: str
    snippet: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt whose id is the hash of its content; `user` holds the placeholder `{snippet}`."""

    id: str
    name: str
    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Request:
    """One question to an endpoint.

    `key` is the hash of everything that shapes the answer. `parameters` go to the endpoint by these
    very names, a grammar included. `task` says how the answer is read (`oss-instruct`,
    `evol-instruct`, `judge`), `about` what that needs to know beyond the seed, as JSON values.
    `attempt` counts from 0; another one asks the same anew.
    """

    key: str
    seed_id: str
    prompt_id: str
    messages: list[dict[str, str]]
    parameters: dict[str, Any]
    task: str = "oss-instruct"
    attempt: int = 0
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """What every attempt of it is about: the sample, where there is one, or else the seed."""
        return str(self.about.get("sample", self.seed_id))


@dataclass(frozen=True, slots=True)
class Response:
    """What an endpoint answered to one request, as received, before any parsing.

    `raw` is the response body. `seconds` are from sending to the last byte. `cost` is in US dollars
    or None where the model's price or the answer's usage is not known, `reserved` the most it can
    have cost. `failure` names why there is no usable body (`unauthorized`, `timed_out`, …), or is
    None. The rest is as in the request.
    """

    key: str
    seed_id: str
    prompt_id: str
    endpoint: str
    model: str
    parameters: dict[str, Any]
    raw: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    cost: float | None
    received_at: float
    failure: str | None = None
    reserved: float | None = None
    task: str = "oss-instruct"
    attempt: int = 0
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """As in the request."""
        return str(self.about.get("sample", self.seed_id))


@dataclass(frozen=True, slots=True)
class Sample:
    """A problem and its solution; an edit makes a new revision and never changes an old one."""

    id: str
    revision: int
    seed_id: str
    request_key: str
    problem: str
    solution: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found wrong with a sample; `reason` is a short stable identifier.

    `detail` holds the proof: what a person needs to see to believe it, as JSON values.
    """

    sample_id: str
    check: str
    reason: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a sample is: its category, cluster and place on the map, similarity and lengths.

    `similarity` is the greatest cosine (0 to 1) to a HumanEval task, `nearest_task` that task.
    Lengths are in tokens. `x` and `y` are map coordinates without a unit.
    """

    sample_id: str
    category: str
    category_score: float
    nearest_task: str
    similarity: float
    problem_tokens: int
    solution_tokens: int
    cluster: int
    x: float
    y: float
