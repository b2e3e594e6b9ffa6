"""The JSON routes of the blind comparison: until the tally is asked for, nothing says which is
whose."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from storage.comparisons import list_comparisons
from workbench.generation.parsing import find_code_block
from workbench.pipeline.compare import ask_missing, find_comparison
from workbench.pipeline.votes import Standing, cast_vote, get_pair, open_tally, standing
from workbench.ui.render import code_html, markdown_html, seed_html
from workbench.workspace import Workspace

NEWEST = 20


class VoteBody(BaseModel):
    """A vote as the browser sends it; the reviewer comes from the session, never from here."""

    id: str = Field(min_length=8, max_length=64)
    position: int = Field(ge=1, le=1_000_000)
    choice: str = Field(max_length=16)


def add_compare_routes(router: APIRouter, workspace: Workspace) -> None:
    """Add the routes under `compare`."""

    @router.get("/compare")
    def comparisons() -> list[dict[str, Any]]:
        with workspace.database.read() as cursor:
            newest = list_comparisons(cursor)[:NEWEST]
        reviewer = workspace.settings.reviewer
        return [_progress(standing(workspace, one, reviewer=reviewer)) for one in newest]

    @router.get("/compare/{comparison_id}")
    def one_comparison(comparison_id: str) -> dict[str, Any]:
        comparison = find_comparison(workspace, comparison_id)
        now = standing(workspace, comparison, reviewer=workspace.settings.reviewer)
        return {**_progress(now), "pairs": now.pairs}

    @router.get("/compare/{comparison_id}/pairs/{position}")
    def pair(comparison_id: str, position: int) -> dict[str, Any]:
        found = get_pair(workspace, find_comparison(workspace, comparison_id), position)
        return {
            "position": found.position,
            "seed_html": seed_html(found.seed) if found.seed else "",
            "left": _answer(*found.left),
            "right": _answer(*found.right),
        }

    @router.post("/compare/{comparison_id}/votes")
    def vote(comparison_id: str, body: VoteBody) -> dict[str, str]:
        cast_vote(
            workspace,
            find_comparison(workspace, comparison_id),
            vote_id=body.id,
            position=body.position,
            choice=body.choice,
            reviewer=workspace.settings.reviewer,
        )
        return {"id": body.id}  # after the commit: now it is saved

    # No GET: that somebody has seen it is kept.
    @router.post("/compare/{comparison_id}/tally")
    def tally(comparison_id: str) -> dict[str, Any]:
        return asdict(open_tally(workspace, comparison_id, reviewer=workspace.settings.reviewer))

    @router.post("/compare/{comparison_id}/ask")
    def ask(comparison_id: str) -> dict[str, int]:
        return {"jobs": len(ask_missing(workspace, comparison_id))}


def _progress(now: Standing) -> dict[str, Any]:
    names = ("id", "name", "created_at", "waiting", "missing", "failed", "judged")
    return {**{name: getattr(now, name) for name in names}, "ready": len(now.pairs)}


def _answer(problem: str, solution: str, language: str) -> dict[str, str]:
    """The two texts as safe HTML; a program without a fence as code, which Markdown would spoil."""
    if find_code_block(solution) is None:
        shown = f'<pre class="code"><code>{code_html(solution, language)}</code></pre>'
    else:
        shown = markdown_html(solution)
    return {"problem_html": markdown_html(problem), "solution_html": shown}
