"""The ledger: prompts, requests, every time one was sent, and the raw answers."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows
from storage.jobs import ENDED
from storage.records import Prompt, Request, Response


def add_prompt(cursor: DuckDBPyConnection, prompt: Prompt) -> None:
    """Keep a prompt; one with the same content is there already."""
    insert_rows(cursor, "prompts", [{**asdict(prompt), "created_at": datetime.now(UTC)}])


def list_prompts(cursor: DuckDBPyConnection) -> list[Prompt]:
    """Every version of every prompt that was used or saved, the newest first."""
    rows = cursor.execute('select id, name, system, "user" from prompts order by created_at desc')
    return [Prompt(**row) for row in fetch_dicts(rows)]


def claim_requests(
    cursor: DuckDBPyConnection,
    requests: Sequence[Request],
    *,
    job_id: str,
    endpoint: str,
    model: str,
) -> dict[str, str]:
    """The keys of those requests that are this job's to send, each with its state.

    Not its own is what another job got an answer to, what one that has not ended is asking, and
    what one sent with an unknown outcome, as it may be paid for.
    """
    waiting = [
        {
            "key": request.key,
            "job_id": job_id,
            "seed_id": request.seed_id,
            "subject": request.subject,
            "prompt_id": request.prompt_id,
            "endpoint": endpoint,
            "model": model,
            "parameters": json.dumps(request.parameters),
            "state": "waiting",
            "task": request.task,
            "attempt": request.attempt,
            "prompt_tokens": 0,
            "completion_tokens": 0,
            "seconds": 0.0,
            "received_at": datetime.now(UTC),
        }
        for request in {request.key: request for request in requests}.values()
    ]
    insert_rows(cursor, "requests", waiting)
    keys = [row["key"] for row in waiting]
    cursor.execute(
        "update requests set job_id = ? where key in (select unnest(?)) and job_id <> ?"
        " and state in ('waiting', 'failed')"
        " and job_id not in (select id from jobs where state not in (select unnest(?)))",
        [job_id, keys, job_id, list(ENDED)],
    )
    ours = cursor.execute(
        "select key, state from requests where job_id = ? and key in (select unnest(?))",
        [job_id, keys],
    )
    return dict(ours.fetchall())


def release_requests(cursor: DuckDBPyConnection, job_id: str) -> None:
    """Forget what the job has not sent: another one may ask it."""
    cursor.execute("delete from requests where job_id = ? and state = 'waiting'", [job_id])


def add_responses(
    cursor: DuckDBPyConnection,
    outcomes: Sequence[tuple[Response, str | None]],
    *,
    job_id: str,
    parser: int = 0,
) -> None:
    """Keep responses, note what each may have cost, and settle their requests.

    Each comes with the reason why it gave nothing, or None where it gave what was asked for. A
    request that failed and was sent again is settled anew; every try and every response stays.
    `parser` is the version of what read them.
    """
    if not outcomes:
        return
    latest = {response.key: (response, reason) for response, reason in outcomes}
    settled = [
        _request_row(response, reason, job_id=job_id, parser=parser)
        for response, reason in latest.values()
    ]
    names = ("job_id", "state", "reason", "prompt_tokens", "completion_tokens", "seconds", "cost")
    update = ", ".join(f"{name} = excluded.{name}" for name in (*names, "received_at", "parser"))
    # An answer is never unsettled again, whatever else is said of its key later.
    conflict = f"(key) do update set {update} where requests.state <> 'answered'"
    insert_rows(cursor, "requests", settled, conflict=conflict)
    every = {(response.key, response.received_at): response for response, _ in outcomes}
    insert_rows(cursor, "tries", [_try_row(one, job_id=job_id) for one in every.values()])
    raw = [
        {
            "key": response.key,
            "received_at": _time(response),
            "raw": response.raw,
            "about": json.dumps(response.about),
        }
        for response in every.values()
    ]
    insert_rows(cursor, "responses", raw)


def _time(response: Response) -> datetime:
    return datetime.fromtimestamp(response.received_at, UTC)


def _request_row(
    response: Response, reason: str | None, *, job_id: str, parser: int
) -> dict[str, Any]:
    # A failure that certainly cost nothing has a cost of 0, one that may have cost has none.
    failed = "failed" if response.cost == 0 else "unknown"
    return {
        "key": response.key,
        "job_id": job_id,
        "seed_id": response.seed_id,
        "subject": response.subject,
        "prompt_id": response.prompt_id,
        "endpoint": response.endpoint,
        "model": response.model,
        "parameters": json.dumps(response.parameters),
        "state": failed if response.failure else "answered",
        "reason": reason,
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "seconds": response.seconds,
        "cost": response.cost,
        "received_at": _time(response),
        "task": response.task,
        "attempt": response.attempt,
        "parser": parser,
    }


def _try_row(response: Response, *, job_id: str) -> dict[str, Any]:
    return {
        "key": response.key,
        "received_at": _time(response),
        "job_id": job_id,
        "model": response.model,
        "outcome": response.failure or "answered",
        "prompt_tokens": response.prompt_tokens,
        "completion_tokens": response.completion_tokens,
        "seconds": response.seconds,
        "cost": response.cost,
        "reserved": response.reserved,
    }


def get_request(cursor: DuckDBPyConnection, key: str) -> dict[str, Any] | None:
    """The ledger's row of one request, or None."""
    rows = fetch_dicts(cursor.execute("select * from requests where key = ?", [key]))
    return rows[0] if rows else None


