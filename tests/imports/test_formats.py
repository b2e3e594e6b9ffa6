"""Each format: what it takes from a row, and what it refuses, with the reason."""

from typing import Any

import pytest

from workbench.export.formats import instruction_text
from workbench.imports.formats.alpaca import ALPACA, EVOL_INSTRUCT
from workbench.imports.formats.chats import MESSAGES, SHAREGPT
from workbench.imports.formats.oss_instruct import OSS_INSTRUCT
from workbench.imports.formats.winnow import INSTRUCTION, WINNOW
from workbench.imports.recognition import FORMATS
from workbench.imports.rows import Content, Format, Mismatch, RawRow
from workbench.imports.samples import MAX_CHARACTERS, make_sample

MAGICODER = {
    "lang": "python",
    "raw_index": 12,
    "index": 3,
    "seed": "def add(a, b):\n    return a + b\n",
    "openai_fingerprint": "fp_eeff13170a",
    "problem": "Add.",
    "solution": "```python\nprint(1)\n```",
}


def chat(*turns: tuple[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def read(rows_format: Format, row: dict[str, Any]) -> Content:
    content = rows_format.read(row)
    assert isinstance(content, Content), content
    return content


def reason(rows_format: Format, row: dict[str, Any]) -> str:
    mismatch = rows_format.read(row)
    assert isinstance(mismatch, Mismatch), mismatch
    return mismatch.reason


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (MAGICODER, "oss-instruct"),
        ({"instruction": "a", "input": "", "output": "b"}, "alpaca"),
        ({"instruction": "a", "output": "b"}, "evol-instruct"),
        ({"instruction": "a", "response": "b"}, "evol-instruct"),
        ({"conversations": [{"from": "human", "value": "a"}]}, "sharegpt"),
        (chat(("user", "a")), "messages"),
        ({**chat(("user", "a")), "id": "x", "metadata": {"other": 1}}, "messages"),
        (
            {**chat(("user", "a")), "id": "x", "metadata": {"sample_id": "x", "revision": 1}},
            "winnow",
        ),
        (
            {**chat(("user", "a")), "id": "x", "metadata": {"sample_id": "y", "revision": 1}},
            "messages",
        ),
        ({"text": "a"}, None),
        ({}, None),
    ],
)
def test_a_row_is_of_the_first_format_that_recognises_it(row: dict[str, Any], name: str | None):
    assert next((found.name for found in FORMATS if found.recognises(row)), None) == name


def test_oss_instruct_brings_its_seed_and_what_else_is_known():
    content = read(OSS_INSTRUCT, MAGICODER)
    assert (content.problem, content.source) == ("Add.", "oss-instruct")
    assert (content.snippet, content.snippet_language) == (MAGICODER["seed"], "python")
    assert content.extra == {
        "lang": "python",
        "raw_index": 12,
        "index": 3,
        "openai_fingerprint": "fp_eeff13170a",
    }
    assert read(OSS_INSTRUCT, {"problem": "a", "solution": "b", "seed": None}).snippet == ""


def test_an_input_follows_the_instruction_and_an_empty_one_does_not():
    row = {"instruction": "Sum up.\n", "input": "1, 2", "output": "3"}
    assert read(ALPACA, row).problem == "Sum up.\nInput: 1, 2"
    for empty in ("", "  ", None):
        assert read(ALPACA, {**row, "input": empty}).problem.strip() == "Sum up."
    assert read(EVOL_INSTRUCT, {"instruction": "a", "response": "b"}).solution == "b"
    assert read(ALPACA, {**row, "instruction": " "}).problem == ""


