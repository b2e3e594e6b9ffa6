"""What a card says of the evidence: agreement of reviewers, contamination, similarity."""

from collections.abc import Mapping
from typing import Any

from workbench.export.front_matter import count_parts
from workbench.export.markdown import MAX_TABLE_ROWS, escape_markdown, write_table


def describe_agreement(agreement: Mapping[str, Any]) -> str:
    """Who decided, and how far those who decided the same samples agree."""
    reviewers = agreement["reviewers"]
    if not reviewers:
        return "Nobody decided any of the samples that the filter leaves."
    if len(reviewers) == 1:
        return f"One reviewer decided everything: {escape_markdown(next(iter(reviewers)))}."
    table = write_table(("Reviewer", "Samples"), [(n, (c,)) for n, c in reviewers.items()])
    if not agreement["pairs"]:
        return f"{len(reviewers)} reviewers decided, but no sample was decided by two.\n\n{table}"
    pairs = write_table(
        ("Reviewers", "Samples both decided", "Agreed", "Share", "Cohen's kappa"),
        [
            (
                f"{pair['first']}, {pair['second']}",
                (pair["samples"], pair["agreed"], pair["share"], pair["kappa"]),
            )
            for pair in agreement["pairs"]
        ],
    )
    return (
        f"{agreement['samples']:,} samples were decided by two reviewers or more, "
        f"{agreement['unanimous']:,} of them unanimously. Counted are the samples that the filter "
        "leaves when what it asks of the verdict is set aside; kappa is a dash where chance alone "
        f"would give full agreement.\n\n{pairs}\n\n{table}"
    )


def describe_contamination(manifest: Mapping[str, Any]) -> str:
    """Against what the rows were checked and how, what was found, and whether it was let in."""
    counts, report = manifest["counts"], manifest["contamination"]
    lines = [
        f"{report['contaminated_rows']:,} of {report['checked_rows']:,} checked rows contain a "
        "docstring or a solution of HumanEval letter for letter; tasks told in other words are not "
        "found so."
    ]
    if report["contaminated_rows"]:
        lines.append(_overridden(counts["contaminated"], report["tasks"]))
    unchecked = sum(count_parts(manifest)) - report["checked_rows"]
    if unchecked > 0:
        lines.append(f"{unchecked:,} rows were never checked.")
    if report["benchmarks"]:
        version = report["check_version"]
        lines.append(
            write_table(
                ("Checked against", "Strings (sha256)"),
                [(name, (str(value),)) for name, value in report["benchmarks"].items()],
            )
        )
        lines.append(f"Method: {escape_markdown(report['method'])} (version {version}).")
    return "\n\n".join(lines)


def describe_similarity(counts: Mapping[str, Any]) -> str:
    """How near the rows are to the benchmark that they are measured on."""
    mean, highest = counts["similarity_mean"], counts["similarity_highest"]
    if mean is None:
        return "Not measured."
    return (
        f"Mean similarity to the nearest HumanEval task: {mean:.3f}, highest {highest:.3f} (TF-IDF "
        "cosine; the paper's own data has a mean of 0.105, with another set of texts to fit on)."
    )


def _overridden(contaminated: list[str], tasks: Mapping[str, list[str]]) -> str:
    shown = []
    for sample_id in contaminated[:MAX_TABLE_ROWS]:
        held = ", ".join(escape_markdown(task) for task in tasks.get(sample_id, []))
        shown.append(escape_markdown(sample_id) + (f" ({held})" if held else ""))
    more = len(contaminated) - len(shown)
    tail = f" and {more:,} more" if more > 0 else ""
    return f"They were let in knowingly: {', '.join(shown)}{tail}."
