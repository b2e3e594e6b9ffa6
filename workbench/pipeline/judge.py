"""Having a model judge samples: suggestions for reviewers, asked for only when somebody wants."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.records import Request
from workbench.generation.grammar import JUDGEMENT
from workbench.generation.judging import TASK, make_judgement_request
from workbench.generation.prompts import load_prompt
from workbench.jobs.folder import JobFolder
from workbench.pipeline.asking import choose_requests, samples_of
from workbench.pipeline.send import start_sending
from workbench.pipeline.target import Target, TargetOptions, choose_target
from workbench.workspace import Workspace

KIND = "judge"
# What the grammar lets a judgement have, twice.
EMBEDDED_MAX_TOKENS = 300


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """What to have judged, and by which model: the first `count` samples of a filter."""

    where: SampleFilter = field(default_factory=lambda: SampleFilter(verdict="undecided"))
    count: int = 20
    target: TargetOptions = field(default_factory=TargetOptions)


def start_judge(workspace: Workspace, options: JudgeOptions) -> JobFolder:
    """Start judging the samples that this model has not judged as they are now.

    Raises:
        WinnowError: nothing to judge, or a wrong option.
    """
    target = _judging(choose_target(workspace, options.target))
    prompt = load_prompt("judge")

    def build(_cursor: DuckDBPyConnection, cards: list[dict[str, Any]]) -> list[Request]:
        return [
            make_judgement_request(
                card,
                prompt,
                endpoint=target.name,
                model=target.model,
                parameters=target.parameters,
            )
            for card in cards
        ]

    ids = samples_of(workspace, options.where)
    chosen = choose_requests(workspace, ids, build, count=options.count)
    if not chosen.requests:
        words = options.where.as_words() or "no filter"
        raise WinnowError(
            f"None of the {chosen.looked_at:,} samples of {words} is left to judge: {target.model} "
            "was asked about all of them."
            if chosen.looked_at
            else f"No sample matches {words}: name another filter."
        )
    params = {
        "task": TASK,
        "filter": options.where.as_words(),
        "target": asdict(options.target),
        "prompt_id": prompt.id,
        "prompt": prompt.name,
    }
    return start_sending(
        workspace, KIND, chosen.requests, target=target, prompts=[prompt], params=params
    )


def _judging(target: Target) -> Target:
    """The target with what a judgement needs; a grammar forces the embedded model into its form."""
    if not target.embedded:
        return target
    parameters = {
        "temperature": target.parameters["temperature"],
        "max_tokens": EMBEDDED_MAX_TOKENS,
        "grammar": JUDGEMENT,
    }
    return replace(target, parameters=parameters)
