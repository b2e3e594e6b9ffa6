"""What speaks for and against a sample, worst first, in words a reviewer can act on."""

from dataclasses import dataclass
from typing import Any

# The paper's sets lie at means of 0.105 to 0.169; above this a sample is worth a look beside its
# nearest task, whatever the exact check says.
HIGH_SIMILARITY = 0.3


@dataclass(frozen=True, slots=True)
class Evidence:
    """One line of evidence: `level` is "bad", "warning" or "plain"; `proof` names what opens.

    `proof` is "task", "text", "sample" or "" where the line says it all; `detail` is what it shows.
    """

    level: str
    title: str
    text: str
    proof: str = ""
    detail: str = ""


def evidence_of(card: dict[str, Any]) -> list[Evidence]:
    """The evidence lines of one sample's card, worst first.

    A card is a row of `storage.samples.get_cards`: findings, nearest task, similarity, lengths,
    judgements of this revision, lineage. A judge only suggests, so its lines are always plain.
    """
    lines = [_from_finding(finding) for finding in card["findings"]]
    lines.append(_similarity(card))
    if not card["findings"] and card["category"] is not None:
        lines.append(Evidence("plain", "Checks", "No check found anything wrong."))
    lines += [_suggestion(judgement) for judgement in card["judgements"]]
    lines += _lineage(card)
    order = {"bad": 0, "warning": 1, "plain": 2}
    return sorted(lines, key=lambda line: order[line.level])


def _from_finding(finding: dict[str, Any]) -> Evidence:
    detail = finding["detail"]
    match finding["check"]:
        case "contamination":
            return Evidence(
                "bad",
                "Contaminated",
                f"Holds the {detail.get('what', 'text')} of {detail.get('task_id', '?')}"
                f" ({detail.get('benchmark', 'benchmark')}) word for word.",
                "text",
                str(detail.get("text", "")),
            )
        case "duplicates":
            part = finding["reason"].removeprefix("duplicate_")
            return Evidence(
                "warning",
                "Duplicate",
                f"The {part} equals that of an earlier sample but for white space.",
                "sample",
                str(detail.get("of", "")),
            )
        case "syntax":
            return Evidence(
                "bad",
                "Does not parse",
                f"Line {detail.get('line', '?')}: {detail.get('message', 'syntax error')}",
            )
        case check:
            return Evidence("warning", check.capitalize(), finding["reason"].replace("_", " "))


def _similarity(card: dict[str, Any]) -> Evidence:
    if card["similarity"] is None:
        return Evidence("plain", "Not analyzed yet", "Start the analysis on the Explore page.")
    level = "warning" if card["similarity"] >= HIGH_SIMILARITY else "plain"
    return Evidence(
        level,
        f"{card['similarity']:.2f} similar to HumanEval",
        f"Nearest is {card['nearest_task']}.",
        "task",
        card["nearest_task"],
    )


def _suggestion(judgement: dict[str, Any]) -> Evidence:
    scores = [judgement[axis] for axis in ("meets_problem", "logic", "edge_cases")]
    return Evidence(
        "plain",
        f"Judge suggests {scores[0]}, {scores[1]}, {scores[2]} of 5",
        f"Meets the problem {scores[0]}, logic {scores[1]}, edge cases {scores[2]}, says "
        f"{judgement['model']}: {judgement['reason']}",
    )


def _lineage(card: dict[str, Any]) -> list[Evidence]:
    lines = []
    if evolution := card["evolution"]:
        way = evolution["heuristic"].replace("-", " ")
        text = f"Made harder by {way}. This is the sample it was made from:"
        title = f"Evolved, round {evolution['round']}"
        lines.append(Evidence("plain", title, text, "sample", evolution["parent_id"]))
    if children := card["children"]:
        title = "Evolved further" if len(children) == 1 else f"Evolved into {len(children)} samples"
        lines.append(Evidence("plain", title, "The newest one:", "sample", children[-1]))
    return lines