@pytest.mark.parametrize(
    ("rows_format", "row", "expected"),
    [
        (OSS_INSTRUCT, {"problem": "a"}, "missing_field"),
        (OSS_INSTRUCT, {"problem": "a", "solution": None}, "missing_field"),
        (OSS_INSTRUCT, {"problem": 7, "solution": "b"}, "not_text"),
        (OSS_INSTRUCT, {"problem": "a", "solution": ["b"]}, "not_text"),
        (OSS_INSTRUCT, {"problem": "a", "solution": "b", "seed": {}}, "not_text"),
        (ALPACA, {"instruction": "a", "input": ""}, "missing_field"),
        (ALPACA, {"instruction": "a", "input": 1, "output": "b"}, "not_text"),
        (MESSAGES, {"messages": None}, "missing_field"),
        (MESSAGES, {"messages": {"role": "user"}}, "not_a_list"),
        (MESSAGES, {"messages": ["hello"]}, "not_an_object"),
        (MESSAGES, {"messages": [{"role": "user"}]}, "missing_field"),
        (MESSAGES, chat(("user", None), ("assistant", "b")), "not_text"),
        (MESSAGES, chat(("user", [{"type": "image_url"}]), ("assistant", "b")), "not_text"),
        (MESSAGES, chat(("tool", "x"), ("user", "a"), ("assistant", "b")), "unknown_role"),
        (MESSAGES, chat((["user"], "x")), "unknown_role"),  # type: ignore[arg-type]
        (MESSAGES, chat(), "no_question"),
        (MESSAGES, chat(("assistant", "b")), "no_question"),
        (MESSAGES, chat(("user", "a")), "no_answer"),
        (MESSAGES, chat(("assistant", "b"), ("user", "a")), "no_answer"),
        (
            MESSAGES,
            chat(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")),
            "several_turns",
        ),
        (SHAREGPT, {"conversations": [{"from": "human", "text": "a"}]}, "missing_field"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(
    rows_format: Format, row: dict[str, Any], expected: str
):
    assert reason(rows_format, row) == expected


def test_chats_of_one_turn_keep_their_system_message_beside_them():
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    content = read(MESSAGES, chat(("system", "Be brief."), ("user", parts), ("assistant", "b")))
    assert (content.problem, content.solution) == ("one\ntwo", "b")
    assert content.extra == {"system": "Be brief."}
    turns = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    content = read(SHAREGPT, {"id": "q7", "conversations": turns})
    assert (content.problem, content.solution) == ("a", "b")
    assert (content.source, content.extra) == ("sharegpt", {"id": "q7"})


def exported(**changes: Any) -> dict[str, Any]:
    metadata = {
        "sample_id": "a1",
        "revision": 2,
        "language": "python",
        "category": None,
        "similarity": None,
        "nearest_task": None,
        "corpus": "installed",
        "repository": "numpy",
        "path": "numpy/add.py",
        "first_line": 3,
        "last_line": 9,
        "licence": "BSD-3-Clause",
        "verdict": "accepted",
        "reviewer": "ada",
        "decided_at": "2026-05-01T12:00:00+00:00",
        "prompt_id": "p1",
        "model": "tiny",
        "endpoint": "embedded",
        "findings": [],
    } | changes
    texts = chat(("user", instruction_text("Add.")), ("assistant", "x"))
    return {"id": metadata["sample_id"], **texts, "metadata": metadata}


def test_only_our_own_export_loses_its_instruction():
    assert instruction_text("Add.") == f"{INSTRUCTION}Add."
    assert read(WINNOW, exported()).problem == "Add."
    same = chat(("user", instruction_text("Add.")), ("assistant", "x"))
    assert read(MESSAGES, same).problem == instruction_text("Add.")
    other = exported()
    other["messages"][0]["content"] = "Add."
    assert reason(WINNOW, other) == "unknown_instruction"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sample_id": "../etc"}, "bad_value"),
        ({"sample_id": "<b>"}, "bad_value"),
        ({"sample_id": 7}, "bad_value"),
        ({"revision": 0}, "bad_value"),
        ({"revision": True}, "bad_value"),
        ({"revision": 2**40}, "bad_value"),
        ({"first_line": -1}, "bad_value"),
        ({"path": None}, "not_text"),
        ({"path": "\ud800"}, "bad_value"),
        ({"licence": "x" * 5_000}, "bad_value"),
        ({"verdict": "skipped"}, "bad_decision"),
        ({"reviewer": None}, "bad_decision"),
        ({"decided_at": None}, "bad_decision"),
        ({"decided_at": "yesterday"}, "bad_decision"),
        ({"decided_at": "2026-05-01T12:00:00"}, "bad_decision"),
        ({"verdict": "undecided"}, "bad_decision"),
    ],
)
def test_nothing_is_made_up_for_an_export_that_was_tampered_with(
    changes: dict[str, Any], expected: str
):
    assert reason(WINNOW, exported(**changes)) == expected
    missing = exported()
    del missing["metadata"]["endpoint"]
    assert reason(WINNOW, missing) == "missing_field"


def make(row: object, rows_format: Format = OSS_INSTRUCT) -> Any:
    return make_sample(RawRow(7, row), file="f.jsonl", rows_format=rows_format)


@pytest.mark.parametrize(
    ("solution", "language"),
    [
        ("Here:\n```rust\nfn f() {}\n```", "rust"),
        ("import os\nprint(os.sep)", "python"),
        ("#include <vector>\nint f();", "cpp"),
        ("The answer is 3.", ""),
    ],
)
def test_the_language_is_that_of_the_block_or_of_the_bare_program(solution: str, language: str):
    assert make({"problem": "a", "solution": solution}).sample.language == language


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1], "not_an_object"),
        (None, "not_an_object"),
        ({"problem": " \n", "solution": "b"}, "empty_problem"),
        ({"problem": "a", "solution": "\u3000"}, "empty_solution"),
        ({"problem": "a", "solution": "b" * (MAX_CHARACTERS + 1)}, "too_long"),
        ({"problem": "a", "solution": "b", "seed": "b" * (MAX_CHARACTERS + 1)}, "too_long"),
    ],
)
def test_a_row_without_usable_text_is_refused(row: object, expected: str):
    assert make(row).reason == expected


def test_what_cannot_be_stored_is_replaced_and_said():
    made = make({"problem": "a\ud800\r\nb", "solution": "  x\0\n", "seed": "s\udfff"})
    assert made.sample.problem == "a\ufffd\nb"
    assert made.sample.solution == "  x\ufffd"
    assert made.seed.snippet == "s\ufffd"
    assert made.has_replaced_characters
    assert not make({"problem": "a\ufffd", "solution": "b"}).has_replaced_characters


def test_the_same_text_is_the_same_sample_wherever_it_stands():
    row = {"problem": "a", "solution": "b", "seed": "x = 1\ny = 2\n", "lang": "python"}
    first = make(row)
    assert first.sample.id == make({**row, "problem": " a\n", "index": 9}).sample.id
    assert first.sample.id != make({**row, "solution": "c"}).sample.id
    assert (first.seed.language, first.seed.first_line, first.seed.last_line) == ("python", 1, 2)
    assert (first.seed.repository, first.seed.path) == ("f.jsonl", "line 7")
