"""Generating samples: from seeds through an endpoint to the ledger and the samples."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.jobs import add_job
from storage.records import Prompt, Response
from storage.samples import add_prompt, add_responses, add_samples
from storage.seeds import answered_seeds, count_seeds, unused_seeds
from workbench.jobs.folder import JobFolder, read_lines, write_json, write_lines
from workbench.jobs.process import create_job, list_jobs, start_job
from workbench.settings import Settings
from workbench.workspace import Workspace

RESPONSE_FIELDS = [field.name for field in fields(Response)]
# A small model writes a few hundred tokens well; the paper's limit is for a large one.
EMBEDDED_MAX_TOKENS = 900
MAX_TOKENS = 2500
CONCURRENCY = 16
MOST_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """What to generate: `endpoint` is "embedded" or "configured", `model` overrides its default."""

    count: int = 20
    endpoint: str = "embedded"
    model: str = ""
    temperature: float = 0.0
    concurrency: int | None = None
    prompt: str = "oss-instruct"


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as requests name it, and the parameters that its job is started with."""

    name: str
    model: str
    params: dict[str, Any]
    secrets: dict[str, str]
    prompt: Prompt


def choose_target(settings: Settings, options: GenerateOptions) -> Target:
    """Which endpoint, model and prompt the options come to.

    Raises:
        WinnowError: no endpoint is configured, no model is named, or the embedded one is unknown.
    """
    from workbench.generation.prompts import load_prompt

    if options.endpoint == "embedded":
        from workbench.generation.embedded import embedded_name

        model = embedded_name(options.model or settings.embedded_model)
        endpoint = {"kind": "embedded", "model": options.model or settings.embedded_model}
        prompt = load_prompt(f"{options.prompt}-small")
        return Target(f"embedded:{model}", model, {"endpoint": endpoint}, {}, prompt)
    from workbench.generation.endpoint import Endpoint

    if not settings.base_url:
        raise WinnowError(
            "No endpoint is set: save a base URL on the Settings page, or set WINNOW_BASE_URL, "
            "or generate with the embedded model."
        )
    model = options.model or settings.model
    if not model:
        raise WinnowError("No model is set: name one on the Settings page or in WINNOW_MODEL.")
    key = settings.api_key.get_secret_value()
    params: dict[str, Any] = {
        "endpoint": {"kind": "url", "base_url": settings.base_url, "model": model}
    }
    if settings.price_input is not None and settings.price_output is not None:
        params["price"] = {"input": settings.price_input, "output": settings.price_output}
    name = Endpoint(settings.base_url, model, key).name
    secrets = {"WINNOW_API_KEY": key}
    return Target(name, model, params, secrets, load_prompt(options.prompt))


def start_generate(workspace: Workspace, options: GenerateOptions) -> JobFolder:
    """Start generating from the next seeds that this prompt and model have not answered yet.

    Raises:
        WinnowError: nothing to generate from, or a wrong option.
    """
    if not 1 <= options.count <= MOST_AT_ONCE:
        raise WinnowError(
            f"{options.count} samples cannot be asked for: use 1 to {MOST_AT_ONCE:,}."
        )
    if not 0 <= options.temperature <= 2:
        raise WinnowError(f"Temperature {options.temperature} is out of range: use 0 to 2.")
    target = choose_target(workspace.settings, options)
    asked = _seeds_under_way(workspace, target)
    with workspace.database.read() as cursor:
        seeds = unused_seeds(
            cursor,
            prompt_id=target.prompt.id,
            endpoint=target.name,
            model=target.model,
            limit=options.count,
            without=asked,
        )
        there = count_seeds(cursor)
    if not seeds:
        raise WinnowError(_explain_no_seeds(there, len(asked), target.model))
    embedded = options.endpoint == "embedded"
    params = {
        **target.params,
        "prompt": asdict(target.prompt),
        "temperature": options.temperature,
        "max_tokens": EMBEDDED_MAX_TOKENS if embedded else MAX_TOKENS,
        "concurrency": options.concurrency or (4 if embedded else CONCURRENCY),
        "cache_dir": str(workspace.settings.models_dir),
        "count": len(seeds),
    }
    folder = create_job(workspace.jobs_dir, "generate", params)
    # Whole before the job can be seen: one resumed with half of its seeds would look finished.
    write_lines(folder.path / "seeds.jsonl", map(asdict, seeds))
    with workspace.database.transaction() as cursor:
        add_prompt(cursor, target.prompt)
        add_job(cursor, folder.id, "generate")
    start_job(folder, secrets=target.secrets)
    return folder


