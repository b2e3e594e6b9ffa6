"""Drawing seeds: from corpora to the seeds table."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.jobs import add_job
from storage.records import Seed
from storage.seeds import add_corpora, add_seeds
from workbench.corpora.corpus import make_absolute, open_corpora
from workbench.jobs.folder import JobFolder
from workbench.jobs.process import create_job, start_job
from workbench.seeds.options import DrawOptions
from workbench.workspace import Workspace

SEED_FIELDS = [field.name for field in fields(Seed)]


def start_draw(workspace: Workspace, corpora: Sequence[str], options: DrawOptions) -> JobFolder:
    """Start drawing seeds; a corpus that cannot be opened is said before anything starts.

    Raises:
        WinnowError: no corpus, or one that is missing, empty or of an unknown kind.
    """
    if not corpora:
        raise WinnowError("No corpus is named: name a folder, or `installed`.")
    specs = [make_absolute(spec) for spec in corpora]
    open_corpora(specs)
    params = {**asdict(options), "corpora": specs}
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
        if not equals or not count.strip().isdecimal():
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
