"""Comparisons: two ways to ask the same seeds, their answers in pairs, and the votes on them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row, insert_rows
from storage.jobs import ENDED
from storage.records import Seed
from storage.seeds import COLUMNS

OUTCOMES = ("first", "second", "both_good", "both_bad")
UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the two ways to ask: `kind` is "embedded" or "configured", `choice` what the model was
    chosen by (a file's path, where it is one), the rest as in requests."""

    prompt_id: str
    kind: str
    endpoint: str
    model: str
    choice: str
    temperature: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two arms over the same seeds; `salt` decides the sides and is shown to nobody."""

    id: str
    name: str
    salt: str
    created_by: str
    created_at: float
    first: Arm
    second: Arm


@dataclass(frozen=True, slots=True)
class Pair:
    """One seed, and the key of each arm's request about it; positions count from 1."""

    position: int
    seed_id: str
    first_key: str
    second_key: str


@dataclass(frozen=True, slots=True)
class PairState:
    """Where both answers to one seed stand: each `sample`, `failed`, `waiting` or `missing`.

    `waiting` is being asked by a job that has not ended, `missing` by none.
    """

    pair: Pair
    first: str
    second: str
    first_reason: str | None
    second_reason: str | None

    @property
    def is_ready(self) -> bool:
        """Whether there are two samples to judge."""
        return self.first == self.second == "sample"


@dataclass(frozen=True, slots=True)
class Vote:
    """A reviewer's word on a pair: one of `OUTCOMES`, or `undone`; `id` is made where it was cast,
    so that sending it twice saves it once."""

    id: str
    comparison_id: str
    position: int
    reviewer: str
    outcome: str


def add_comparison(
    cursor: DuckDBPyConnection, comparison: Comparison, pairs: Sequence[Pair]
) -> None:
    """Keep a comparison with its pairs."""
    names = ("id", "name", "salt", "created_by")
    row = {name: getattr(comparison, name) for name in names}
    created_at = datetime.fromtimestamp(comparison.created_at, UTC)
    insert_rows(cursor, "comparisons", [{**row, "created_at": created_at}])
    arms = [
        {"comparison_id": comparison.id, "arm": name, **asdict(arm)}
        for name, arm in (("first", comparison.first), ("second", comparison.second))
    ]
    insert_rows(cursor, "comparison_arms", arms)
    rows = [{"comparison_id": comparison.id, **asdict(pair)} for pair in pairs]
    insert_rows(cursor, "comparison_pairs", rows)


def list_comparisons(cursor: DuckDBPyConnection) -> list[Comparison]:
    """Every comparison, the newest first."""
    arms: dict[str, dict[str, Arm]] = {}
    for row in fetch_dicts(cursor.execute("select * from comparison_arms")):
        comparison_id, name = row.pop("comparison_id"), row.pop("arm")
        arms.setdefault(comparison_id, {})[name] = Arm(**row)
    rows = fetch_dicts(
        cursor.execute(
            "select id, name, salt, created_by, epoch(created_at) as created_at from comparisons"
            " order by comparisons.created_at desc, id"
        )
    )
    return [
        Comparison(**row, first=arms[row["id"]]["first"], second=arms[row["id"]]["second"])
        for row in rows
    ]


def get_comparison(cursor: DuckDBPyConnection, comparison_id: str) -> Comparison | None:
    """One comparison, or None."""
    found = [row for row in list_comparisons(cursor) if row.id == comparison_id]
    return found[0] if found else None


def pair_states(cursor: DuckDBPyConnection, comparison_id: str) -> list[PairState]:
    """Where each pair of a comparison stands, by position.

    A request is settled once and for all when it has a reason or a sample; the sample is looked for
    by its key, in its first revision, as an edit is no model's.
    """
    sides = ", ".join(
        f"case when {side}_key in (select request_key from samples where revision = 1)"
        f" then 'sample' when {side}.reason is not null then 'failed'"
        f" when {side}.state = 'waiting' and {side}_job.state not in (select unnest(?))"
        f" then 'waiting' else 'missing' end as {side}, {side}.reason as {side}_reason"
        for side in ("first", "second")
    )
    joins = " ".join(
        f"left join requests {side} on {side}.key = p.{side}_key"
        f" left join jobs {side}_job on {side}_job.id = {side}.job_id"
        for side in ("first", "second")
    )
    rows = fetch_dicts(
        cursor.execute(
            f"select p.position, p.seed_id, p.first_key, p.second_key, {sides}"
            f" from comparison_pairs p {joins} where p.comparison_id = ? order by p.position",
            [list(ENDED), list(ENDED), comparison_id],
        )
    )
    parts = ("position", "seed_id", "first_key", "second_key")
    return [
        PairState(
            Pair(**{name: row[name] for name in parts}),
            row["first"],
            row["second"],
            row["first_reason"] if row["first"] == "failed" else None,
            row["second_reason"] if row["second"] == "failed" else None,
        )
        for row in rows
    ]


