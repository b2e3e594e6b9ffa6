"""Blind judging of a comparison's pairs, and the tally of it."""

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage import comparisons
from storage.comparisons import UNDONE, Comparison, PairState, Vote
from storage.errors import WinnowError
from storage.records import Seed
from storage.seeds import get_seeds
from training.score import wilson_interval
from workbench.pipeline.compare import find_comparison
from workbench.pipeline.prompts import list_versions
from workbench.workspace import Workspace

CHOICES = ("left", "right", "both_good", "both_bad", UNDONE)


@dataclass(frozen=True, slots=True)
class BlindPair:
    """Two answers to one seed, each (problem, solution, language); nothing says whose."""

    position: int
    seed: Seed | None
    left: tuple[str, str, str]
    right: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a reviewer is: the pairs that can be judged, each with what they chose or "".

    `waiting` pairs are being asked, `missing` ones by nobody, and `failed` ones gave no two samples
    (by which arm only the tally says).
    """

    id: str
    name: str
    created_at: float
    pairs: tuple[tuple[int, str], ...]
    waiting: int
    missing: int
    failed: int

    @property
    def judged(self) -> int:
        return sum(1 for _, choice in self.pairs if choice)


@dataclass(frozen=True, slots=True)
class ArmTally:
    """How one arm did: pairs it won, seeds it gave nothing for by reason, share won (0 to 1, with
    its interval) of the pairs that one of the two won."""

    prompt: str
    model: str
    temperature: float
    wins: int
    failures: dict[str, int]
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Tally:
    """What all reviewers' standing votes come to.

    A pair is one observation: whoever has most of its votes wins it, else it is a tie. `p_value` is
    of the two-sided sign test on the pairs that were won. `both_good` and `both_bad` count votes;
    `not_blind` of the `votes` were cast by somebody who had seen the tally. `open` pairs are being
    asked or were never asked.
    """

    id: str
    name: str
    first: ArmTally
    second: ArmTally
    ties: int
    both_good: int
    both_bad: int
    pairs: int
    judged: int
    open: int
    votes: int
    reviewers: int
    not_blind: int
    p_value: float | None


def first_is_left(comparison: Comparison, position: int) -> bool:
    """Whether the first arm's answer stands left: by a hash that nobody outside can compute."""
    text = f"{comparison.salt}:{comparison.id}:{position}"
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def standing(workspace: Workspace, comparison: Comparison, *, reviewer: str) -> Standing:
    """How far a reviewer is with a comparison."""
    with workspace.database.read() as cursor:
        states = comparisons.pair_states(cursor, comparison.id)
        votes = comparisons.standing_votes(cursor, comparison.id, reviewer=reviewer)
    chosen = {
        vote["position"]: _side(comparison, vote["position"], vote["outcome"]) for vote in votes
    }
    return Standing(
        comparison.id,
        comparison.name,
        comparison.created_at,
        tuple(
            (state.pair.position, chosen.get(state.pair.position, ""))
            for state in states
            if state.is_ready
        ),
        **_count_open(states),
        failed=sum("failed" in (state.first, state.second) for state in states),
    )


def _count_open(states: Sequence[PairState]) -> dict[str, int]:
    """How many pairs may still come to two samples: asked for now, or by nobody."""
    hopeful = [(s.first, s.second) for s in states if "failed" not in (s.first, s.second)]
    missing = sum("missing" in pair for pair in hopeful)
    waiting = sum("waiting" in pair and "missing" not in pair for pair in hopeful)
    return {"waiting": waiting, "missing": missing}


def _side(comparison: Comparison, position: int, outcome: str) -> str:
    """What a reviewer chose, as they saw it."""
    if outcome not in ("first", "second"):
        return outcome
    return "left" if (outcome == "first") == first_is_left(comparison, position) else "right"


def get_pair(workspace: Workspace, comparison: Comparison, position: int) -> BlindPair:
    """The two answers at a position, on the sides they always stand on.

    Raises:
        WinnowError: there are no two samples at this position.
    """
    with workspace.database.read() as cursor:
        pair = _require_ready(comparisons.pair_states(cursor, comparison.id), position).pair
        texts = comparisons.answer_texts(cursor, [pair.first_key, pair.second_key])
        seed = get_seeds(cursor, [pair.seed_id]).get(pair.seed_id)
    keys = [pair.first_key, pair.second_key]
    if not first_is_left(comparison, position):
        keys.reverse()
    return BlindPair(position, seed, *(texts[key] for key in keys))


