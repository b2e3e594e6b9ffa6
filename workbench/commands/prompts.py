"""The command for prompt versions: list, show, save."""

import difflib
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from storage.errors import WinnowError
from workbench.commands.answer import Answer
from workbench.pipeline.prompts import (
    SHORT,
    PromptVersion,
    find_version,
    list_versions,
    save_version,
)
from workbench.workspace import Workspace

MOST_BYTES = 1_000_000


def prompts(workspace: Workspace, arguments: Namespace) -> Answer:
    """List prompt versions, show one with what changed in it, or save a new one."""
    if arguments.action == "list":
        known = list_versions(workspace)
        return Answer("\n".join(map(_version_line, known)), {"prompts": list(map(asdict, known))})
    if not arguments.prompt:
        raise WinnowError(f"Which prompt? Write `prompts {arguments.action} NAME`.")
    if arguments.action == "show":
        return _show(workspace, arguments.prompt)
    return _save(workspace, arguments)


def _version_line(version: PromptVersion) -> str:
    words = [version.prompt.id[:SHORT], version.prompt.name]
    if version.yielded is not None:
        words.append(f"{version.parsed:,} of {version.answers:,} answers gave a sample")
    return "  ".join([*words, *(["built in"] if version.built_in else [])])


def _show(workspace: Workspace, name_or_id: str) -> Answer:
    prompt = find_version(workspace, name_or_id)
    known = {version.prompt.id: version for version in list_versions(workspace)}
    parent = known.get(known[prompt.id].parent_id or "") if prompt.id in known else None
    text = f"{prompt.name} {prompt.id}\n\n[system]\n{prompt.system}\n\n[user]\n{prompt.user}"
    if parent:
        lines = difflib.unified_diff(
            parent.prompt.user.split("\n"), prompt.user.split("\n"), lineterm="", n=1
        )
        changed = "\n".join(line for line in lines if not line.startswith(("---", "+++")))
        text += f"\n\n[changed from {parent.label}]\n{changed or 'the system message alone'}"
    parent_id = parent.prompt.id if parent else None
    return Answer(text, {**asdict(prompt), "parent_id": parent_id})


def _save(workspace: Workspace, arguments: Namespace) -> Answer:
    """Save a user message from a file; the rest is that of the version it is edited from."""
    if not arguments.user:
        raise WinnowError("What is the prompt? Name the file of its user message with --user FILE.")
    parent = find_version(workspace, arguments.base)
    system = _read(arguments.system) if arguments.system else parent.system
    saved = save_version(
        workspace,
        arguments.prompt,
        system=system,
        user=_read(arguments.user),
        parent_id=parent.id,
    )
    for warning in saved.warnings:
        print(warning, file=sys.stderr)
    label = f"{saved.prompt.name} {saved.prompt.id}"
    words = f"Saved {label}." if saved.is_new else f"This text is {label} already."
    return Answer(words, {**asdict(saved.prompt), "new": saved.is_new, "warnings": saved.warnings})


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()[: MOST_BYTES + 1]
    except OSError as error:
        raise WinnowError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        if len(data) > MOST_BYTES:
            raise WinnowError(f"{path} is no prompt: it has more than {MOST_BYTES:,} bytes.")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WinnowError(f"{path} is not UTF-8 text ({error.reason}): convert it.") from error
