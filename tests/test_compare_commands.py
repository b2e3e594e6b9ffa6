"""The commands for prompts and comparisons, without an endpoint: what they say and refuse."""

from argparse import Namespace

import pytest

from storage.errors import WinnowError
from tests.pipeline.test_votes import judged, vote
from workbench.commands.compare import compare, parse_arm
from workbench.commands.prompts import prompts

USER = "{snippet}\n[Problem Description] [Solution]"


def run_prompts(workspace, action, prompt=None, **options):
    named = {"user": None, "system": None, "base": "oss-instruct", **options}
    return prompts(workspace, Namespace(action=action, prompt=prompt, **named))


def run_compare(workspace, action, comparison=None):
    return compare(workspace, Namespace(action=action, comparison=comparison, max_cost=None))


def test_a_prompt_is_saved_from_a_file_and_shown_with_what_changed(workspace, tmp_path):
    file = tmp_path / "user.md"
    file.write_text(USER, encoding="utf-8")
    saved = run_prompts(workspace, "save", "mine", user=file)
    assert saved.values["new"]
    assert not run_prompts(workspace, "save", "mine", user=file).values["new"]
    shown = run_prompts(workspace, "show", "mine").summary
    assert "[changed from oss-instruct" in shown
    assert "+[Problem Description] [Solution]" in shown
    assert "mine" in run_prompts(workspace, "list").summary


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe", "is not UTF-8"), (b"x" * 1_000_001, "more than"), (b"none", "must hold")],
)
def test_a_file_that_is_no_prompt_is_refused(workspace, tmp_path, content, words):
    file = tmp_path / "user.md"
    file.write_bytes(content)
    with pytest.raises(WinnowError, match=words):
        run_prompts(workspace, "save", "mine", user=file)


def test_what_is_missing_is_asked_for_in_a_sentence(workspace, tmp_path):
    with pytest.raises(WinnowError, match="cannot be read"):
        run_prompts(workspace, "save", "mine", user=tmp_path / "nothing")
    with pytest.raises(WinnowError, match="--user FILE"):
        run_prompts(workspace, "save", "mine")
    with pytest.raises(WinnowError, match="Which prompt"):
        run_prompts(workspace, "show")
    with pytest.raises(WinnowError, match="Which comparison"):
        run_compare(workspace, "tally")


@pytest.mark.parametrize(
    ("text", "base_url", "expected"),
    [
        ("mine", "", ("mine", "embedded", "")),
        ("mine", "http://there/v1", ("mine", "configured", "")),
        ("mine@gpt@2", "http://there/v1", ("mine", "configured", "gpt@2")),
        ("mine@embedded:smollm2-135m", "http://there/v1", ("mine", "embedded", "smollm2-135m")),
        ("mine@embedded", "http://there/v1", ("mine", "embedded", "")),
    ],
)
def test_an_arm_is_a_prompt_and_a_model(workspace, text, base_url, expected):
    workspace.settings = workspace.settings.model_copy(update={"base_url": base_url})
    arm = parse_arm(workspace, text, temperature=0.5, max_cost=2.0)
    assert (arm.prompt, arm.target.endpoint, arm.target.model) == expected
    assert (arm.target.temperature, arm.target.max_cost) == (0.5, 2.0)


@pytest.mark.parametrize("text", ["", "@model", None])
def test_an_arm_without_a_prompt_is_refused(workspace, text):
    with pytest.raises(WinnowError, match="--first PROMPT"):
        parse_arm(workspace, text, temperature=0.0, max_cost=None)


def test_the_list_names_no_arm_and_the_tally_both(workspace):
    assert run_compare(workspace, "list").summary == "There are no comparisons yet."
    comparison = judged(workspace, 3, failed=[3])
    vote(workspace, comparison, 1, "first")
    listed = run_compare(workspace, "list")
    assert "1 of 2 judged" in listed.summary
    assert "model-" not in f"{listed.summary}{listed.values}"
    tally = run_compare(workspace, "tally", "Sides")
    assert "model-one" in tally.summary
    assert "won 1 (100% of those won, 95% interval 21% to 100%)" in tally.summary
    assert "gave nothing: 1 cut_off" in tally.summary
    assert tally.values["first"]["wins"] == 1
