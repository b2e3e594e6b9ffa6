"""Choosing samples to ask about: those of a filter that were not asked about in this way before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from duckdb import DuckDBPyConnection

from storage.errors import WinnowError
from storage.evolutions import taken_keys
from storage.filters import SampleFilter
from storage.records import Request
from storage.samples import get_cards, list_sample_ids
from workbench.workspace import Workspace

BATCH = 500
MOST_AT_ONCE = 1_000_000

# From cards (rows of `storage.samples.get_cards`) to requests; those that cannot be asked are left
# out.
Build = Callable[[DuckDBPyConnection, list[dict[str, Any]]], list[Request]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Requests to send, of so many samples looked at; `asked` were asked about before.

    `left_out` are samples that no request can be made of.
    """

    requests: list[Request]
    looked_at: int
    asked: int
    left_out: int


def samples_of(workspace: Workspace, where: SampleFilter) -> list[str]:
    """The ids of the samples that the filter leaves, in the order they came."""
    with workspace.database.read() as cursor:
        return [row[0] for row in list_sample_ids(cursor, where, limit=MOST_AT_ONCE)]


def choose_requests(
    workspace: Workspace, sample_ids: Sequence[str], build: Build, *, count: int
) -> Chosen:
    """The first `count` requests about the samples that no answer is there for, or under way.

    Texts that are equal to the letter are asked about once.

    Raises:
        WinnowError: a count that cannot be.
    """
    if not 1 <= count <= MOST_AT_ONCE:
        raise WinnowError(f"{count} samples cannot be asked for: use 1 to {MOST_AT_ONCE:,}.")
    chosen: dict[str, Request] = {}
    looked_at = asked = left_out = 0
    for start in range(0, len(sample_ids), BATCH):
        if len(chosen) >= count:
            break
        with workspace.database.read() as cursor:
            cards = get_cards(cursor, sample_ids[start : start + BATCH])
            requests = build(cursor, cards)
            taken = taken_keys(cursor, [request.key for request in requests])
        looked_at += len(cards)
        left_out += len(cards) - len(requests)
        for request in requests:
            if request.key in taken or request.key in chosen:
                asked += 1
            elif len(chosen) < count:
                chosen[request.key] = request
    return Chosen(list(chosen.values()), looked_at, asked, left_out)
