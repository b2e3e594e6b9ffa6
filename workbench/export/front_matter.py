"""The YAML head of a data card, which the Hugging Face Hub reads.

No value of a stranger reaches it: a licence is looked up in a list of ours, the name of a data set
is checked when it is frozen, and file names are our own.
"""

import json
from collections.abc import Mapping
from typing import Any

from workbench.export.files import FORMATS, HELD_OUT, MESSAGES, TRAIN

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
# SPDX's names and the Hub's, which are SPDX's in lower case for these.
HUB_LICENCES = {
    name: name.lower()
    for name in (
        "AFL-3.0",
        "Apache-2.0",
        "Artistic-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC-BY-4.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MPL-2.0",
        "PostgreSQL",
        "Unlicense",
        "Zlib",
    )
}


def write_front_matter(manifest: Mapping[str, Any]) -> str:
    """The head as YAML without its dashes: every value in quotes that JSON and YAML share."""
    licences = list(manifest["counts"]["licences"])
    only = HUB_LICENCES.get(licences[0]) if len(licences) == 1 else None
    licence = (
        [f"license: {only}"]
        if only
        else ["license: other", "license_name: per-row", "license_link: README.md"]
    )
    lines = [
        f"pretty_name: {json.dumps(manifest['name'])}",
        *licence,
        "language:",
        "- en",
        "task_categories:",
        "- text-generation",
        "size_categories:",
        f"- {_size_category(sum(count_parts(manifest)))}",
        "tags:",
        "- code",
        "- instruction-tuning",
        "- oss-instruct",
        "- synthetic",
        "configs:",
        *_configs(manifest),
    ]
    return "\n".join(lines)


def count_parts(manifest: Mapping[str, Any]) -> tuple[int, int]:
    """How many rows are trained on and how many held out."""
    split = manifest["split"]
    return manifest["rows"], split["held_out_rows"] if split else 0


def _configs(manifest: Mapping[str, Any]) -> list[str]:
    """A configuration for each format, chat messages first as the default."""
    lines = []
    for form in FORMATS:
        if form.file_name(TRAIN) not in manifest["files"]:
            continue
        name = "default" if form.name == MESSAGES else form.name
        lines.append(f"- config_name: {name}")
        if manifest["split"]:
            lines.append("  data_files:")
            for part in (TRAIN, HELD_OUT):
                lines += [f"  - split: {part}", f"    path: {form.file_name(part)}"]
        else:
            lines.append(f"  data_files: {form.file_name(TRAIN)}")
    return lines


def _size_category(rows: int) -> str:
    return next((name for limit, name in SIZES if rows < limit), "1M<n<10M")
