"""Cleaning and analysis of all samples: findings, metrics, clusters, embeddings."""

import json
from dataclasses import fields
from typing import Any

import pyarrow.parquet
from duckdb import DuckDBPyConnection

from storage.analyses import add_analysis, add_embeddings, cached_embeddings
from storage.errors import WinnowError
from storage.jobs import add_job
from storage.records import Finding, Metrics
from storage.samples import all_samples, replace_analysis
from workbench.jobs.folder import JobFolder, read_lines, write_lines
from workbench.jobs.process import create_job, list_jobs, start_job
from workbench.workspace import Workspace


def start_analyze(workspace: Workspace) -> JobFolder:
    """Start checking and measuring every sample; unchanged texts are not embedded again.

    Where an analysis is running already it is that one: two would mix their clusters.

    Raises:
        WinnowError: there are no samples.
    """
    for running in list_jobs(workspace.jobs_dir):
        if running.spec.kind == "analyze" and running.is_alive():
            return running
    with workspace.database.read() as cursor:
        samples = all_samples(cursor)
        cached = cached_embeddings(cursor)
    if not samples:
        raise WinnowError("There are no samples to analyze yet: generate some first.")
    folder = create_job(workspace.jobs_dir, "analyze", {"samples": len(samples)})
    write_lines(folder.path / "samples.jsonl", samples)
    pyarrow.parquet.write_table(cached, folder.path / "cached_embeddings.parquet")
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, "analyze")
    start_job(folder)
    return folder


def take_analysis(cursor: DuckDBPyConnection, folder: JobFolder) -> None:
    """Take in a finished analysis whole; until then the one before it stands."""
    rows = {
        name: [row for _, row in read_lines(folder.path / f"{name}.jsonl")]
        for name in ("findings", "metrics")
    }
    replace_analysis(
        cursor,
        [Finding(**_values(Finding, row)) for row in rows["findings"]],
        [Metrics(**_values(Metrics, row)) for row in rows["metrics"]],
        job_id=folder.id,
    )
    add_embeddings(cursor, pyarrow.parquet.read_table(folder.path / "embeddings.parquet"))
    add_analysis(
        cursor,
        folder.id,
        samples=len(rows["metrics"]),
        clusters=json.loads((folder.path / "clusters.json").read_text(encoding="utf-8")),
        versions=json.loads((folder.path / "versions.json").read_text(encoding="utf-8")),
    )


def _values(kind: type[Finding] | type[Metrics], row: dict[str, Any]) -> dict[str, Any]:
    return {field.name: row[field.name] for field in fields(kind)}
