"""The commands that evolve and judge follow their jobs to the end and say what came of them."""

import json
from argparse import Namespace

import pytest

from storage.errors import WinnowError
from tests.conftest import fill
from tests.generation.conftest import Reply, chat_body
from tests.generation.conftest import serve as serve
from workbench.commands.extend import evolve, judge


def arguments(url: str, **options: object) -> Namespace:
    given = {"filter": "", "count": 5, "rounds": 2, "endpoint": url, "model": "m"}
    rest = {
        "temperature": 0.0,
        "concurrency": 1,
        "max_cost": None,
        "rpm": None,
        "tpm": None,
        "resend": 0,
    }
    return Namespace(**{**given, **rest, **options})


def harder(number: int) -> Reply:
    words = " ".join(f"part{number}x{index}" for index in range(12))
    text = f"[Problem Description]\nDo {words}.\n\n[Solution]\n```python\nprint({number})\n```"
    return Reply(chat_body(text))


def test_evolving_follows_every_round_and_counts_what_was_dropped(workspace, serve):
    fill(workspace, 2)
    refusal = Reply(chat_body("I'm sorry, but I cannot do that."))
    server = serve(harder(1), refusal, harder(2))
    answer = evolve(workspace, arguments(server.url))
    assert answer.summary == (
        "Evolved 2 samples in 2 rounds, 1 dropped (1 refused); 4 samples are there."
    )
    first, second = answer.values["jobs"]
    assert second == f"{first}-round2" and answer.values["failed"] == {"refused": 1}


def test_a_chain_that_ends_early_says_why(workspace, serve):
    fill(workspace, 1)
    server = serve(Reply(chat_body("No.")))
    answer = evolve(workspace, arguments(server.url, rounds=3))
    assert "1 dropped (1 no_problem_label)" in answer.summary
    assert "round 1 gave no sample" in answer.values["remark"]


def test_judging_counts_judgements_and_failures(workspace, serve):
    fill(workspace, 2)
    scores = {"meets_problem": 4, "logic": 4, "edge_cases": 4, "reason": "Fine."}
    server = serve(Reply(chat_body(json.dumps(scores))), Reply(chat_body("4, 4, 4")))
    answer = judge(workspace, arguments(server.url))
    assert answer.summary == (
        "Judged 1 sample, 1 failed (1 judgement_unreadable); 1 sample judged in all."
    )


def test_a_filter_that_is_none_is_one_sentence(workspace):
    with pytest.raises(WinnowError, match="'colour' is no filter"):
        evolve(workspace, arguments("http://127.0.0.1:9/v1", filter="colour=red"))