def raw_answers(cursor: DuckDBPyConnection, key: str) -> list[dict[str, Any]]:
    """Everything that came back for a request, newest first: time, outcome, cost, raw body."""
    return fetch_dicts(
        cursor.execute(
            "select r.received_at, r.raw, t.outcome, t.seconds, t.cost, t.reserved,"
            " t.prompt_tokens, t.completion_tokens, t.job_id from responses r"
            " left join tries t on t.key = r.key and t.received_at = r.received_at"
            " where r.key = ? order by r.received_at desc",
            [key],
        )
    )


def unparsed_responses(
    cursor: DuckDBPyConnection, *, parser: int, after: str = "", size: int = 500
) -> list[Response]:
    """Answers that gave nothing to an older parser than this one, by key; 500 at a time."""
    rows = fetch_dicts(
        cursor.execute(
            "select q.key, q.seed_id, q.prompt_id, q.endpoint, q.model, q.parameters, r.raw,"
            " q.prompt_tokens, q.completion_tokens, q.seconds, q.cost, epoch(r.received_at)"
            " as received_at, q.task, q.attempt, r.about"
            " from requests q join responses r on r.key = q.key and r.received_at = q.received_at"
            " where q.state = 'answered' and q.reason is not null and q.parser < ? and q.key > ?"
            " order by q.key limit ?",
            [parser, after, size],
        )
    )
    decoded = {"parameters", "about"}
    return [
        Response(**{name: json.loads(row[name]) if name in decoded else row[name] for name in row})
        for row in rows
    ]


def settle_reading(
    cursor: DuckDBPyConnection, reasons: Sequence[tuple[str, str | None]], *, parser: int
) -> None:
    """Note what another parser made of answers: (key, reason or None where it gave something)."""
    for key, reason in reasons:
        cursor.execute(
            "update requests set reason = ?, parser = ? where key = ?", [reason, parser, key]
        )


def spending(cursor: DuckDBPyConnection, job_id: str = "") -> dict[str, Any]:
    """What was spent on all requests, or on one job's.

    `cost` sums what is known; `unpriced` counts the tries whose cost is not, and `at_most` is what
    those can have cost together, or None where a price is missing.
    """
    total = fetch_dicts(
        cursor.execute(
            "select count(*) as requests, coalesce(sum(prompt_tokens), 0)::bigint as prompt_tokens,"
            " coalesce(sum(completion_tokens), 0)::bigint as completion_tokens,"
            " coalesce(sum(cost), 0) as cost, count(*) filter (where cost is null) as unpriced,"
            " case when count(*) filter (where cost is null and reserved is null) = 0"
            " then coalesce(sum(reserved) filter (where cost is null), 0) end as at_most"
            " from tries where ? in ('', job_id)",
            [job_id],
        )
    )[0]
    reasons = cursor.execute(
        "select reason, count(*) from requests where reason is not null and ? in ('', job_id)"
        " group by 1 order by 2 desc",
        [job_id],
    ).fetchall()
    return {**total, "failures": dict(reasons)}


def model_averages(
    cursor: DuckDBPyConnection, model: str, *, prompt_id: str = ""
) -> dict[str, Any]:
    """What one answer of a model took on average, over its newest 500.

    `answers` seen, `seconds`, `prompt_tokens`, `completion_tokens`, and `yielded`, the share (0 to
    1) that gave what was asked for; None where nothing was seen.
    """
    return fetch_dicts(
        cursor.execute(
            "select count(*) as answers, avg(seconds) as seconds,"
            " avg(prompt_tokens) as prompt_tokens, avg(completion_tokens) as completion_tokens,"
            " avg((reason is null)::int) as yielded from (select * from requests"
            " where model = ? and state = 'answered' and ? in ('', prompt_id)"
            " order by received_at desc limit 500)",
            [model, prompt_id],
        )
    )[0]
