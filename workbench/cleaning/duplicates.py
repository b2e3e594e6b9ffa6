"""Duplicates: samples that say what an earlier one says, apart from white space."""

from collections.abc import Mapping, Sequence

from storage.records import Finding, Sample

NAME = "duplicates"
VERSION = 1


def find_duplicates(samples: Sequence[Sample], seeds: Mapping[str, str]) -> list[Finding]:
    """One finding for each sample whose seed, problem or solution equals that of a kept one.

    `seeds` gives the snippet of each seed id. The first of equals is kept, in the order given, and
    only kept samples count: with A = B in their seeds and B = C in their solutions, B goes and C
    stays. The reason names the first equal part in the order seed, problem, solution; where others
    are equal too, the detail's `also` has them: `{"of": "a", "also": {"duplicate_solution": "a"}}`.
    A part without any text, such as the seed of an imported sample, equals nothing.
    """
    kept: dict[str, dict[str, str]] = {"seed": {}, "problem": {}, "solution": {}}
    findings = []
    for sample in samples:
        parts = {
            "seed": remove_white_space(seeds.get(sample.seed_id, "")),
            "problem": remove_white_space(sample.problem),
            "solution": remove_white_space(sample.solution),
        }
        originals = {
            f"duplicate_{part}": kept[part][text]
            for part, text in parts.items()
            if text in kept[part]
        }
        if not originals:
            for part, text in parts.items():
                if text:
                    kept[part][text] = sample.id
            continue
        reason = next(iter(originals))
        detail: dict[str, object] = {"of": originals.pop(reason)}
        if originals:
            detail["also"] = originals
        findings.append(Finding(sample.id, NAME, reason, detail))
    return findings


def remove_white_space(text: str) -> str:
    """The text without any white space: `a = [1,\\n 2]` becomes `a=[1,2]`."""
    return "".join(text.split())
