"""The data card: a README with the front matter that the Hugging Face Hub reads.

Licences, repositories, reviewers, filters and names of models come from strangers. They reach the
card in escaped table cells and in a fence longer than any they hold, and never its front matter.
"""

from collections.abc import Mapping
from string import Template
from typing import Any

from workbench.export.evidence import (
    describe_agreement,
    describe_contamination,
    describe_similarity,
)
from workbench.export.files import FORMATS, HELD_OUT, TRAIN
from workbench.export.front_matter import count_parts, write_front_matter
from workbench.export.markdown import escape_markdown, fence, write_table
from workbench.export.spreadsheet import RULE

QUANTILES = ("shortest", "median", "upper", "longest")

CARD = Template("""\
---
$front_matter
---

# $name

$rows coding problems with solutions, frozen $created_at and chosen with Winnow. A row with a seed
was written by a language model that was shown these few lines of open-source code (OSS-Instruct,
arXiv 2312.02120). Nothing here says that a solution is correct.

- Content hash (sha256): `$content_hash`
- Filter: $filter
- Policy: $policy
- Decisions: $verdicts
- Findings: $findings

## Files

$files

A row of `train.jsonl` has `id`, `messages` (one user and one assistant turn), and `metadata` with
where the seed came from (corpus, repository, path, lines, licence), who decided and when, the
prompt, the model, and what the checks found. The other formats have the same rows in the same
order. `manifest.json` has the numbers below, the versions of everything that made them, and the
checksum of each file.

$split

## Licences

The licence of the file that each row's seed was cut from; repositories: $repositories. Whether
a licence reaches what a model wrote after reading a few lines is for the user to judge: `metadata`
has the source of each row. The terms of the model that wrote it may apply as well.

$licences

## Mixes

$mixes

## Lengths

$lengths

## Agreement

$agreement

## Contamination

$contamination

## Similarity

$similarity

## Known limits

- Nothing was run to see whether a solution is right; a finding is a hint and its absence no proof.
- Contamination is looked for letter for letter: a task told in other words is not found so.
- Licences are what the corpus said of a file, not a lawyer's opinion.
- Reviewers' names are in the rows: whoever publishes them needs their consent.

## How to make it again

With the workspace that it was frozen from, while its decisions and findings stand as they did; the
content hash says whether it is the same:

$command
""")


def write_card(manifest: Mapping[str, Any]) -> str:
    """The card of a data set as Markdown; the same manifest gives the same card."""
    counts = manifest["counts"]
    return CARD.substitute(
        front_matter=write_front_matter(manifest),
        name=escape_markdown(manifest["name"]),
        rows=f"{sum(count_parts(manifest)):,}",
        created_at=manifest["created_at"],
        content_hash=manifest["content_hash"],
        filter=escape_markdown(manifest["filter"]) or "none, every sample",
        policy=_policy(manifest["policy"]),
        verdicts=_as_words(counts["verdicts"]),
        findings=_as_words(counts["findings"]) or "none",
        files=_files(manifest),
        split=_split(manifest),
        repositories=f"{counts['repositories']:,}",
        licences=_licences(counts),
        mixes=_mixes(counts),
        lengths=_lengths(manifest),
        agreement=describe_agreement(manifest["agreement"]),
        contamination=describe_contamination(manifest),
        similarity=describe_similarity(counts),
        command=fence(manifest["reproduce"], language="bash"),
    )


def _policy(policy: Mapping[str, Any]) -> str:
    licences = "permissive licences alone" if policy["licences"] == "permissive" else "any licence"
    held = "allowed by an explicit override" if policy["allow_contaminated"] else "refused"
    return f"{licences}; contaminated rows {held}"


def _files(manifest: Mapping[str, Any]) -> str:
    train, held_out = count_parts(manifest)
    rows: list[tuple[str, list[int | str]]] = []
    for form in FORMATS:
        for part, number in ((TRAIN, train), (HELD_OUT, held_out)):
            described = manifest["files"].get(form.file_name(part))
            if described:
                words = [number, described["bytes"], form.description]
                rows.append((form.file_name(part), words))
    table = write_table(("File", "Rows", "Bytes", "Format"), rows)
    return f"{table}\n\nIn the CSV: {RULE}" if _has_csv(manifest) else table


def _has_csv(manifest: Mapping[str, Any]) -> bool:
    return any(name.endswith(".csv") for name in manifest["files"])


def _split(manifest: Mapping[str, Any]) -> str:
    split = manifest["split"]
    if not split:
        return "No rows are held out."
    unknown = split["train_rows_without_repository"]
    said = (
        f"{split['held_out_rows']:,} rows of {split['held_out_repositories']:,} repositories are "
        f"held out ({split['share_asked']:.1%} were asked for, random seed {split['random_seed']}),"
        f" {split['train_rows']:,} of {split['train_repositories']:,} are for training; no "
        "repository is in both."
    )
    if not unknown:
        return said
    return f"{said} {unknown:,} rows whose repository is not known are all for training."


def _licences(counts: Mapping[str, Any]) -> str:
    rows = []
    for licence, number in counts["licences"].items():
        named = counts["attribution"][licence]
        rows.append((licence, (number, named["repositories"], named["files"])))
    return write_table(("Licence", "Rows", "Repositories to credit", "Files"), rows)


def _mixes(counts: Mapping[str, Any]) -> str:
    tables = [
        write_table((title, "Rows"), [(value, (rows,)) for value, rows in counts[name].items()])
        for title, name in (
            ("Language", "languages"),
            ("Category", "categories"),
            ("Model", "models"),
            ("Source", "sources"),
            ("Decided by", "reviewers"),
        )
    ]
    return "\n\n".join(tables)


def _lengths(manifest: Mapping[str, Any]) -> str:
    rows = [
        (name.replace("_", ", "), [found[key] for key in ("count", *QUANTILES)])
        for name, found in manifest["counts"]["lengths"].items()
    ]
    table = write_table(("Text", "Rows", "Shortest", "Median", "95 in 100 below", "Longest"), rows)
    tokenizer = manifest["versions"].get("tokenizer")
    said = f"Tokens are those of {escape_markdown(str(tokenizer))}." if tokenizer else ""
    return f"{table}\n\n{said}".strip()


def _as_words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {escape_markdown(value)}" for value, number in counts.items())
