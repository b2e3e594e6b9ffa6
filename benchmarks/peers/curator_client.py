"""bespokelabs-curator on the benchmark's work, run by the Python of its own environment.

    python curator_client.py WORK ANSWERS BASE_URL MODEL CONCURRENCY

It gets the settings that are best for it here; what it writes by itself it appends without syncing.
The time that counts ends when its call returns: ANSWERS is only for checking.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from bespokelabs import curator  # type: ignore[import-not-found]
from datasets import Dataset  # type: ignore[import-not-found]

# Its own limits are estimates of tokens that would hold it back; the endpoint has none, so these
# never do. Without numbers it would fall back to 200 requests a minute.
NO_LIMIT_REQUESTS = 1_000_000_000
NO_LIMIT_TOKENS = 1_000_000_000_000


class Asker(curator.LLM):  # type: ignore[misc]
    """Sends the messages of a row as they are and keeps the id beside the answer."""

    def prompt(self, input: dict[str, Any]) -> list[dict[str, str]]:
        return list(input["messages"])

    def parse(self, input: dict[str, Any], response: str) -> dict[str, str]:
        return {"id": input["id"], "text": response}


def main(argv: list[str]) -> None:
    """Ask every question of WORK in one call."""
    work, answers, base_url, model, concurrency = argv
    questions = [json.loads(line) for line in Path(work).read_text(encoding="utf-8").splitlines()]
    asker = Asker(
        model_name=model,
        backend="openai",  # its own client; through litellm it is slower
        generation_params=questions[0]["parameters"],
        backend_params={
            "base_url": base_url,
            "api_key": "none",
            "max_concurrent_requests": int(concurrency),
            "max_requests_per_minute": NO_LIMIT_REQUESTS,
            "max_tokens_per_minute": NO_LIMIT_TOKENS,
            "max_retries": 0,  # a second try would be a second bill
        },
    )
    rows = [{"id": question["id"], "messages": question["messages"]} for question in questions]
    response = asker(Dataset.from_list(rows))
    finished_at = time.time()
    write_answers(Path(answers), response.dataset, finished_at)


def write_answers(path: Path, rows: Any, finished_at: float) -> None:
    """A line per answer, then one with the time at which the call returned."""
    lines = [json.dumps({"id": row["id"], "text": row["text"]}) for row in rows]
    lines.append(json.dumps({"finished_at": finished_at}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
