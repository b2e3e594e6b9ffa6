"""A run's scores as HTML: base against tuned, and the paired table of tasks."""

from typing import Any

from workbench.ui.curve import curve_html
from workbench.ui.render import DASH, code_html, escape, inert, number

VERDICT_WORDS = {"passed": "passed", "failed": "failed", "timed_out": "timed out", "": DASH}


_NO_SCORES = (
    '<section class="w-panel"><h2>HumanEval pass@1, greedy</h2><p class="w-muted">'
    "The scores before and after stand here when the run has measured both.</p></section>"
)


def results_html(
    result: dict[str, Any], lines: list[dict[str, Any]], answers: list[dict[str, Any]]
) -> str:
    """What a run gave, as far as it has got: curve, scores, losses, each task before and after."""
    curve, evaluation = curve_html(lines), result.get("evaluation")
    parts = [curve, _scores(evaluation), _losses(result.get("train"))]
    if curve and not evaluation:
        parts.insert(1, _NO_SCORES)
    if answers:
        parts.append(_tasks(answers))
    return inert(f'<div class="t-results">{"".join(parts)}</div>')


def _scores(evaluation: dict[str, Any] | None) -> str:
    if not evaluation:
        return ""
    sides = ""
    for name, label in (("base", "Before"), ("tuned", "After")):
        score = evaluation.get(name)
        if not score:
            continue
        share, low, high = (100 * score[key] for key in ("pass@1", "low", "high"))
        sides += (
            f"<div>{label}<b>{share:.1f}%</b>"
            f'<div class="t-scale"><i style="left:{low:.1f}%;width:{high - low:.1f}%"></i>'
            f'<i style="width:{share:.1f}%"></i></div>'
            f'<span class="w-muted">{score["passed"]:,} of {evaluation["tasks"]:,} tasks pass;'
            f" 95% interval {low:.1f} to {high:.1f}%</span></div>"
        )
    fixed, broke = evaluation.get("fixed") or [], evaluation.get("broke") or []
    paired = (
        f'<p><span class="w-good">{len(fixed)} fixed</span>, '
        f'<span class="w-bad">{len(broke)} broken</span> of the tasks below</p>'
        if evaluation.get("tuned")
        else ""
    )
    return (
        '<section class="w-panel" id="scores"><h2>HumanEval pass@1, greedy</h2>'
        f'<div class="t-scores">{sides}</div>{paired}</section>'
    )


def _losses(train: dict[str, Any] | None) -> str:
    if not train:
        return ""
    figures = {
        "held-out loss before": number(train.get("held_out_loss_before"), 3),
        "held-out loss after": number(train.get("held_out_loss_after"), 3),
        "rows": number(train.get("rows")),
        "tokens": number(train.get("tokens")),
        "truncated rows": number(train.get("truncated")),
        "steps": number(train.get("steps")),
        "seconds": number(train.get("seconds")),
    }
    cells = "".join(
        f"<div><b>{value}</b><span>{name}</span></div>" for name, value in figures.items()
    )
    return (
        '<section class="w-panel t-wide"><h2>What the training did</h2>'
        f'<div class="w-figures">{cells}</div></section>'
    )


def _tasks(answers: list[dict[str, Any]]) -> str:
    lines = "".join(_task(answer) for answer in answers)
    return f'<section class="w-panel t-wide"><h2>Tasks, before and after</h2>{lines}</section>'


def _task(answer: dict[str, Any]) -> str:
    base, tuned = answer.get("base") or {}, answer.get("tuned") or {}
    words = f"{_verdict(base)} → {_verdict(tuned)}"
    opened = "".join(
        f"<div><h2>{label}</h2>"
        f'<pre class="code">{code_html(row["code"] or row["raw"], "python")}</pre>'
        f'<p class="w-muted">{escape(row["detail"])}</p></div>'
        for label, row in (("Before", base), ("After", tuned))
        if row
    )
    return (
        f"<details><summary>{escape(answer['task_id'])} <span>{words}</span></summary>"
        f'<div class="t-two">{opened}</div></details>'
    )


def _verdict(row: dict[str, Any]) -> str:
    verdict = row.get("verdict", "")
    kind = {"passed": "w-good", "": "w-muted"}.get(verdict, "w-bad")
    words = VERDICT_WORDS.get(verdict, verdict.replace("_", " "))
    return f'<span class="{kind}">{escape(words)}</span>'
