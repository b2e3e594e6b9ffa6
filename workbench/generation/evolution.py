"""Evol-Instruct: a problem made harder in one of five ways, and what is dropped of the answers."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from storage.errors import WinnowError
from storage.records import Prompt, Request, Response, Sample
from workbench.generation.grammar import evolved_form
from workbench.generation.parsing import (
    ParsedSample,
    ParseFailure,
    find_code_block,
    parse_answer,
    read_content,
)
from workbench.generation.prompts import load_prompt, render_fields
from workbench.generation.refusals import is_refusal
from workbench.generation.requests import RANDOM_SEED, make_request

TASK = SOURCE = "evol-instruct"
# WizardCoder's score was best after three rounds and fell after the fourth.
MOST_ROUNDS = 3
# Characters; less, such as `x + 1`, a problem may well show.
SHORTEST_SOLUTION = 20


@dataclass(frozen=True, slots=True)
class Heuristic:
    """One way to make a problem harder; `instruction` is what the model is told.

    `opening` is how the sentence begins that a grammar makes a small model add; `with_code` says
    that code belongs to it.
    """

    name: str
    instruction: str
    opening: str
    with_code: bool = False


# The five of WizardCoder (arXiv 2306.08568), in words of our own. The order is part of the choice.
HEURISTICS = (
    Heuristic(
        "constraints",
        "Add one or two constraints or requirements that a solution has to respect: a limit on the "
        "input, a forbidden shortcut, an error to be handled.",
        "In addition, the solution must not use ",
    ),
    Heuristic(
        "rarer-requirement",
        "Replace one requirement that programmers meet every day by a rarer and more specific one.",
        "It must also handle the rare case that the input ",
    ),
    Heuristic(
        "more-reasoning",
        "Where a step or two of thought would be enough, make it take several more steps that "
        "build on one another.",
        "From that result, it must then compute ",
    ),
    Heuristic(
        "misdirection",
        "Add a short piece of code to the exercise, in a fenced block, that looks like a hint and "
        "has a mistake that is easy to miss.",
        "The following attempt looks right, but it has a mistake:",
        with_code=True,
    ),
    Heuristic(
        "complexity",
        "Ask for a better bound on time or on memory than the obvious solution has, and name it.",
        "It must need no more time than ",
    ),
)


def choose_heuristic(sample_id: str, *, round_number: int) -> Heuristic:
    """The heuristic for a sample in a round: always the same, so that asking again is the same."""
    text = f"{RANDOM_SEED}:{sample_id}:{round_number}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return HEURISTICS[number % len(HEURISTICS)]


def make_evolution(
    parent: dict[str, Any],
    prompt: Prompt,
    *,
    round_number: int,
    endpoint: str,
    model: str,
    parameters: dict[str, Any],
) -> Request:
    """The request that evolves one sample.

    `parent` has the sample's id, revision, seed_id and problem. Where `parameters` hold a grammar,
    it becomes one for the heuristic.
    """
    heuristic = choose_heuristic(parent["id"], round_number=round_number)
    if "grammar" in parameters:
        form = evolved_form(heuristic.opening, with_code=heuristic.with_code)
        parameters = {**parameters, "grammar": form}
    messages = render_fields(
        prompt,
        foreign={"problem": parent["problem"]},
        own={"heuristic": heuristic.instruction},
    )
    return make_request(
        messages,
        endpoint=endpoint,
        model=model,
        parameters=parameters,
        seed_id=parent["seed_id"],
        prompt_id=prompt.id,
        task=TASK,
        about={
            "sample": parent["id"],
            "revision": parent["revision"],
            "heuristic": heuristic.name,
            "round": round_number,
            "parent_problem": parent["problem"],
        },
    )


def read_evolution(response: Response) -> tuple[Sample | None, str | None]:
    """The evolved sample that a response holds, or why it holds none; one of the two is None.

    The reasons are those of `parse_answer`, and of WizardLM's elimination (arXiv 2304.12244):
    `refused`, `leaks_prompt`, `evolution_equal`; and `solution_in_problem`.
    """
    parsed = parse_answer(response.raw)
    if isinstance(parsed, ParseFailure):
        content = read_content(response.raw)
        refused = isinstance(content, str) and is_refusal(content)
        return None, "refused" if refused else parsed.reason
    if reason := find_fault(parsed, response.about):
        return None, reason
    return (
        Sample(
            id=hashlib.sha256(f"sample:{response.key}".encode()).hexdigest()[:32],
            revision=1,
            seed_id=response.seed_id,
            request_key=response.key,
            problem=parsed.problem,
            solution=parsed.solution,
            language=parsed.language,
            source=SOURCE,
        ),
        None,
    )


def find_fault(parsed: ParsedSample, about: dict[str, Any]) -> str | None:
    """Why an evolved sample in the right form is dropped all the same, or None."""
    parent = str(about["parent_problem"])
    if is_refusal(parsed.problem) or is_refusal(_prose(parsed.solution)):
        return "refused"
    if is_nearly_equal(parsed.problem, parent):
        return "evolution_equal"
    if leaks_prompt(parsed.problem, parent=parent):
        return "leaks_prompt"
    if shows_solution(parsed):
        return "solution_in_problem"
    return None


def shows_solution(parsed: ParsedSample) -> bool:
    """Whether the problem holds the very code that solves it, but for white space.

    Small models asked for misleading code give the solution twice.
    """
    found = find_code_block(parsed.solution)
    code = "".join(found[1].split()) if found else ""
    return len(code) >= SHORTEST_SOLUTION and code in "".join(parsed.problem.split())


# One changed word touches five runs of five words; a sentence of its own brings eight or more.
RUN = 5
FRESH_RUNS = 8


def is_nearly_equal(problem: str, parent: str) -> bool:
    """Whether an evolved problem says nothing that its parent does not say already.

    Case, white space and punctuation do not count. It is so when it has fewer than eight runs of
    five words that the parent lacks, or, of a short one, fewer than half of its own: a word
    changed, or the parent cut short, is nothing new; a sentence added is.
    """
    words, before = _words(problem), _words(parent)
    if words == before:
        return True
    runs = _runs(words, RUN)
    fresh = len(runs - _runs(before, RUN))
    return fresh < min(FRESH_RUNS, len(runs) / 2)


_THINGS = r"(?:problem|prompt|exercise|task|instruction|question)s?"
# What a text says that speaks of its own making. After "the given problem" something must follow
# that goes with all of it: `the given problem instance` is an honest one.
_LEAKS = re.compile(
    rf"#\s*(?:the\s+)?(?:given|rewritten|evolved|created|new|original)\s+{_THINGS}\s*#"
    r"|\b(?:given|rewritten|evolved|original|new)\s+prompts?\b"
    r"|\bthe\s+(?:exercise|prompt)\s+above\b"
    rf"|\b(?:rewritten|evolved|harder)\s+(?:version|variant|{_THINGS})\b"
    rf"|\b(?:more\s+(?:difficult|demanding)|harder)\s+than\s+the\s+(?:original|previous|first)\b"
    rf"|\bthe\s+(?:given|above|previous)\s+{_THINGS}\b(?=\s*(?:[.,:;!?)\"'*]|\Z|\n)"
    r"|\s+(?:so|to|and|by|is|was|that|which|with|into|but|has|should|must|above|below)\b)",
    re.IGNORECASE,
)
# Honest problems share three or four words in a row with what the model was told, not six.
INSTRUCTION_RUN = 6


def leaks_prompt(problem: str, *, parent: str) -> bool:
    """Whether an evolved problem speaks of the prompt that it was asked for with.

    What the parent said already is no leak: a problem may be about evolved prompts.
    """
    said = {_spaced(found[0]) for found in _LEAKS.finditer(parent)}
    if any(_spaced(found[0]) not in said for found in _LEAKS.finditer(problem)):
        return True
    runs = _runs(_words(problem), INSTRUCTION_RUN) - _runs(_words(parent), INSTRUCTION_RUN)
    return not runs.isdisjoint(_instruction_runs())


@cache
def _instruction_runs() -> frozenset[tuple[str, ...]]:
    """The runs of words in everything that a model is told beside the parent's problem."""
    texts = [heuristic.instruction for heuristic in HEURISTICS]
    for name in ("evol-instruct", "evol-instruct-small"):
        texts += re.split(r"\{\w+\}", load_prompt(name).user)
    return frozenset().union(*(_runs(_words(text), INSTRUCTION_RUN) for text in texts))


def _spaced(text: str) -> str:
    return " ".join(text.lower().split())


def _prose(solution: str) -> str:
    """A solution without its code blocks."""
    return re.sub(r"^ {0,3}```.*?^ {0,3}```[^\n]*$", "", solution, flags=re.DOTALL | re.MULTILINE)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower()))


def _runs(words: tuple[str, ...], length: int) -> set[tuple[str, ...]]:
    return {words[start : start + length] for start in range(max(1, len(words) - length + 1))}


def check_rounds(rounds: int) -> None:
    """Refuse a number of rounds that cannot be.

    Raises:
        WinnowError: it is not 1 to 3.
    """
    if not 1 <= rounds <= MOST_ROUNDS:
        raise WinnowError(f"{rounds} rounds cannot be: use 1 to {MOST_ROUNDS}.")
