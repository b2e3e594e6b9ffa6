"""A run's scores as HTML: base against tuned, and the paired table of tasks."""

from typing import Any

from workbench.ui.render import DASH, code_html, escape, inert, number

VERDICT_WORDS = {"passed": "passed", "failed": "failed", "timed_out": "timed out", "": DASH}


def results_html(result: dict[str, Any], answers: list[dict[str, Any]], run: str) -> str:
    """What a run gave, as far as it has got: scores, losses, and each task before and after."""
    parts = [_scores(result.get("evaluation")), _losses(result.get("train"))]
    if answers:
        parts.append(_tasks(answers))
    return inert("".join(part for part in parts if part))


def _scores(evaluation: dict[str, Any] | None) -> str:
    if not evaluation:
        return ""
    rows = ""
    for name, label in (("base", "Before"), ("tuned", "After")):
        score = evaluation.get(name)
        if not score:
            continue
        width = 100 * score["pass@1"]
        rows += (
            f'<div class="w-row"><span>{label}</span><i style="width:{max(width, 0.5):.1f}%"></i>'
            f"<span>{width:.1f}%</span></div>"
            f'<p class="w-muted">{score["passed"]:,} of {evaluation["tasks"]:,} tasks pass;'
            f" 95% interval {100 * score['low']:.1f} to {100 * score['high']:.1f}%</p>"
        )
    fixed, broke = evaluation.get("fixed") or [], evaluation.get("broke") or []
    return (
        '<section class="w-panel" id="scores"><h2>HumanEval pass@1, greedy</h2>'
        f'<div class="w-bars">{rows}</div><p><span class="w-good">{len(fixed)} fixed</span>, '
        f'<span class="w-bad">{len(broke)} broken</span></p></section>'
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
        '<section class="w-panel"><h2>What the training did</h2>'
        f'<div class="w-figures">{cells}</div></section>'
    )


def _tasks(answers: list[dict[str, Any]]) -> str:
    lines = "".join(_task(answer) for answer in answers)
    return f'<section class="w-panel"><h2>Tasks, before and after</h2>{lines}</section>'


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