def _explain_no_seeds(there: int, asked: int, model: str) -> str:
    if not there:
        return "There are no seeds yet: draw some on the Seeds page first."
    if asked:
        return (
            f"All {there:,} seeds were answered by {model} already or are being answered in a job "
            "that runs: draw more seeds."
        )
    return f"All {there:,} seeds were answered by {model} already: draw more seeds."


def _seeds_under_way(workspace: Workspace, target: Target) -> list[str]:
    """The seeds that running jobs ask the same model about: asked twice they are paid for twice."""
    return [
        str(row["id"])
        for folder in list_jobs(workspace.jobs_dir)
        if folder.spec.kind == "generate" and folder.is_alive()
        if _asks_the_same(folder.spec.params, target.params, target.prompt.id)
        for _, row in read_lines(folder.path / "seeds.jsonl")
    ]


def _asks_the_same(params: dict[str, Any], others: dict[str, Any], prompt_id: str) -> bool:
    return bool(params["endpoint"] == others["endpoint"] and params["prompt"]["id"] == prompt_id)


def _model_name(endpoint: dict[str, Any]) -> str:
    from workbench.generation.embedded import embedded_name

    model = str(endpoint["model"])
    return embedded_name(model) if endpoint["kind"] == "embedded" else model


def _endpoint_name(endpoint: dict[str, Any]) -> str:
    from workbench.generation.endpoint import Endpoint

    if endpoint["kind"] == "embedded":
        return f"embedded:{_model_name(endpoint)}"
    return Endpoint(endpoint["base_url"], endpoint["model"]).name


def note_answered_elsewhere(workspace: Workspace, folder: JobFolder) -> None:
    """Write for a job that is resumed which of its seeds other jobs answered since, or are asking.

    They are `elsewhere.json` in its folder, a list of seed ids.
    """
    ids = {str(row["id"]) for _, row in read_lines(folder.path / "seeds.jsonl")}
    params = folder.spec.params
    with workspace.database.read() as cursor:
        elsewhere = answered_seeds(
            cursor,
            prompt_id=params["prompt"]["id"],
            endpoint=_endpoint_name(params["endpoint"]),
            model=_model_name(params["endpoint"]),
            besides=folder.id,
        )
    for other in list_jobs(workspace.jobs_dir):
        if other.spec.kind != "generate" or other.id == folder.id or not other.is_alive():
            continue
        if _asks_the_same(other.spec.params, params, params["prompt"]["id"]):
            elsewhere |= {str(row["id"]) for _, row in read_lines(other.path / "seeds.jsonl")}
    write_json(folder.path / "elsewhere.json", sorted(ids & elsewhere))


def take_responses(cursor: DuckDBPyConnection, rows: list[dict[str, Any]], job_id: str) -> None:
    """Take in raw answers: settle the ledger, and make a sample of each that parses."""
    from workbench.generation.parsing import sample_from

    outcomes: list[tuple[Response, str | None]] = []
    samples = []
    for row in rows:
        response = Response(**{name: row[name] for name in RESPONSE_FIELDS})
        sample, reason = sample_from(response)
        outcomes.append((response, reason))
        if sample:
            samples.append((sample, response.model))
    add_responses(cursor, outcomes, job_id=job_id)
    add_samples(cursor, samples)
