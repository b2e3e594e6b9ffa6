"""What is known of each prompt version: where it came from, and how its answers turned out."""

from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from storage.database import fetch_dicts, insert_rows


def add_prompt_origin(
    cursor: DuckDBPyConnection, prompt_id: str, *, parent_id: str | None, saved_by: str
) -> None:
    """Note which version a new one was edited from; what is known of it already stays."""
    row = {"prompt_id": prompt_id, "parent_id": parent_id, "saved_by": saved_by}
    insert_rows(cursor, "prompt_origins", [{**row, "saved_at": datetime.now(UTC)}])


def list_prompt_rows(cursor: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Every prompt that was used or saved, newest first, with its origin where it was edited.

    `created_at` is in seconds since 1970.
    """
    return fetch_dicts(
        cursor.execute(
            'select p.id, p.name, p.system, p."user", epoch(p.created_at) as created_at,'
            " o.parent_id, o.saved_by from prompts p"
            " left join prompt_origins o on o.prompt_id = p.id order by p.created_at desc, p.id"
        )
    )


def prompt_yields(cursor: DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """How many answers each prompt got, and how many of them gave a sample, by its id."""
    rows = cursor.execute(
        "select prompt_id, count(*), count(*) filter (where reason is null) from requests"
        " where state = 'answered' and task = 'oss-instruct' group by 1"
    ).fetchall()
    return {prompt_id: (answers, parsed) for prompt_id, answers, parsed in rows}
