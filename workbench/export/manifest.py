"""The manifest of a data set: all that is frozen with the rows, as JSON."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from workbench.cleaning import contamination
from workbench.export.background import ANY, Background, Policy
from workbench.export.counts import DatasetCounts
from workbench.export.files import MESSAGES, FileFormat
from workbench.export.rows import FORMAT_VERSION
from workbench.export.split import Split

MANIFEST_VERSION = 2  # 1 had no policy, split, agreement or contamination report
METHOD = "lower-cased substrings of problem and solution: the docstrings and solutions of a task"


def build_manifest(
    split: Split,
    counts: DatasetCounts,
    background: Background,
    policy: Policy,
    *,
    name: str,
    content_hash: str,
    formats: Sequence[FileFormat],
    files: Mapping[str, bytes],
    replaced: int,
    created_at: datetime | None,
) -> dict[str, Any]:
    """Everything that is frozen with these rows; `rows` are those of train.jsonl.

    `counts` is over all rows, held out ones too. `replaced` rows had characters that no file of
    UTF-8 can hold.
    """
    expression = storable(background.filter_text)
    created = (created_at or datetime.now(UTC)).astimezone(UTC)
    manifest = {
        "manifest_version": MANIFEST_VERSION,
        "name": name,
        "created_at": created.isoformat(timespec="seconds"),
        "content_hash": content_hash,
        "format": MESSAGES,
        "format_version": FORMAT_VERSION,
        "rows": len(split.train),
        "rows_with_replaced_characters": replaced,
        "filter": expression,
        "policy": asdict(policy),
        "split": split.describe(),
        "versions": _versions(split, background),
        "counts": asdict(counts),
        "agreement": asdict(background.agreement),
        "contamination": _describe_contamination(counts, background, policy),
        "reproduce": _command(name, expression, policy, split, formats),
        "formats": [form.name for form in formats],
        "files": {file: describe_file(content) for file, content in files.items()},
    }
    # As it will be read again, so that a card written now and one written later are the same.
    clean: dict[str, Any] = json.loads(storable(json.dumps(manifest, ensure_ascii=False)))
    return clean


def describe_file(content: bytes) -> dict[str, object]:
    """The checksum and the size by which a file is known again."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def write_manifest(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as the file that holds it."""
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"


def storable(text: str) -> str:
    """The text with what no UTF-8 can hold replaced by question marks."""
    return text.encode("utf-8", "replace").decode()


def _versions(split: Split, background: Background) -> dict[str, Any]:
    """What made the rows: the analysis' own versions, and the prompts and models that rows name."""
    rows = (*split.train, *split.held_out)
    used = sorted({row.prompt_id for row in rows if row.prompt_id})
    return {
        **background.versions,
        "prompts": {prompt: background.prompts.get(prompt, "") for prompt in used},
        "models": sorted({row.model for row in rows if row.model}),
    }


def _describe_contamination(
    counts: DatasetCounts, background: Background, policy: Policy
) -> dict[str, Any]:
    checks = background.versions.get("checks", {})
    found = {
        sample_id: sorted(
            {str(one.get("task_id", "")) for one in background.contamination[sample_id]}
        )
        for sample_id in counts.contaminated
        if sample_id in background.contamination
    }
    return {
        "benchmarks": dict(background.versions.get("benchmarks", {})),
        "method": METHOD,
        "check_version": checks.get(contamination.NAME),
        "checked_rows": counts.analyzed,
        "contaminated_rows": len(counts.contaminated),
        "tasks": found,
        "override": policy.allow_contaminated and bool(counts.contaminated),
    }


def _command(
    name: str,
    expression: str,
    policy: Policy,
    split: Split,
    formats: Sequence[FileFormat],
) -> str:
    # An empty filter is said too: without one the command takes accepted samples.
    words = ["python", "-m", "workbench", "export", name, "--filter", expression]
    extra = [form.name for form in formats if form.name != MESSAGES]
    if extra:
        words += ["--formats", ",".join(extra)]
    if split.held_out:
        words += ["--held-out", str(split.share), "--random-seed", str(split.random_seed)]
    if policy.licences != ANY:
        words += ["--licenses", policy.licences]
    if policy.allow_contaminated:
        words.append("--allow-contaminated")
    return shlex.join(words)
