"""The options that every command shares which asks an endpoint."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from typing import Any

from workbench.generation.limits import Limits, load_limits
from workbench.jobs.folder import JobFolder
from workbench.pipeline.target import TargetOptions
from workbench.workspace import Workspace


def add_asking_options(command: ArgumentParser) -> None:
    """Add where to ask and what to keep to; a limit that is not given is none, or the default."""
    add = command.add_argument
    add("--endpoint", help="base URL, or `embedded` (WINNOW_BASE_URL)")
    add("--model", default="", help="model to ask for (WINNOW_MODEL)")
    add("--temperature", type=float, default=0.0)
    add("--concurrency", type=int, help="most requests at once")
    add("--rpm", type=float, help="most requests per minute")
    add("--tpm", type=float, help="most tokens per minute")
    add("--max-cost", type=float, metavar="USD", help="cap on what the job can come to")
    add(
        "--resend",
        type=int,
        default=0,
        metavar="N",
        help="send up to N requests again whose outcome is unknown and which may be paid for",
    )


def read_target_options(workspace: Workspace, arguments: Namespace) -> TargetOptions:
    """The endpoint and limits that the options name; a URL replaces the one that is set."""
    url = arguments.endpoint if arguments.endpoint not in (None, "embedded") else ""
    if url:
        workspace.settings = workspace.settings.model_copy(update={"base_url": url})
    configured = arguments.endpoint != "embedded" and workspace.settings.base_url
    return TargetOptions(
        endpoint="configured" if configured else "embedded",
        model=arguments.model,
        temperature=arguments.temperature,
        concurrency=arguments.concurrency,
        requests_per_minute=arguments.rpm,
        tokens_per_minute=arguments.tpm,
        max_cost=arguments.max_cost,
        resend_unknown=arguments.resend,
    )


def read_changed_limits(folder: JobFolder, arguments: Namespace) -> Limits:
    """The limits of a job that goes on, with what was typed in the place of what it had."""
    typed: dict[str, Any] = {
        "concurrency": arguments.concurrency,
        "requests_per_minute": arguments.rpm,
        "tokens_per_minute": arguments.tpm,
        "max_cost": arguments.max_cost,
        "resend_unknown": arguments.resend or None,
    }
    changes = {name: value for name, value in typed.items() if value is not None}
    return replace(load_limits(folder.path), **changes)
