"""The loop that OSS-Instruct's authors generate with, written afresh: one request at a time.

    python one_at_a_time.py WORK ANSWERS BASE_URL MODEL CONCURRENCY

The next request leaves when the answer before it has been checked and appended. As theirs it does
not sync; CONCURRENCY is there because every client of the benchmark is called alike.
"""

import json
import sys
from pathlib import Path

import openai


def main(argv: list[str]) -> None:
    """Ask every question of WORK in turn and append each proper answer to ANSWERS."""
    work, answers, base_url, model, _ = argv
    client = openai.OpenAI(base_url=base_url, api_key="none", max_retries=0)
    with Path(work).open(encoding="utf-8") as questions, Path(answers).open("a") as file:
        for line in questions:
            question = json.loads(line)
            completion = client.chat.completions.create(
                model=model, messages=question["messages"], **question["parameters"]
            )
            choice = completion.choices[0]
            text = choice.message.content or ""
            problem, label, solution = text.partition("[Solution]")
            if choice.finish_reason == "stop" and problem.strip() and label and solution.strip():
                file.write(json.dumps({"id": question["id"], "text": text}) + "\n")
                file.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
