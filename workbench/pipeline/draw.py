"""Drawing seeds: from corpora to the seeds table."""

from dataclasses import dataclass, fields
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.jobs import add_job
from storage.records import Seed
from storage.seeds import add_corpora, add_seeds
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import create_job, start_job
from workbench.workspace import Workspace

SEED_FIELDS = [field.name for field in fields(Seed)]


@dataclass(frozen=True, slots=True)
class DrawOptions:
    """What to draw; the defaults are the paper's, but for the count, which is a first taste.

    `languages` are quotas by language, or None to take documents as they come. `licences` is
    "permissive" or "any".
    """

    corpora: tuple[str, ...] = ("installed",)
    count: int = 100
    languages: dict[str, int] | None = None
    min_lines: int = 1
    max_lines: int = 15
    random_seed: int = 976
    licences: str = "permissive"


def start_draw(workspace: Workspace, options: DrawOptions) -> JobFolder:
    """Start drawing seeds; what is wrong with the options is said before anything starts."""
    from workbench.seeds.draw import check_options

    params = {field.name: getattr(options, field.name) for field in fields(DrawOptions)}
    params["corpora"] = list(options.corpora)
    check_options(**params)
    folder = create_job(workspace.jobs_dir, "draw", params)
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, "draw")
    start_job(folder)
    return folder


def parse_quotas(text: str) -> dict[str, int] | None:
    """Quotas from `python=40000,cpp=5000`; None where the text is empty."""
    quotas: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        language, equals, count = part.partition("=")
        if not equals or not count.strip().isdigit():
            raise WinnowError(f"{part!r} is no quota: write language=count, as in python=40,cpp=5.")
        quotas[language.strip().lower()] = int(count)
    return quotas or None


def take_corpora(cursor: DuckDBPyConnection, rows: list[dict[str, Any]], job_id: str) -> None:
    """Take in what the draw found of each corpus."""
    add_corpora(cursor, rows)


def take_seeds(cursor: DuckDBPyConnection, rows: list[dict[str, Any]], job_id: str) -> None:
    """Take in drawn seeds."""
    seeds = [Seed(**{name: row[name] for name in SEED_FIELDS}) for row in rows]
    add_seeds(cursor, seeds, job_id=job_id)
