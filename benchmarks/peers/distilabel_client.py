"""distilabel on the benchmark's work, run by the Python of its own environment.

    python distilabel_client.py WORK ANSWERS BASE_URL MODEL CONCURRENCY

It gets the settings that are best for it here. The time that counts ends when its pipeline returns:
ANSWERS is only for checking.
"""

import json
import sys
import time
from pathlib import Path

from distilabel.models import OpenAILLM  # type: ignore[import-not-found]
from distilabel.pipeline import Pipeline  # type: ignore[import-not-found]
from distilabel.steps.tasks import ChatGeneration  # type: ignore[import-not-found]


def main(argv: list[str]) -> None:
    """Ask every question of WORK in one run of a pipeline of one step."""
    work, answers, base_url, model, concurrency = argv
    questions = [json.loads(line) for line in Path(work).read_text(encoding="utf-8").splitlines()]
    parameters = questions[0]["parameters"]
    llm = OpenAILLM(
        model=model,
        base_url=base_url,
        api_key="none",
        max_retries=0,  # a second try would be a second bill
        generation_kwargs={
            "temperature": parameters["temperature"],
            "max_new_tokens": parameters["max_tokens"],
        },
    )
    with Pipeline(name="benchmark") as pipeline:
        # A batch is what it sends at once; it has no other limit, and the next batch leaves when
        # the last answer of this one is there.
        ChatGeneration(
            llm=llm,
            input_batch_size=int(concurrency),
            add_raw_output=False,  # the text once more per row
            add_raw_input=False,
        )
    rows = [{"id": question["id"], "messages": question["messages"]} for question in questions]
    # No cache: nothing of an earlier run may answer. Rows come in pieces no smaller than a batch.
    distiset = pipeline.run(
        dataset=rows, dataset_batch_size=max(50, int(concurrency)), use_cache=False
    )
    finished_at = time.time()
    lines = [
        json.dumps({"id": row["id"], "text": row["generation"]})
        for row in distiset["default"]["train"]
    ]
    lines.append(json.dumps({"finished_at": finished_at}))
    Path(answers).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
