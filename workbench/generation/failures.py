"""Why a request brought no answer: short stable identifiers, and what follows from each."""

import json
from dataclasses import dataclass
from enum import StrEnum

from workbench.generation.endpoint import Endpoint


class Reason(StrEnum):
    """The reasons, as they stand in records and counts."""

    UNAUTHORIZED = "unauthorized"
    QUOTA_EXHAUSTED = "quota_exhausted"
    MODEL_UNKNOWN = "model_unknown"
    BAD_REQUEST = "bad_request"
    PROMPT_TOO_LONG = "prompt_too_long"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    CONNECTION_LOST = "connection_lost"
    TIMED_OUT = "timed_out"
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    INTERRUPTED = "interrupted"


# No request can succeed after one of these: the job stops and says what to do.
FATAL = frozenset({Reason.UNAUTHORIZED, Reason.QUOTA_EXHAUSTED, Reason.MODEL_UNKNOWN})
# Certainly not answered, so not paid for: asked again by ourselves. After a lost connection or a
# time-out the outcome is unknown: those are only asked again as often as somebody allows.
RETRIED = frozenset({Reason.RATE_LIMITED, Reason.SERVER_ERROR, Reason.UNREACHABLE})
# The answer may have been made, and charged for, though it did not arrive.
MAYBE_PAID = frozenset(
    {
        Reason.CONNECTION_LOST,
        Reason.TIMED_OUT,
        Reason.NOT_JSON,
        Reason.TOO_LARGE,
        Reason.INTERRUPTED,
    }
)

_SENTENCES = {
    Reason.UNAUTHORIZED: "refuses the API key: check WINNOW_API_KEY, or the key on the Settings "
    "page",
    Reason.QUOTA_EXHAUSTED: "says that the account's quota is used up: add credit there, then "
    "resume",
    Reason.MODEL_UNKNOWN: "does not know the model {model}: check the model's name, and that the "
    "URL has its whole path (most end in /v1)",
    Reason.BAD_REQUEST: "does not accept the request",
    Reason.PROMPT_TOO_LONG: "cannot take a request of that length",
    Reason.RATE_LIMITED: "goes on limiting the rate: lower the concurrency, then resume",
    Reason.SERVER_ERROR: "answers with server errors: try again later",
    Reason.UNREACHABLE: "cannot be reached: check the URL and that the server runs",
    Reason.CONNECTION_LOST: "drops the connection before the answer is complete",
    Reason.TIMED_OUT: "does not answer in time",
    Reason.NOT_JSON: "answers with something other than JSON: check the URL (most end in /v1)",
    Reason.TOO_LARGE: "answers with more than any sample can be",
    Reason.INTERRUPTED: "had not answered when the process that asked it was killed",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer: the reason and the endpoint's own words, if it had any."""

    reason: Reason
    detail: str = ""


def describe(failure: Failure, endpoint: Endpoint) -> str:
    """One sentence for a person: which endpoint, what is wrong, what to do; never the key."""
    sentence = _SENTENCES[failure.reason].format(model=endpoint.model)
    said = f" It says: {failure.detail}" if failure.detail else ""
    text = f"The endpoint {endpoint.name} {sentence}.{said}"
    # Some services repeat the key in their refusal.
    return text.replace(endpoint.api_key, "…") if endpoint.api_key else text


def classify(status: int, body: str) -> Failure:
    """What an HTTP error, or an error object in a successful body, comes to."""
    error = _error_of(body)
    words = {str(error.get(name)).lower() for name in ("code", "type")}
    detail = " ".join(str(error.get("message") or "").split())[:300]
    return Failure(_reason(status, words, detail.lower()), detail)


def _reason(status: int, words: set[str], message: str) -> Reason:
    if status in (401, 403):
        return Reason.UNAUTHORIZED
    if status == 402 or words & {"insufficient_quota", "billing_hard_limit_reached"}:
        return Reason.QUOTA_EXHAUSTED
    if status == 429:
        return Reason.RATE_LIMITED
    if status == 404 or "model_not_found" in words:
        return Reason.MODEL_UNKNOWN
    if words & {"context_length_exceeded", "exceed_context_size_error"}:
        return Reason.PROMPT_TOO_LONG
    if "maximum context length" in message:  # vLLM has no code for it
        return Reason.PROMPT_TOO_LONG
    if status in (408, 409) or status >= 500:
        return Reason.SERVER_ERROR
    return Reason.BAD_REQUEST


def _error_of(body: str) -> dict[str, object]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    error = value.get("error", value)
    return error if isinstance(error, dict) else {"message": error}
