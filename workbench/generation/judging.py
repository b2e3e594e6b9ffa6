"""The judge: what it is shown of a sample, and a strict reading of what it says."""

import json
import re
from typing import Any

from storage.records import Prompt, Request, Response
from workbench.generation.parsing import ParseFailure, read_content
from workbench.generation.prompts import render_fields, storable_text
from workbench.generation.refusals import is_refusal
from workbench.generation.requests import make_request

TASK = "judge"
# Those of OpenCodeInstruct: does it meet the problem, is its logic right, does it mind edge cases.
AXES = ("meets_problem", "logic", "edge_cases")
LOWEST, HIGHEST = 1, 5
# One or two sentences were asked for; a card shows no more.
MAX_REASON = 600
_FENCE = re.compile(r"\A```(?:json)?[ \t]*\n(.*)\n```\Z", re.DOTALL | re.IGNORECASE)


def make_judgement_request(
    sample: dict[str, Any],
    prompt: Prompt,
    *,
    endpoint: str,
    model: str,
    parameters: dict[str, Any],
) -> Request:
    """The request to judge one sample: its id, revision, seed_id, problem and solution."""
    messages = render_fields(
        prompt, foreign={"problem": sample["problem"], "solution": sample["solution"]}
    )
    return make_request(
        messages,
        endpoint=endpoint,
        model=model,
        parameters=parameters,
        seed_id=sample["seed_id"],
        prompt_id=prompt.id,
        task=TASK,
        about={"sample": sample["id"], "revision": sample["revision"]},
    )


def read_judgement(response: Response) -> tuple[dict[str, Any] | None, str | None]:
    """The three scores (1 to 5) and the reason in a response, or why there are none.

    The answer must be one JSON object, in a code fence or not, and nothing else. The reasons are
    `judgement_unreadable`, `judgement_out_of_range`, `judgement_without_reason`, `refused`, and
    those of an answer that is not complete.
    """
    content = read_content(response.raw)
    if isinstance(content, ParseFailure):
        return None, content.reason
    value = _read_object(content.strip())
    if value is None:
        return None, "refused" if is_refusal(content) else "judgement_unreadable"
    scores: dict[str, int] = {}
    for axis in AXES:
        score = value.get(axis)
        if isinstance(score, bool) or not isinstance(score, int | float):
            return None, "judgement_unreadable"
        # Against a range of whole numbers: 4.5, NaN and infinity are in none.
        if score not in range(LOWEST, HIGHEST + 1):
            return None, "judgement_out_of_range"
        scores[axis] = int(score)
    reason = value.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        return None, "judgement_without_reason"
    words = storable_text(reason.strip())
    if len(words) > MAX_REASON:
        words = f"{words[: MAX_REASON - 1]}…"
    return {**scores, "reason": words}, None


def _read_object(text: str) -> dict[str, Any] | None:
    if fenced := _FENCE.match(text):
        text = fenced[1]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
