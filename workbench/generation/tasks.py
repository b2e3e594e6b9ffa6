"""What an answer is read as: by its request's task. Pure, so free to repeat."""

from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from storage.records import Response, Sample
from workbench.generation.evolution import read_evolution
from workbench.generation.judging import read_judgement
from workbench.generation.parsing import sample_from

# Goes up with every change of what the readers below make of an answer.
PARSER_VERSION = 2
TASKS = ("oss-instruct", "evol-instruct", "judge")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a response gives: a sample, a judgement, or the reason why it gives nothing."""

    sample: Sample | None = None
    judgement: dict[str, Any] | None = None
    reason: str | None = None


def read_response(response: Response) -> Reading:
    """What the response gives.

    Raises:
        WinnowError: its task is none that this version knows.
    """
    if response.failure is not None:
        return Reading(reason=response.failure)
    match response.task:
        case "oss-instruct":
            sample, reason = sample_from(response)
            return Reading(sample=sample, reason=reason)
        case "evol-instruct":
            sample, reason = read_evolution(response)
            return Reading(sample=sample, reason=reason)
        case "judge":
            judgement, reason = read_judgement(response)
            return Reading(judgement=judgement, reason=reason)
        case task:
            raise WinnowError(f"Task {task!r} is unknown: this version reads {', '.join(TASKS)}.")
