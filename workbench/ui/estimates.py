"""What a generation will take, and the command that starts it, in words."""

import shlex

from workbench.pipeline.generate import Estimate, GenerateOptions
from workbench.pipeline.trial import TRIAL
from workbench.ui.render import escape

BUILT_IN = "oss-instruct"


def command_of(options: GenerateOptions, endpoint: str) -> str:
    """The command that starts the same; `endpoint` holds its flags for endpoint and model."""
    target = options.target
    flags: dict[str, float | str | None] = {
        "--prompt": "" if options.prompt == BUILT_IN else options.prompt,
        "--temperature": target.temperature,
        "--concurrency": target.concurrency,
        "--rpm": target.requests_per_minute,
        "--tpm": target.tokens_per_minute,
        "--max-cost": target.max_cost,
        "--resend": target.resend_unknown,
    }
    words = [word for name, value in flags.items() if value for word in (name, _plain(value))]
    parts = ("python -m workbench generate --count", str(options.count), endpoint)
    return " ".join(part for part in (*parts, shlex.join(words)) if part)


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


def estimate_words(expected: Estimate, options: GenerateOptions, *, seeds: int, model: str) -> str:
    """The estimate as one line of HTML; what is not known is said to be unknown."""
    count, cap = options.count, options.target.max_cost
    parts = [_time_words(expected, count), _cost_words(expected, model)]
    if cap is not None and expected.cost is not None and expected.cost > cap:
        parts.append(f"the job would pause at its cap of {_dollars(cap)}")
    if expected.answers and expected.yielded is not None:
        share = f"{expected.yielded:.0%} give a sample"
        parts.append(f"{share} (from {expected.answers:,} earlier answers)")
    elif seeds:
        parts.append(f"nothing was answered yet with these: try {TRIAL} first to know more")
    if not seeds:
        parts = ["There are no seeds yet: draw some on the <a href='/seeds'>Seeds</a> page first"]
    elif seeds < count:
        parts.append(f"only {seeds:,} seeds are there")
    return f"{' · '.join(parts)}."


def _time_words(expected: Estimate, count: int) -> str:
    if expected.seconds is None:
        return f"{count:,} samples: time unknown"
    return f"{count:,} samples: about {_duration(expected.seconds)}"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{max(1, round(seconds)):,} s"


def _cost_words(expected: Estimate, model: str) -> str:
    if expected.cost == 0 or expected.most_cost == 0:
        return "no cost"
    if expected.cost is not None:
        most = f", at most {_dollars(expected.most_cost)}" if expected.most_cost else ""
        return f"about {_dollars(expected.cost)}{most}"
    if expected.most_cost is not None:
        return f"at most {_dollars(expected.most_cost)}"
    named = escape(model or "the model")
    return f"cost unknown: <a href='/settings#prices'>say what {named} costs</a>"


def _dollars(value: float) -> str:
    digits = 2 if value >= 0.1 else 4 if value >= 0.0001 else 6
    return f"${value:,.{digits}f}"
