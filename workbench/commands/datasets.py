"""The commands on frozen data sets: make, list, compare, add a format, push to the Hub."""

import os
from argparse import Namespace
from dataclasses import asdict

from pydantic import SecretStr

from storage.datasets import list_datasets
from storage.errors import WinnowError
from storage.filters import SampleFilter
from workbench.commands.answer import Answer
from workbench.pipeline.export import add_dataset_formats, export_dataset
from workbench.workspace import Workspace


def export(workspace: Workspace, arguments: Namespace) -> Answer:
    """Freeze a data set."""
    dataset = export_dataset(
        workspace,
        arguments.name,
        SampleFilter.parse(arguments.filter),
        out_dir=arguments.out,
        allow_contaminated=arguments.allow_contaminated,
        formats=split_names(arguments.formats),
        held_out=arguments.held_out,
        random_seed=arguments.random_seed,
        licences=arguments.licenses,
    )
    return Answer(f"Froze {dataset.rows:,} rows as {dataset.path}.", asdict(dataset))


def list_all(workspace: Workspace, arguments: Namespace) -> Answer:
    """List the data sets, newest first."""
    with workspace.database.read() as cursor:
        found = list_datasets(cursor)
    lines = [
        f"{row['id']}  {row['rows']:,} rows  {row['filter'] or 'every sample'}" for row in found
    ]
    values = [{**row, "created_at": row["created_at"].isoformat()} for row in found]
    return Answer("\n".join(lines) or "There are no data sets yet.", {"datasets": values})


def compare(workspace: Workspace, arguments: Namespace) -> Answer:
    """Compare two data sets."""
    from workbench.export.comparison import comparison_text
    from workbench.pipeline.compare_datasets import compare_datasets

    found = compare_datasets(workspace, arguments.first, arguments.second)
    return Answer(
        comparison_text(found),
        {
            "first": found.first.name,
            "second": found.second.name,
            "in": found.rows_in,
            "out": found.rows_out,
            "changed": found.changed,
            "moved": found.moved,
            "same": found.same,
            "same_order": found.same_order,
            "mixes": found.mixes,
        },
    )


def add_format(workspace: Workspace, arguments: Namespace) -> Answer:
    """Add files of other formats to a frozen data set."""
    wanted = split_names(arguments.formats)
    if not wanted:
        raise WinnowError("Say which formats to add, such as parquet,csv.")
    added = add_dataset_formats(workspace, arguments.dataset, wanted)
    words = f"Added {', '.join(added)}" if added else "Nothing to add: the files are there"
    return Answer(f"{words}.", {"added": added})


def push(workspace: Workspace, arguments: Namespace) -> Answer:
    """Push a data set to the Hub, with the token of the environment's HF_TOKEN."""
    from workbench.pipeline.publish import publish_dataset

    # From the environment alone: an argument would stand in the shell's history and in `ps`.
    token = SecretStr(os.environ.get("HF_TOKEN", "").strip())
    done = publish_dataset(
        workspace,
        arguments.dataset,
        arguments.repository,
        token,
        private=not arguments.public,
        endpoint=arguments.endpoint,
        allow_contaminated=arguments.allow_contaminated,
    )
    return Answer(f"Pushed {len(done.files)} files to {done.url}.", asdict(done))


def split_names(text: str) -> list[str]:
    """The names in a list divided by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