def answer_texts(
    cursor: DuckDBPyConnection, keys: Sequence[str]
) -> dict[str, tuple[str, str, str]]:
    """Problem, solution and language that a model gave to each request, by its key."""
    rows = cursor.execute(
        "select request_key, problem, solution, language from samples"
        " where revision = 1 and request_key in (select unnest(?))",
        [list(keys)],
    ).fetchall()
    return {key: (problem, solution, language) for key, problem, solution, language in rows}


def find_open_keys(cursor: DuckDBPyConnection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that a new job could ask: nobody has an answer or is asking.

    What was sent with an unknown outcome is not asked again: it may be paid for.
    """
    rows = cursor.execute(
        "select q.key from requests q left join jobs j on j.id = q.job_id"
        " where q.key in (select unnest(?)) and (q.state in ('answered', 'unknown')"
        " or j.state not in (select unnest(?)))",
        [list(keys), list(ENDED)],
    ).fetchall()
    return set(keys) - {row[0] for row in rows}


_ANSWERED = (
    "(id in (select seed_id from requests where prompt_id = ? and endpoint = ? and model = ?"
    " and parameters::varchar = ? and state = 'answered'))::int"
)


def seeds_to_compare(
    cursor: DuckDBPyConnection, asked: Sequence[tuple[Arm, str]], *, limit: int
) -> list[Seed]:
    """Seeds for a comparison: first those that most arms answered, then in the order drawn.

    Each arm comes with the parameters of its requests as JSON text, so that what counts as answered
    need not be paid for again. Each snippet comes once.
    """
    counts = " + ".join(["0", *[_ANSWERED] * len(asked)])
    values = [
        value
        for arm, parameters in asked
        for value in (arm.prompt_id, arm.endpoint, arm.model, parameters)
    ]
    rows = cursor.execute(
        f"select {COLUMNS} from (select *, {counts} as answered from seeds)"
        " qualify row_number() over (partition by snippet order by answered desc, position) = 1"
        " order by answered desc, position limit ?",
        [*values, limit],
    )
    return [Seed(**row) for row in fetch_dicts(rows)]


def add_vote(cursor: DuckDBPyConnection, vote: Vote) -> None:
    """Append a vote; whether its reviewer had seen the tally before is noted with it."""
    opened = first_row(
        cursor.execute(
            "select 1 from comparison_openings where comparison_id = ? and reviewer = ?",
            [vote.comparison_id, vote.reviewer],
        )
    )
    number = first_row(cursor.execute("select coalesce(max(number), 0) + 1 from comparison_votes"))
    row = {**asdict(vote), "number": number[0], "blind": opened is None}
    insert_rows(cursor, "comparison_votes", [{**row, "voted_at": datetime.now(UTC)}])


def standing_votes(
    cursor: DuckDBPyConnection, comparison_id: str, *, reviewer: str = ""
) -> list[dict[str, Any]]:
    """The newest vote of each reviewer (or of one) on each pair that was not taken back.

    Each with position, reviewer, outcome, blind; by position.
    """
    rows = cursor.execute(
        "select position, reviewer, outcome, blind from (select * from comparison_votes"
        " where comparison_id = ? and ? in ('', reviewer)"
        " qualify row_number() over (partition by position, reviewer order by number desc) = 1)"
        " where outcome <> ? order by position, reviewer",
        [comparison_id, reviewer, UNDONE],
    )
    return fetch_dicts(rows)


def note_opening(cursor: DuckDBPyConnection, comparison_id: str, *, reviewer: str) -> None:
    """Note that a reviewer has seen the tally; their later votes are not blind."""
    row = {"comparison_id": comparison_id, "reviewer": reviewer, "opened_at": datetime.now(UTC)}
    insert_rows(cursor, "comparison_openings", [row])
