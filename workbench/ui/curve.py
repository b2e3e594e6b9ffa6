"""A run's loss curve as one SVG in the colours of the page."""

from collections.abc import Callable
from typing import Any

from workbench.ui.render import number

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 8, 22

Points = list[tuple[float, float]]


def curve_html(lines: list[dict[str, Any]]) -> str:
    """The training loss by optimizer step, the held-out loss dashed; nothing before the first."""
    training = [
        (float(line["step"]), float(line["loss"]))
        for line in lines
        if line.get("phase") == "training" and line.get("loss") is not None and "step" in line
    ]
    held_out = [
        (float(line.get("step", 0)), float(line["held_out_loss"]))
        for line in lines
        if line.get("held_out_loss") is not None
    ]
    if not training and not held_out:
        return ""
    said = f"Loss by optimizer step, {len(training):,} steps"
    return (
        '<section class="w-panel"><h2>Loss by optimizer step</h2>'
        f'<svg class="t-curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
        f"{_drawing(training, held_out)}</svg>"
        '<p class="w-muted">solid: training; dashed: held out</p></section>'
    )


def _drawing(training: Points, held_out: Points) -> str:
    points = [*training, *held_out]
    last_step = max(1.0, max(step for step, _ in points))
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    room = max((high - low) * 0.08, 0.01)
    low, high = max(0.0, low - room), high + room

    def place(step: float, loss: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * step / last_step
        return across, TOP + (HEIGHT - TOP - BOTTOM) * (high - loss) / (high - low)

    grid = "".join(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{loss:.2f}</text>'
        for loss in (high, (low + high) / 2, low)
        for _, y in [place(0, loss)]
    )
    steps = (
        f'<text x="{LEFT}" y="{HEIGHT - 4}">step 0</text>'
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 4}" text-anchor="end">{number(last_step)}</text>'
    )
    return grid + steps + _line("training", training, place) + _line("held", held_out, place)


def _line(kind: str, points: Points, place: Callable[[float, float], tuple[float, float]]) -> str:
    placed = [place(*point) for point in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = placed if kind == "held" else placed[-1:]
    return f'<polyline class="{kind}" points="{path}"/>' + "".join(
        f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in dots
    )
