"""Contamination: samples that contain a benchmark's docstring or solution, letter for letter.

Exact substrings miss a task told in other words: a sample without this finding is not proven clean.
"""

from collections.abc import Mapping, Sequence

from storage.records import Finding, Sample
from workbench.cleaning.benchmarks import (
    BenchmarkString,
    find_benchmark_strings,
    load_humaneval,
)

NAME = "contamination"
VERSION = 1

CONTAINS_BENCHMARK = "contains_benchmark"
# What a sample must not be trained on, for those who ask by reason.
REASONS = frozenset({CONTAINS_BENCHMARK})
MAX_OTHERS = 20  # a sample that quotes a whole benchmark is told as well by its first strings


def find_contamination(samples: Sequence[Sample], seeds: Mapping[str, str]) -> list[Finding]:
    """One finding for each sample that contains a string of HumanEval in any case of letters."""
    return find_strings(samples, find_benchmark_strings(load_humaneval()))


def find_strings(samples: Sequence[Sample], strings: Sequence[BenchmarkString]) -> list[Finding]:
    """One finding for each sample with a benchmark string in `problem + "\\n\\n" + solution`.

    The detail is the first match (docstrings come before solutions): benchmark, task_id, what,
    text as it stands in the sample, and the offsets `start` and `end` in the joined text. `others`
    counts the further ones and `other_tasks` names the first of them.
    """
    # Plain `in` over 324 strings: 2,000 samples of 2.3 KB take 0.8 s.
    lowered = [(string, string.text.lower()) for string in strings]
    findings = []
    for sample in samples:
        text = f"{sample.problem}\n\n{sample.solution}"
        folded = text.lower()
        found = [(string, needle) for string, needle in lowered if needle in folded]
        if not found:
            continue
        first, needle = found[0]
        position = folded.index(needle)
        start = _original_offset(text, folded, position)
        end = _original_offset(text, folded, position + len(needle))
        detail = {
            "benchmark": first.benchmark,
            "task_id": first.task_id,
            "what": first.what,
            "text": text[start:end],
            "start": start,
            "end": end,
        }
        if len(found) > 1:
            detail["others"] = len(found) - 1
            detail["other_tasks"] = [string.task_id for string, _ in found[1 : MAX_OTHERS + 1]]
        findings.append(Finding(sample.id, NAME, CONTAINS_BENCHMARK, detail))
    return findings


def _original_offset(text: str, folded: str, offset: int) -> int:
    """Where in `text` the character of `folded` at `offset` comes from.

    Lower case can be longer: `"İ".lower()` has two characters, so offsets move behind it.
    """
    if len(text) == len(folded):
        return offset
    position = 0
    for index, character in enumerate(text):
        if position >= offset:
            return index
        position += len(character.lower())
    return len(text)
