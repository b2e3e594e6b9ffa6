"""The JSON routes behind the Generate page: jobs, failures down to the raw answer, newest samples.

Text of seeds and models is answered as JSON strings, which the page puts in as text nodes, or as
HTML that `render` made safe.
"""

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from storage import ledger, samples, seeds
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.outcomes import Outcomes, count_older_readings, count_outcomes, page_failures
from storage.records import Seed
from workbench.generation.limits import Limits, Price, load_limits
from workbench.generation.tasks import PARSER_VERSION
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import list_jobs
from workbench.pipeline.ingest import kind_of
from workbench.pipeline.jobs import describe_job, find_job, pause_job, resume_job
from workbench.pipeline.prices import known_prices, save_price
from workbench.pipeline.send import SENDING, parse_again
from workbench.ui.render import code_html, markdown_html, seed_html
from workbench.workspace import Workspace

FAILURES_AT_ONCE = 50
MOST_JOBS = 200
MOST_NEWEST = 24
# A browser shows this much at once; the rest stays in the ledger.
SHOWN_CHARACTERS = 200_000


class LimitsBody(BaseModel):
    """The limits that somebody typed in to resume a job with; None is no limit."""

    concurrency: int
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_cost: float | None = None
    resend_unknown: int = 0


class ResumeBody(BaseModel):
    """How a job goes on: other limits, and reasons of failures that are asked anew."""

    limits: LimitsBody | None = None
    retry: list[str] = Field(default_factory=list, max_length=100)


class PriceBody(BaseModel):
    """What a model costs in US dollars per million tokens; None of both: nobody knows."""

    model: str
    input: float | None = None
    output: float | None = None


def add_generate_routes(router: APIRouter, workspace: Workspace) -> None:
    """Add what the Generate page and the table of prices ask for."""
    _add_job_routes(router, workspace)
    _add_failure_routes(router, workspace)
    _add_price_routes(router, workspace)

    @router.get("/generate/newest")
    def newest(size: int = 3) -> list[dict[str, Any]]:
        shown = max(1, min(size, MOST_NEWEST))
        with workspace.database.read() as cursor:
            cards = samples.page_samples(cursor, SampleFilter(), size=shown, newest=True)
            origins = seeds.get_seeds(cursor, [card["seed_id"] for card in cards])
            found = samples.get_cards(cursor, [_parent_id(card) for card in cards])
        parents = {card["id"]: card for card in found}
        return [
            _sample(card, origins.get(card["seed_id"]), parents.get(_parent_id(card)))
            for card in cards
        ]


