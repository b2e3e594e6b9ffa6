import pytest

from storage.errors import WinnowError
from workbench.generation.prompts import (
    load_prompt,
    make_prompt,
    placeholders_of,
    render,
    render_fields,
)


@pytest.mark.parametrize("name", ["oss-instruct", "oss-instruct-small", "oss-instruct-example"])
def test_a_prompt_asks_for_both_parts_and_holds_the_snippet(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.name == name
    assert prompt.user.count("{snippet}") == 1
    assert "[Problem Description]" in prompt.user and "[Solution]" in prompt.user


def test_the_id_is_that_of_the_content() -> None:
    prompt = load_prompt("oss-instruct")
    copy = make_prompt("another name", system=prompt.system, user=prompt.user)
    changed = make_prompt("oss-instruct", system=prompt.system, user=prompt.user + ".")
    assert copy.id == prompt.id != changed.id


def test_an_unknown_prompt_is_named_with_those_there_are() -> None:
    with pytest.raises(WinnowError, match=r"no prompt '\.\./x'.*oss-instruct"):
        load_prompt("../x")


@pytest.mark.parametrize("snippet", ["{snippet}", "{0} {} %s $x \\1", "a\n{snippet}\nb{{"])
def test_a_snippet_is_taken_literally(snippet: str) -> None:
    prompt = make_prompt("p", system="s", user="before {snippet} after {snippet}")
    text = render(prompt, snippet)[1]["content"]
    assert text == f"before ```\n{snippet}\n``` after {{snippet}}"


def test_backticks_in_a_snippet_cannot_close_its_fence() -> None:
    text = render(load_prompt("oss-instruct"), 'x = """\n`````\n"""')[1]["content"]
    assert '``````\nx = """\n`````\n"""\n``````' in text


def test_what_utf8_cannot_hold_is_replaced() -> None:
    text = render(load_prompt("oss-instruct"), "a\ud800\0é😀")[1]["content"]
    assert "a\ufffd\ufffdé😀" in text
    text.encode()


@pytest.mark.parametrize("name", ["evol-instruct", "evol-instruct-small", "judge"])
def test_a_prompt_about_samples_holds_its_own_placeholders_once(name: str) -> None:
    prompt = load_prompt(name)
    assert "{snippet}" not in prompt.user
    for word in placeholders_of(name):
        assert prompt.user.count(word) == 1


def test_foreign_texts_are_fenced_and_gone_over_once() -> None:
    prompt = make_prompt("p", system="s", user="{a} and {b} and {c}")
    text = render_fields(prompt, foreign={"a": "{b}\n```"}, own={"b": "{a}"})[1]["content"]
    assert text == "````\n{b}\n```\n```` and {a} and {c}"
    with pytest.raises(WinnowError, match=r"has no \{d\}"):
        render_fields(prompt, foreign={"d": ""})
