"""Money: what a request can cost at most, and a cap that is never passed.

An amount is reserved before a request is sent and settled when its answer's usage is known. What is
not known stays reserved: it may have been paid.
"""

import json

from storage.records import Request
from workbench.generation.limits import Price

# A token of a byte-level vocabulary stands for at least one byte, so bytes are the most tokens a
# text can have; roles and separators add a few to every message.
TOKENS_PER_MESSAGE = 16
# The usual density of code and English, for estimates that need not be the most.
BYTES_PER_TOKEN = 3.5
DEFAULT_MAX_TOKENS = 4096
# Endpoints are foreign: a count beyond this is a mistake of theirs.
GREATEST_COUNT = 1_000_000_000


def most_prompt_tokens(request: Request) -> int:
    """More tokens than the messages of a request can have."""
    return sum(
        len(str(text).encode("utf-8", "surrogatepass")) + TOKENS_PER_MESSAGE
        for message in request.messages
        for text in message.values()
    )


def most_completion_tokens(request: Request) -> int:
    """The tokens that the answer is limited to."""
    value = request.parameters.get("max_tokens", DEFAULT_MAX_TOKENS)
    return int(value) if isinstance(value, int | float) else DEFAULT_MAX_TOKENS


def reservation(request: Request, price: Price | None) -> float | None:
    """The most US dollars that the request can cost, or None where the price is not known."""
    if price is None:
        return None
    prompt = most_prompt_tokens(request) * price.input
    return (prompt + most_completion_tokens(request) * price.output) / 1e6


def estimate_tokens(request: Request, *, completion: float) -> float:
    """About how many tokens a request takes; `completion` is what answers took lately, or 0."""
    prompt = most_prompt_tokens(request) / BYTES_PER_TOKEN
    return prompt + (completion or most_completion_tokens(request) / 4)


def read_usage(raw: str) -> tuple[int, int]:
    """Prompt and completion tokens as the endpoint counted them; 0 where it did not say."""
    try:
        usage = json.loads(raw).get("usage") or {}
        counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    except (ValueError, RecursionError, AttributeError):
        return 0, 0
    first, second = (
        count if type(count) is int and 0 <= count < GREATEST_COUNT else 0 for count in counts
    )
    return first, second


class Budget:
    """What a job has spent and reserved, in US dollars, against its cap."""

    def __init__(self, cap: float | None, *, spent: float = 0.0) -> None:
        self._cap = cap
        self._spent = spent
        self._reserved = 0.0

    def reserve(self, amount: float | None) -> bool:
        """Set the amount aside; False where it would pass the cap, and nothing is set aside."""
        if self._cap is not None and self._spent + self._reserved + (amount or 0.0) > self._cap:
            return False
        self._reserved += amount or 0.0
        return True

    def settle(self, reserved: float | None, cost: float | None) -> None:
        """Turn a reservation into what it came to; None keeps all of it, as it may be paid."""
        self._reserved -= reserved or 0.0
        self._spent += (reserved or 0.0) if cost is None else cost
