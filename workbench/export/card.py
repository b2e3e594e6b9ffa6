"""The data card: a README with the front matter that the Hugging Face Hub reads.

Licences, filters and names of models come from strangers. They reach the card in escaped table
cells and in a fence longer than any they hold, and never its front matter.
"""

import json
import re
import shlex
import unicodedata
from collections.abc import Mapping
from string import Template
from typing import Any

from workbench.export.counts import DatasetCounts

MAX_CELL = 200  # characters of one value that a table shows
MAX_TABLE_ROWS = 50
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&!:@$^])")
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

CARD = Template("""\
---
pretty_name: $pretty_name
license: other
license_name: per-row
license_link: README.md
language:
- en
task_categories:
- text-generation
size_categories:
- $size
tags:
- code
- instruction-tuning
- oss-instruct
- synthetic
configs:
- config_name: default
  data_files: train.jsonl
---

# $name

$rows coding problems with solutions, frozen $created_at and chosen with Winnow. A row with a seed
was written by a language model that was shown these few lines of open-source code (OSS-Instruct,
arXiv 2312.02120). Nothing here says that a solution is correct.

- Content hash (sha256): `$content_hash`
- Filter: $filter
- Decisions: $verdicts
- Findings: $findings

## Format

`train.jsonl` has one JSON object per line: `id`, `messages` (one user and one assistant turn), and
`metadata` with where the seed came from (corpus, repository, path, lines, licence), who decided and
when, the prompt, the model, and what the checks found. `manifest.json` has the numbers below, the
versions of everything that made them, and the checksum of the file.

## Licences

The licence of the file that each row's seed was cut from; repositories: $repositories. Whether
a licence reaches what a model wrote after reading a few lines is for the user to judge: `metadata`
has the source of each row. The terms of the model that wrote it may apply as well.

$licences

## What is in it

$languages

$categories

$models

## Contamination

$contamination

## How to make it again

With the workspace that it was frozen from:

$command
""")


def write_card(manifest: Mapping[str, Any], counts: DatasetCounts) -> str:
    """The card of a data set as Markdown; the same manifest gives the same card."""
    return CARD.substitute(
        pretty_name=json.dumps(manifest["name"]),
        name=escape_markdown(manifest["name"]),
        size=_size_category(manifest["rows"]),
        rows=f"{manifest['rows']:,}",
        created_at=manifest["created_at"],
        content_hash=manifest["content_hash"],
        filter=escape_markdown(manifest["filter"]) or "none, every sample",
        verdicts=_as_words(counts.verdicts),
        findings=_as_words(counts.findings) or "none",
        repositories=f"{counts.repositories:,}",
        licences=_table("Licence", counts.licences),
        languages=_table("Language", counts.languages),
        categories=_table("Category", counts.categories),
        models=_table("Model", counts.models),
        contamination=_contamination(manifest, counts),
        command=_command(manifest["name"], manifest["filter"]),
    )


def escape_markdown(text: str) -> str:
    """The text as one line of Markdown that shows it and does nothing else.

    Control and direction characters become spaces, and what could start markup, a link or an
    address is escaped: `<img>` becomes `\\<img\\>`.
    """
    visible = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    line = " ".join(visible.split())
    if len(line) > MAX_CELL:
        line = line[:MAX_CELL] + "…"
    return re.sub(r"(?i)(www)\.", r"\1\\.", MARKDOWN.sub(r"\\\1", line))


def _contamination(manifest: Mapping[str, Any], counts: DatasetCounts) -> str:
    rows = manifest["rows"]
    lines = [
        f"{len(counts.contaminated):,} of {counts.analyzed:,} checked rows contain a docstring or "
        "a solution of HumanEval letter for letter; tasks told in other words are not found so."
    ]
    if counts.contaminated:
        shown = ", ".join(escape_markdown(name) for name in counts.contaminated[:MAX_TABLE_ROWS])
        lines.append(f"They were let in knowingly: {shown}.")
    if counts.analyzed < rows:
        lines.append(f"{rows - counts.analyzed:,} rows were never checked.")
    if counts.similarity_mean is not None:
        lines.append(
            f"Mean similarity to the nearest HumanEval task: {counts.similarity_mean:.3f} (TF-IDF "
            "cosine; the paper's own data has 0.105, with another set of texts to fit on)."
        )
    return "\n\n".join(lines)


def _command(name: str, expression: str) -> str:
    words = ["python", "-m", "workbench", "export", name]
    if expression:
        words += ["--filter", expression]
    command = shlex.join(words)
    longest = max((len(run) for run in re.findall("`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}bash\n{command}\n{fence}"


def _table(title: str, counts: Mapping[str, int]) -> str:
    lines = [f"| {title} | Rows |", "|---|---:|"]
    shown = list(counts.items())[:MAX_TABLE_ROWS]
    lines += [f"| {escape_markdown(value)} | {number:,} |" for value, number in shown]
    if len(counts) > len(shown):
        rest = sum(counts.values()) - sum(number for _, number in shown)
        lines.append(f"| {len(counts) - len(shown):,} others | {rest:,} |")
    return "\n".join(lines)


def _as_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {escape_markdown(value)}" for value, number in counts.items())


def _size_category(rows: int) -> str:
    return next((name for limit, name in SIZES if rows < limit), "1M<n<10M")