def _require_ready(states: Sequence[PairState], position: int) -> PairState:
    for state in states:
        if state.pair.position == position and state.is_ready:
            return state
    raise WinnowError(f"Pair {position} of this comparison has no two answers to judge.")


def cast_vote(
    workspace: Workspace,
    comparison: Comparison,
    *,
    vote_id: str,
    position: int,
    choice: str,
    reviewer: str,
) -> None:
    """Keep what a reviewer chose for a pair, as they see it: "left", "right", …, or "undone".

    Raises:
        WinnowError: no such choice, or a pair that cannot be judged.
    """
    if choice not in CHOICES:
        raise WinnowError(f"{choice!r} is no vote: use {', '.join(CHOICES)}.")
    outcome = choice
    if choice in ("left", "right"):
        outcome = "first" if (choice == "left") == first_is_left(comparison, position) else "second"
    with workspace.database.transaction() as cursor:
        _require_ready(comparisons.pair_states(cursor, comparison.id), position)
        comparisons.add_vote(cursor, Vote(vote_id, comparison.id, position, reviewer, outcome))


def open_tally(workspace: Workspace, id_or_name: str, *, reviewer: str) -> Tally:
    """The tally of a comparison; that this reviewer has seen it is noted.

    Raises:
        WinnowError: there is no such comparison.
    """
    comparison = find_comparison(workspace, id_or_name)
    with workspace.database.transaction() as cursor:
        comparisons.note_opening(cursor, comparison.id, reviewer=reviewer)
        states = comparisons.pair_states(cursor, comparison.id)
        votes = comparisons.standing_votes(cursor, comparison.id)
    labels = {version.prompt.id: version.label for version in list_versions(workspace)}
    return count_votes(comparison, states, votes, labels=labels)


def count_votes(
    comparison: Comparison,
    states: Sequence[PairState],
    votes: Sequence[dict[str, Any]],
    *,
    labels: dict[str, str],
) -> Tally:
    """The tally of standing votes; `labels` names prompt versions by id."""
    winners = _winners(votes)
    wins = Counter(winners.values())
    tied = Counter(vote["outcome"] for vote in votes)
    intervals = _intervals(wins["first"], wins["second"])
    arms = {}
    for side, interval in zip(("first", "second"), intervals, strict=True):
        arm = comparison.first if side == "first" else comparison.second
        reasons = Counter(
            getattr(state, f"{side}_reason") for state in states if getattr(state, side) == "failed"
        )
        label = labels.get(arm.prompt_id, arm.prompt_id)
        arms[side] = ArmTally(
            label, arm.model, arm.temperature, wins[side], dict(reasons.most_common()), *interval
        )
    return Tally(
        id=comparison.id,
        name=comparison.name,
        first=arms["first"],
        second=arms["second"],
        ties=wins["tie"],
        both_good=tied["both_good"],
        both_bad=tied["both_bad"],
        pairs=len(states),
        judged=len(winners),
        open=sum(_count_open(states).values()),
        votes=len(votes),
        reviewers=len({vote["reviewer"] for vote in votes}),
        not_blind=sum(not vote["blind"] for vote in votes),
        p_value=_sign_test(wins["first"], wins["second"]),
    )


def _winners(votes: Sequence[dict[str, Any]]) -> dict[int, str]:
    """Who won each pair that was judged: "first", "second" or "tie"."""
    lead: Counter[int] = Counter()
    for vote in votes:
        lead[vote["position"]] += {"first": 1, "second": -1}.get(vote["outcome"], 0)
    return {
        position: "first" if by > 0 else "second" if by < 0 else "tie"
        for position, by in lead.items()
    }


Interval = tuple[float | None, float | None, float | None]


def _intervals(first: int, second: int) -> tuple[Interval, Interval]:
    """Each arm's share of the pairs that were won, with its 95% interval."""
    won = first + second
    if not won:
        return (None, None, None), (None, None, None)
    return (first / won, *wilson_interval(first, won)), (
        second / won,
        *wilson_interval(second, won),
    )


def _sign_test(first: int, second: int) -> float | None:
    """How likely a split at least this uneven is where neither is better (exact, two-sided).

    Ties say nothing of which is better and stay out of it.
    """
    won = first + second
    if not won:
        return None
    tail = sum(math.comb(won, wins) for wins in range(min(first, second) + 1))
    return min(1.0, 2 * tail / float(2**won))
