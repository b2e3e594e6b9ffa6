"""The JSON routes behind the shell, the Explore and the Review page: read, shape, answer."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field

from storage import explore, reviews, samples, seeds
from storage.datasets import list_datasets
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.runs import list_runs
from workbench.pipeline.analyze import start_analyze
from workbench.pipeline.jobs import cancel_job, describe_job, describe_jobs, resume_job
from workbench.review.evidence import evidence_of
from workbench.ui.compare_api import add_compare_routes
from workbench.ui.generate_api import add_generate_routes
from workbench.ui.render import code_html, markdown_html, marked_words_html, seed_html
from workbench.workspace import Workspace

CARDS_AT_ONCE = 20
TABLE_ROWS = 50
DATASET_FILES = ("train.jsonl", "manifest.json", "README.md")


class DecisionBody(BaseModel):
    """A decision as the browser sends it; the reviewer comes from the session, never from here."""

    id: str = Field(min_length=8, max_length=64)
    sample_id: str = Field(max_length=128)
    verdict: str = Field(max_length=16)
    undoes: str | None = Field(None, max_length=64)


def add_routes(app: FastAPI, workspace: Workspace) -> None:
    """Add every JSON route to the app; our errors are answered as `{"error": sentence}`."""

    async def on_error(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, status_code=400)

    async def on_bad_request(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": _first_mistake(error)}, status_code=422)

    app.add_exception_handler(WinnowError, on_error)
    app.add_exception_handler(RequestValidationError, on_bad_request)
    router = APIRouter(prefix="/api")
    _add_shell_routes(router, workspace)
    _add_explore_routes(router, workspace)
    _add_review_routes(router, workspace)
    add_compare_routes(router, workspace)
    add_generate_routes(router, workspace)
    app.include_router(router)


def _first_mistake(error: Exception) -> str:
    """What is wrong with a request; never its text, which may be no text at all."""
    mistakes = error.errors() if isinstance(error, RequestValidationError) else []
    if not mistakes:
        return "The request cannot be read."
    place = ".".join(str(part) for part in mistakes[0]["loc"])
    return f"The request's {place} cannot be used: {mistakes[0]['msg']}."


def _add_shell_routes(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/status")
    def status() -> dict[str, Any]:
        with workspace.database.read() as cursor:
            verdicts = reviews.count_verdicts(cursor)
            counts = {
                "seeds": seeds.count_seeds(cursor),
                "samples": sum(verdicts.values()),
                "accepted": verdicts["accepted"],
                "reviewed": verdicts["accepted"] + verdicts["rejected"],
                "unanalyzed": samples.count_unanalyzed(cursor),
                "datasets": len(list_datasets(cursor)),
                "runs": len(list_runs(cursor)),
            }
        jobs = describe_jobs(workspace, limit=20)
        return {"counts": counts, "jobs": jobs, "reviewer": workspace.settings.reviewer}

    @router.post("/analyze")
    def analyze() -> dict[str, Any]:
        return describe_job(start_analyze(workspace))

    @router.get("/datasets/{dataset_id}/{name}")
    def download(dataset_id: str, name: str) -> FileResponse:
        with workspace.database.read() as cursor:
            known = {row["id"]: Path(row["path"]) for row in list_datasets(cursor)}
        if dataset_id not in known or name not in DATASET_FILES:
            raise WinnowError(f"There is no file {name!r} of a data set {dataset_id!r}.")
        path = known[dataset_id] / name
        if not path.is_file():
            raise WinnowError(f"{path} is not there any more: export the data set again.")
        return FileResponse(path, filename=f"{dataset_id}-{name}")

    @router.post("/jobs/{job_id}/cancel")
    def cancel(job_id: str) -> dict[str, str]:
        cancel_job(workspace, job_id)
        return {"state": "stopping"}

    @router.post("/jobs/{job_id}/resume")
    def resume(job_id: str) -> dict[str, Any]:
        return describe_job(resume_job(workspace, job_id))


def _filter(request: Request, *, without: tuple[str, ...] = ()) -> SampleFilter:
    values = {name: text for name, text in request.query_params.items() if name not in without}
    return SampleFilter.from_values(values)


def _add_explore_routes(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/explore")
    def explore_samples(request: Request) -> dict[str, Any]:
        where = _filter(request)
        with workspace.database.read() as cursor:
            return {
                "filter": where.as_words(),
                "all": samples.count_samples(cursor),
                "totals": explore.totals(cursor, where),
                "facets": explore.facets(cursor, where),
                "histogram": explore.histogram(cursor, where),
                "histogram_step": explore.HISTOGRAM_STEP,
                "points": explore.points(cursor, where),
                "clusters": explore.latest_clusters(cursor),
            }

    @router.get("/samples")
    def list_samples(request: Request, after: int = 0) -> dict[str, Any]:
        where = _filter(request, without=("after",))
        with workspace.database.read() as cursor:
            page = samples.page_samples(cursor, where, after=after, size=TABLE_ROWS)
        return {"rows": [_row(card) for card in page], "more": len(page) == TABLE_ROWS}


def _row(card: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "position", "category", "language", "similarity", "nearest_task", "verdict")
    lengths = {name: card[name] for name in ("problem_tokens", "solution_tokens")}
    reasons = [finding["reason"] for finding in card["findings"]]
    start = " ".join(card["problem"].split())[:160]
    return {name: card[name] for name in names} | lengths | {"findings": reasons, "start": start}


def _add_review_routes(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/review/queue")
    def queue(request: Request) -> dict[str, Any]:
        where = _filter(request)
        with workspace.database.read() as cursor:
            found = samples.list_sample_ids(cursor, where)
            recent = reviews.list_decisions(cursor, reviewer=workspace.settings.reviewer)
        return {"filter": where.as_words(), "queue": found, "recent": recent}

    @router.get("/review/cards")
    def cards(ids: str) -> list[dict[str, Any]]:
        wanted = [name for name in ids.split(",") if name][:CARDS_AT_ONCE]
        with workspace.database.read() as cursor:
            found = samples.get_cards(cursor, wanted)
            origins = seeds.get_seeds(cursor, [card["seed_id"] for card in found])
            clusters = explore.latest_clusters(cursor)
        return [_card(card, origins, clusters) for card in found]

    @router.post("/review/decisions")
    def decide(body: DecisionBody) -> dict[str, str]:
        decision = reviews.Decision(
            body.id, body.sample_id, body.verdict, workspace.settings.reviewer, body.undoes
        )
        with workspace.database.transaction() as cursor:
            verdict = reviews.add_decision(cursor, decision)
        return {"id": body.id, "verdict": verdict}  # after the commit: now it is saved

    @router.get("/review/nearest/{sample_id}")
    def nearest(sample_id: str) -> dict[str, str]:
        from workbench.analysis.similarity import shared_words
        from workbench.cleaning.benchmarks import get_task

        with workspace.database.read() as cursor:
            found = samples.get_cards(cursor, [sample_id])
        if not found or not found[0]["nearest_task"]:
            raise WinnowError(
                f"Sample {sample_id!r} has no nearest task: it shares no word with any, or was not "
                "analyzed yet."
            )
        card = found[0]
        task = get_task(card["nearest_task"])
        text = task.prompt + task.canonical_solution
        words = shared_words(f"{card['problem']} {card['solution']}", text)
        return {"task": card["nearest_task"], "html": marked_words_html(text, words)}


def _card(
    card: dict[str, Any], origins: dict[str, Any], clusters: dict[int, dict[str, Any]]
) -> dict[str, Any]:
    """A card for the browser: text as safe HTML, evidence as lines, provenance as plain values."""
    seed = origins.get(card["seed_id"])
    names = ("id", "verdict", "category", "language", "model", "similarity", "nearest_task")
    shown = {name: card[name] for name in names}
    lengths = {name: card[name] for name in ("problem_tokens", "solution_tokens")}
    solution = card["solution"]
    if "```" not in solution:  # a bare program, as imported sets have them
        solution_html = f'<pre class="code">{code_html(solution, card["language"])}</pre>'
    else:
        solution_html = markdown_html(solution)
    cluster = clusters.get(card["cluster"], {}) if card["cluster"] is not None else {}
    return {
        **shown,
        **lengths,
        "cluster": cluster.get("title", ""),
        "problem_html": markdown_html(card["problem"]),
        "solution_html": solution_html,
        "seed_html": seed_html(seed) if seed else "",
        "seed": _origin(seed) if seed else None,
        "evidence": [asdict(line) for line in evidence_of(card)],
    }


def _origin(seed: Any) -> dict[str, Any]:
    names = ("corpus", "repository", "path", "first_line", "last_line", "licence", "language")
    return {name: getattr(seed, name) for name in names}