def _add_job_routes(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/generate/jobs")
    def jobs(limit: int = 8, job: str = "") -> dict[str, Any]:
        folders = [f for f in list_jobs(workspace.jobs_dir) if kind_of(f.id) in SENDING]
        shown = folders[: max(1, min(limit, MOST_JOBS))]
        # The one that the address names is shown however old it is.
        shown += [folder for folder in folders[len(shown) :] if folder.id == job]
        with workspace.database.read() as cursor:
            outcomes = count_outcomes(cursor, [folder.id for folder in shown])
            counts = {
                "samples": samples.count_samples(cursor),
                "seeds": seeds.count_seeds(cursor),
                "older_readings": count_older_readings(cursor, parser=PARSER_VERSION),
            }
        described = [_job(folder, outcomes[folder.id]) for folder in shown]
        return {"jobs": described, "more": len(folders) > len(shown), **counts}

    @router.get("/generate/jobs/{job_id}/limits")
    def limits(job_id: str) -> dict[str, Any]:
        return asdict(load_limits(_sending(workspace, job_id).path))

    @router.post("/generate/jobs/{job_id}/pause")
    def pause(job_id: str) -> dict[str, str]:
        pause_job(workspace, job_id)
        return {"state": "stopping"}

    @router.post("/generate/jobs/{job_id}/resume")
    def resume(job_id: str, body: ResumeBody) -> dict[str, Any]:
        folder = _sending(workspace, job_id)
        kept: Limits | None = None
        if body.limits:
            kept = replace(load_limits(folder.path), **body.limits.model_dump())
        return describe_job(resume_job(workspace, job_id, limits=kept, retry=body.retry))

    @router.post("/generate/parse-again")
    def read_again() -> dict[str, int]:
        seen, gained = parse_again(workspace)
        return {"seen": seen, "gained": gained}


def _sending(workspace: Workspace, job_id: str) -> JobFolder:
    folder = find_job(workspace, job_id)
    if folder.spec.kind not in SENDING:
        raise WinnowError(f"Job {job_id} sends no requests: it has no limits and no failures.")
    return folder


def _job(folder: JobFolder, outcomes: Outcomes) -> dict[str, Any]:
    params = folder.spec.params
    price = params.get("price")
    return {
        **describe_job(folder),
        "model": params.get("model", ""),
        "endpoint": params.get("endpoint_name", ""),
        "prompt": params.get("prompt", ""),
        "priced": price is not None,
        "free": price == {"input": 0.0, "output": 0.0},
        **asdict(outcomes),
    }


def _add_failure_routes(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/generate/jobs/{job_id}/failures")
    def failures(job_id: str, reason: str = "", after: str = "") -> dict[str, Any]:
        with workspace.database.read() as cursor:
            rows = page_failures(cursor, job_id, reason=reason, after=after, size=FAILURES_AT_ONCE)
        return {"rows": rows, "more": len(rows) == FAILURES_AT_ONCE}

    @router.get("/generate/requests/{key}")
    def request(key: str) -> dict[str, Any]:
        with workspace.database.read() as cursor:
            row = ledger.get_request(cursor, key)
            if row is None:
                raise WinnowError(f"There is no request {key[:80]!r} in this workspace.")
            answers = ledger.raw_answers(cursor, key)
            seed = seeds.get_seed(cursor, row["seed_id"])
        return {
            "request": row,
            "answers": [_answer(answer) for answer in answers],
            "seed": asdict(seed) if seed else None,
        }


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    raw = answer["raw"]
    return {**answer, "raw": raw[:SHOWN_CHARACTERS], "characters": len(raw)}


def _parent_id(card: dict[str, Any]) -> str:
    return card["evolution"]["parent_id"] if card["evolution"] else ""


def _sample(
    card: dict[str, Any], seed: Seed | None, parent: dict[str, Any] | None
) -> dict[str, Any]:
    """A sample for the browser beside what it came from: its parent where it was evolved."""
    origin = {"title": "Seed", "place": "", "html": ""}
    if parent:
        words = card["evolution"]["heuristic"].replace("_", " ").replace("-", " ")
        html = markdown_html(parent["problem"])
        origin = {"title": "Parent", "place": f"evolved: {words}", "html": html}
    elif seed:
        place = f"{seed.repository} · {seed.path}"
        origin = {"title": "Seed", "place": place, "html": seed_html(seed, around=0)}
    solution = card["solution"]
    bare = "```" not in solution  # a bare program, as imported sets have them
    return {
        "id": card["id"],
        "model": card["model"],
        "origin": origin,
        "problem_html": markdown_html(card["problem"]),
        "solution_html": f'<pre class="code">{code_html(solution, card["language"])}</pre>'
        if bare
        else markdown_html(solution),
    }


def _add_price_routes(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/prices")
    def prices() -> list[dict[str, Any]]:
        return [asdict(row) for row in known_prices(workspace)]

    @router.post("/prices")
    def change(body: PriceBody) -> list[dict[str, Any]]:
        if (body.input is None) != (body.output is None):
            raise WinnowError("One price is missing: give both, or neither for an unknown cost.")
        known = body.input is not None and body.output is not None
        price = Price(body.input or 0.0, body.output or 0.0) if known else None
        save_price(workspace, body.model, price)
        return prices()
