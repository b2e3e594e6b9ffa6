"""Evolving a problem: which way it is asked for, and which answers are dropped, both sides each."""

import json
from collections import Counter

import pytest

from storage.records import Response
from tests.generation.conftest import chat_body
from workbench.generation.evolution import (
    HEURISTICS,
    choose_heuristic,
    is_nearly_equal,
    leaks_prompt,
    make_evolution,
)
from workbench.generation.grammar import embedded_parameters
from workbench.generation.prompts import load_prompt
from workbench.generation.refusals import is_refusal
from workbench.generation.tasks import read_response

PARENT = (
    "Write a Python function `best_product(sales)` that takes a list of pairs (product, price) and "
    "returns the product with the highest total price. An empty list gives `None`."
)
HARDER = f"{PARENT} Products may be returned goods with a negative price, and ties go to the first."
CODE = "```python\ndef best_product(sales):\n    return max(sales, default=None)\n```"
ABOUT = {
    "sample": "s0",
    "revision": 1,
    "heuristic": "constraints",
    "round": 1,
    "parent_problem": PARENT,
}


def answered(content: str, **options: object) -> Response:
    body = chat_body(content, **options)
    return Response(
        "k", "seed0", "p", "e", "m", {}, body, 1, 1, 0.1, None, 0.0, None, None, "evol-instruct",
        about=ABOUT,
    )  # fmt: skip


def read(problem: str, solution: str = CODE) -> str | None:
    answer = answered(f"[Problem Description]\n{problem}\n\n[Solution]\n{solution}")
    return read_response(answer).reason


def evolve(sample_id: str, *, problem: str = PARENT, **parameters: object):
    parent = {"id": sample_id, "revision": 2, "seed_id": "seed0", "problem": problem}
    return make_evolution(
        parent,
        load_prompt("evol-instruct"),
        round_number=1,
        endpoint="e",
        model="m",
        parameters=parameters,
    )


def test_the_same_sample_and_round_are_asked_for_in_the_same_way():
    assert evolve("s0", temperature=0) == evolve("s0", temperature=0)
    names = Counter(choose_heuristic(f"s{n}", round_number=1).name for n in range(500))
    assert set(names) == {heuristic.name for heuristic in HEURISTICS}
    assert min(names.values()) > 60
    changed = [choose_heuristic(f"s{n}", round_number=2).name for n in range(500)]
    assert changed != [choose_heuristic(f"s{n}", round_number=1).name for n in range(500)]


def test_a_request_carries_what_its_answer_is_read_by():
    request = evolve("s0", temperature=0)
    assert request.task == "evol-instruct"
    assert request.about == ABOUT | {"revision": 2, "heuristic": request.about["heuristic"]}
    text = request.messages[1]["content"]
    told = next(one for one in HEURISTICS if one.name == request.about["heuristic"])
    assert told.instruction in text and f"```\n{PARENT}\n```" in text


def test_a_hostile_problem_stays_inside_its_fence_and_is_not_looked_at_again():
    text = evolve("s0", problem="a\n```\n{heuristic} {problem}\ud800\0")
    content = text.messages[1]["content"]
    assert "````\na\n```\n{heuristic} {problem}\ufffd\ufffd\n````" in content
    content.encode()


def test_a_grammar_asks_for_what_the_heuristic_adds():
    forms = {}
    for number in range(60):
        request = evolve(f"s{number}", **embedded_parameters())
        forms[request.about["heuristic"]] = request.parameters["grammar"]
    for heuristic in HEURISTICS:
        assert f'"{heuristic.opening}"' in forms[heuristic.name]
    assert forms["misdirection"].count('code "```') == 2 == 1 + forms["complexity"].count('code "`')
    assert "grammar" not in evolve("s0", temperature=0).parameters


def test_a_harder_problem_is_a_sample_with_its_own_source():
    answer = answered(f"[Problem Description]\n{HARDER}\n\n[Solution]\n{CODE}")
    sample = read_response(answer).sample
    assert sample and sample.problem == HARDER
    assert (sample.source, sample.seed_id, sample.language) == ("evol-instruct", "seed0", "python")
    assert read_response(answer).sample == sample


@pytest.mark.parametrize(
    "problem",
    [
        PARENT,
        PARENT.upper().replace(" ", "\n  "),
        PARENT.replace("highest", "greatest"),
        PARENT.split(" An empty")[0],
    ],
)
def test_a_problem_that_says_nothing_new_is_dropped(problem: str):
    assert read(problem) == "evolution_equal"


