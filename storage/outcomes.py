"""What became of jobs' requests: how many gave something, why the others did not, and the money."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, first_row

# A request of one job that gave nothing, and was not asked anew: its newest attempt stands for it.
_FAILED = (
    "q.job_id = ? and q.reason is not null and not exists (select 1 from requests n"
    " where n.job_id = q.job_id and n.subject = q.subject and n.prompt_id = q.prompt_id"
    " and n.task = q.task and n.attempt > q.attempt)"
)


@dataclass(slots=True)
class Outcomes:
    """What a job's requests came to, each by its newest attempt.

    `gave` counts those that gave what was asked for. `reasons` has, for each reason why others gave
    nothing, how many are in each state: answered, failed (certainly not paid), unknown.

    `cost` sums what is known of all tries, in US dollars; `unpriced` counts the tries whose cost is
    not, `at_most` is what those can have cost together, or None where a price is missing.
    """

    gave: int = 0
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    cost: float = 0.0
    unpriced: int = 0
    at_most: float | None = 0.0


def count_outcomes(cursor: DuckDBPyConnection, job_ids: Sequence[str]) -> dict[str, Outcomes]:
    """The outcomes of each of the jobs, reasons with most failures first."""
    # Only later attempts can stand for an earlier one: few rows, so that the join stays small.
    rows = cursor.execute(
        "select q.job_id, q.reason, q.state, count(*) from requests q"
        " where q.job_id in (select unnest(?)) and q.state <> 'waiting'"
        " and not exists (select 1 from requests n where n.attempt > 0 and n.job_id = q.job_id"
        " and n.subject = q.subject and n.prompt_id = q.prompt_id and n.task = q.task"
        " and n.attempt > q.attempt) group by all order by 4 desc, 2, 3",
        [list(job_ids)],
    ).fetchall()
    found = {job_id: Outcomes() for job_id in job_ids}
    for job_id, reason, state, count in rows:
        if reason is not None:
            found[job_id].reasons.setdefault(reason, {})[state] = count
        elif state == "answered":
            found[job_id].gave += count
    spent = cursor.execute(
        "select job_id, coalesce(sum(cost), 0), count(*) filter (where cost is null),"
        " case when count(*) filter (where cost is null and reserved is null) = 0"
        " then coalesce(sum(reserved) filter (where cost is null), 0) end"
        " from tries where job_id in (select unnest(?)) group by job_id",
        [list(job_ids)],
    ).fetchall()
    for job_id, cost, unpriced, at_most in spent:
        outcomes = found[job_id]
        outcomes.cost, outcomes.unpriced, outcomes.at_most = cost, unpriced, at_most
    return found


def list_failures(cursor: DuckDBPyConnection, job_id: str, *, reason: str) -> list[dict[str, Any]]:
    """Every request of a job that gave nothing for this reason: key, state, attempt."""
    rows = cursor.execute(
        f"select q.key, q.state, q.attempt from requests q where {_FAILED} and q.reason = ?",
        [job_id, reason],
    )
    return fetch_dicts(rows)


def page_failures(
    cursor: DuckDBPyConnection, job_id: str, *, reason: str = "", after: str = "", size: int = 50
) -> list[dict[str, Any]]:
    """One page by key of a job's requests that gave nothing: what was asked, and why it failed."""
    rows = cursor.execute(
        "select q.key, q.seed_id, q.reason, q.state, q.attempt, q.seconds, q.cost, q.received_at,"
        " q.completion_tokens, s.repository, s.path, left(s.snippet, 160) as start"
        f" from requests q left join seeds s on s.id = q.seed_id where {_FAILED}"
        " and (? = '' or q.reason = ?) and q.key > ? order by q.key limit ?",
        [job_id, reason, reason, after, size],
    )
    return fetch_dicts(rows)


def count_older_readings(cursor: DuckDBPyConnection, *, parser: int) -> int:
    """How many answers gave nothing to an older parser than this one."""
    row = first_row(
        cursor.execute(
            "select count(*) from requests"
            " where state = 'answered' and reason is not null and parser < ?",
            [parser],
        )
    )
    return int(row[0])


def asked_models(cursor: DuckDBPyConnection) -> list[str]:
    """Every model of an endpoint that was ever asked, by name; embedded ones are not among them."""
    rows = cursor.execute(
        "select distinct model from requests where not starts_with(endpoint, 'embedded:')"
        " order by model"
    )
    return [row[0] for row in rows.fetchall()]
