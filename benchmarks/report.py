"""Measurements as Markdown tables."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from benchmarks.run import Measurement

# What is asked of Winnow with every answer synced: share of the ideal by concurrency, and memory.
TARGETS = {8: 0.97, 64: 0.97, 256: 0.95}
TARGET_MB = 300.0

# The repeats of one client under one set of conditions.
Series = Sequence[Measurement]


def median(series: Series) -> Measurement:
    """The run in the middle by its share (the lower one of two)."""
    return sorted(series, key=lambda one: one.share)[(len(series) - 1) // 2]


def throughput_table(results: Sequence[Series], *, loop: str) -> str:
    """A row per client and concurrency; `loop` is the client that the others are multiples of."""
    head = (
        "| at once | client | requests | per second | times the loop | of the ideal "
        "| first request to last stored | start to exit | CPU | peak memory | an answer is |"
    )
    rows = []
    base = next((median(series).per_second for series in results if series[0].client == loop), None)
    for series in results:
        one = median(series)
        times = f"{one.per_second / base:.1f}" if base else ""
        rows.append(
            f"| {one.conditions.concurrency} | {one.client} | {one.requests:,} "
            f"| {one.per_second:.2f} | {times} | {_share(series)} | {one.wall_seconds:.2f} s "
            f"| {one.usage.seconds:.1f} s | {one.usage.cpu_seconds:.1f} s "
            f"| {one.usage.peak_mb:.0f} MB | {one.stores} |"
        )
    return _table(head, rows)


def rate_table(results: Sequence[Series]) -> str:
    """A row per way of meeting a rate limit."""
    head = (
        "| limit per minute | client knows it | requests | of the limit | turned away (429) "
        "| billed | first request to last stored |"
    )
    rows = []
    for series in results:
        one = median(series)
        rows.append(
            f"| {one.conditions.rate:,.0f} | {'yes' if one.conditions.told else 'no'} "
            f"| {one.requests:,} | {_share(series)} | {one.endpoint.rejected:,} "
            f"| {one.endpoint.billed:,} | {one.wall_seconds:.2f} s |"
        )
    return _table(head, rows)


def _share(series: Series) -> str:
    shares = [one.share for one in series]
    text = f"{median(series).share:.1%}"
    return text if len(series) == 1 else f"{text} ({min(shares):.1%} to {max(shares):.1%})"


def _table(head: str, rows: Iterable[str]) -> str:
    columns = head.count("|") - 1
    return "\n".join([head, "|" + "---|" * columns, *rows])


def target_lines(results: Sequence[Series], *, client: str) -> list[str]:
    """Whether the client keeps what is asked of it: a sentence per concurrency with a target."""
    lines = []
    runs = [one for series in results for one in series if one.client == client]
    runs.sort(key=lambda one: one.conditions.concurrency)
    for concurrency, group in groupby(runs, key=lambda one: one.conditions.concurrency):
        if concurrency not in TARGETS:
            continue
        series = list(group)
        share, peak = median(series).share, max(one.usage.peak_mb for one in series)
        kept = share >= TARGETS[concurrency] and peak < TARGET_MB
        lines.append(
            f"{client} at {concurrency}: {share:.1%} (at least {TARGETS[concurrency]:.0%}), "
            f"{peak:.0f} MB (under {TARGET_MB:.0f}): {'kept' if kept else 'MISSED'}."
        )
    return lines


def lateness_line(results: Sequence[Series]) -> str:
    """How much of what is missing is the endpoint's own doing."""
    latest = max(one.endpoint.late_seconds for series in results for one in series)
    return (
        f"The endpoint sent its answers {latest * 1000:.1f} ms late in the mean of its worst run: "
        "it shares the cores with the client."
    )