def test_a_sentence_added_or_a_problem_rewritten_is_something_new():
    added = f"{PARENT} It must take no more than one pass over the list."
    rewritten = "Given sales as pairs, find the three products that earned most, in order."
    assert not is_nearly_equal(added, PARENT)
    assert not is_nearly_equal(rewritten, PARENT)
    assert not is_nearly_equal("Subtract two.", "Add one.")
    assert is_nearly_equal("Add  ONE", "Add one.")
    assert (read(added), read(rewritten)) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I cannot help with that.",
        "I\u2019m sorry, I can\u2019t make this exercise harder.",
        "Sorry, this is not something I do.",
        "As an AI language model, I cannot write this.",
        "Unfortunately, I cannot answer.",
        "**I apologize**, but no.",
        "I am unable to assist with that request.",
    ],
)
def test_a_short_refusal_is_one_wherever_it_stands(text: str):
    assert read_response(answered(text)).reason == "refused"
    assert read(text) == "refused"
    assert read(HARDER, f"{text}\n{CODE}") == "refused"


def test_a_problem_about_apologies_is_no_refusal():
    problem = 'Write a bot that answers "I\'m sorry, Dave, I cannot do that" to every third order.'
    assert read(problem) is None
    assert read(HARDER, f"I can think of two ways.\n{CODE}") is None
    assert not is_refusal("Sorry " + "words " * 100)
    assert read_response(answered("Here is no label.")).reason == "no_problem_label"
    refusal = answered("", refusal="I can't.")
    assert read_response(refusal).reason == "refused"


@pytest.mark.parametrize(
    "problem",
    [
        "#The Given Prompt#: sum the numbers in a list of lists, however deep it is.",
        "#Rewritten Problem#\nSum the numbers in a list of lists, however deep it is.",
        "Sum the numbers in a list of lists, just as in the given problem, however deep it is.",
        "This is the evolved version: sum the numbers in a list of lists, however deep it is.",
        "The rewritten problem asks for the sum of all numbers in a list of lists.",
        "A harder exercise: sum the numbers in a list of lists, however deep it is.",
        f"{HARDER} Add one or two constraints or requirements that a solution has to respect.",
        f"{HARDER} It needs a forbidden shortcut, an error to be handled.",
        "Sum lists. Its reader has seen nothing of the above, so repeat every piece of context.",
        f"{HARDER} Unlike in the exercise above, two lists are given.",
    ],
)
def test_words_of_the_prompt_in_a_problem_are_a_leak(problem: str):
    assert read(problem) == "leaks_prompt"


@pytest.mark.parametrize(
    "problem",
    [
        "You are given problem sizes as integers; print the time that each takes at O(n log n).",
        "Simulate how a species evolved: each generation the fitter half of the pairs survives.",
        "Print the given problem instance as a graph, one line for each of its edges, sorted.",
        "Write a shell whose prompt shows the directory, the branch and the time of day.",
        "Solve the dual and map its solution back to the variables of the original problem set.",
        "Add a constraint solver to the parser: constraints have to be checked before the rest.",
    ],
)
def test_ordinary_words_are_no_leak(problem: str):
    assert read(problem) is None


def test_what_the_parent_said_already_is_no_leak():
    parent = "Store every prompt a user typed and the rewritten prompt that was sent, side by side."
    child = f"{parent} Keep the newest thousand of them, and let two users share what they stored."
    assert leaks_prompt(child, parent="Something else.")
    assert not leaks_prompt(child, parent=parent)


def test_a_problem_that_shows_its_own_solution_is_dropped():
    code = "```python\ndef best_product( sales ):\n    return max(sales,default=None)\n```"
    shown = f"{HARDER} The following attempt is wrong:\n{code}"
    assert read(shown) == "solution_in_problem"
    assert read(shown.replace("max", "min")) is None


@pytest.mark.parametrize(
    ("solution", "reason"), [("return max(sales)", "no_code_block"), ("", "empty_solution")]
)
def test_a_solution_without_code_is_dropped(solution: str, reason: str):
    assert read(HARDER, solution) == reason


def test_an_unfinished_answer_keeps_its_own_reason():
    assert read_response(answered("[Problem", finish="length")).reason == "cut_off"
    assert read_response(answered(json.loads('"\\ud800"'))).reason == "no_problem_label"
