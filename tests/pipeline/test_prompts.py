"""Prompt versions: the same text is the same version, and nothing is overwritten."""

import dataclasses

import pytest

from storage.errors import WinnowError
from storage.ledger import add_prompt, add_responses
from storage.records import Prompt
from storage.seeds import add_seeds
from tests.conftest import make_seed
from tests.pipeline.test_ingest import response
from workbench.generation.prompts import load_prompt, make_prompt
from workbench.pipeline.prompts import (
    BUILT_IN,
    find_version,
    list_versions,
    preview_prompt,
    save_version,
)

USER = "Look:\n{snippet}\nAnswer with [Problem Description] and [Solution]."


def save(workspace, name="mine", user=USER, system="Be exact.", **options):
    return save_version(workspace, name, system=system, user=user, **options)


def test_built_in_prompts_are_versions_before_anything_was_saved(workspace):
    found = list_versions(workspace)
    assert [version.prompt for version in found] == [load_prompt(name) for name in BUILT_IN]
    assert all(version.built_in and version.yielded is None for version in found)


def test_a_changed_text_is_a_new_version_beside_the_old_one(workspace):
    first = save(workspace)
    second = save(workspace, user=USER + "\nBe brief.", parent_id=first.prompt.id)
    found = {version.prompt.id: version for version in list_versions(workspace)}
    assert found[first.prompt.id].prompt.user == USER
    assert found[second.prompt.id].parent_id == first.prompt.id
    assert found[second.prompt.id].saved_by == "ada"
    assert find_version(workspace, "mine") == second.prompt


def test_the_same_text_is_the_same_version_whatever_it_is_called(workspace):
    first = save(workspace)
    again = save(workspace, name="other", user=USER.replace("\n", "\r\n") + "\n ")
    assert first.is_new
    assert not again.is_new
    assert again.prompt == first.prompt
    built_in = load_prompt("oss-instruct")
    kept = save(workspace, name="copy", user=built_in.user, system=built_in.system)
    assert (kept.is_new, kept.prompt.name) == (False, "oss-instruct")


@pytest.mark.parametrize(
    ("name", "user", "words"),
    [
        ("../../etc", USER, "is no name for a prompt"),
        ("", USER, "is no name for a prompt"),
        ("<b>", USER, "is no name for a prompt"),
        ("oss-instruct", USER, "built-in prompt"),
        ("mine", "no place for code", "must hold {snippet} once"),
        ("mine", "{snippet} {snippet}", "holds it 2 times"),
        ("mine", "{snippet}" + "x" * 60_000, "50,000 are the most"),
    ],
)
def test_what_is_no_prompt_is_refused_in_a_sentence(workspace, name, user, words):
    before = list_versions(workspace)
    with pytest.raises(WinnowError, match=words):
        save(workspace, name=name, user=user)
    assert list_versions(workspace) == before


def test_a_prompt_without_the_labels_is_saved_with_a_warning(workspace):
    saved = save(workspace, user="{snippet} now [solution] it")
    assert saved.is_new
    assert "[Problem Description]" in saved.warnings[0]
    assert "[Solution]" not in saved.warnings[0]
    assert save(workspace, name="whole").warnings == ()


def test_characters_that_cannot_be_stored_are_replaced(workspace):
    saved = save(workspace, user=USER + "\ud800\0", system="\udfff")
    assert "\ud800" not in saved.prompt.user
    assert saved.prompt.system == "\ufffd"
    assert find_version(workspace, saved.prompt.id) == saved.prompt


def test_a_version_is_found_by_the_beginning_of_its_id_if_that_names_one(workspace):
    twins = [Prompt("abcdef01", "a", "", USER), Prompt("abcdef02", "b", "", USER + "!")]
    with workspace.database.transaction() as cursor:
        for twin in twins:
            add_prompt(cursor, twin)
    assert find_version(workspace, "abcdef02") == twins[1]
    with pytest.raises(WinnowError, match="Several"):
        find_version(workspace, "abcdef")
    with pytest.raises(WinnowError, match="no prompt 'abcde'"):
        find_version(workspace, "abcde")


def test_a_built_in_name_stays_the_built_in_prompt(workspace):
    old = make_prompt("oss-instruct", system="", user="an older text {snippet}")
    with workspace.database.transaction() as cursor:
        add_prompt(cursor, old)
    assert find_version(workspace, "oss-instruct") == load_prompt("oss-instruct")
    assert find_version(workspace, old.id) == old


def test_prompts_that_ask_for_something_else_are_no_versions(workspace):
    with workspace.database.transaction() as cursor:
        add_prompt(cursor, Prompt("j1", "judge", "", "{problem} {solution}"))
    assert "judge" not in {version.prompt.name for version in list_versions(workspace)}


def test_the_yield_counts_answers_and_those_that_gave_a_sample(workspace):
    saved = save(workspace)
    mine = [dataclasses.replace(response(n, "{}"), prompt_id=saved.prompt.id) for n in range(4)]
    failed = dataclasses.replace(mine[3], failure="timed_out", cost=None)
    outcomes = [(mine[0], None), (mine[1], None), (mine[2], "cut_off"), (failed, "timed_out")]
    with workspace.database.transaction() as cursor:
        add_responses(cursor, outcomes, job_id="generate-1")
    found = next(row for row in list_versions(workspace) if row.prompt.id == saved.prompt.id)
    assert (found.answers, found.parsed) == (3, 2)
    assert found.yielded == pytest.approx(2 / 3)


def test_the_preview_is_what_the_model_is_sent_for_a_seed_and_goes_round(workspace):
    hostile = dataclasses.replace(make_seed("b"), snippet="x ``` {snippet}")
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed("a"), hostile], job_id="draw-1")
    shown = preview_prompt(workspace, system="S", user=USER, position=-1)
    assert (shown.seed.id, shown.position, shown.total) == ("b", 1, 2)
    assert shown.messages[0] == {"role": "system", "content": "S"}
    assert "````\nx ``` {snippet}\n````" in shown.messages[1]["content"]
    assert preview_prompt(workspace, system="", user=USER, position=2).seed.id == "a"


def test_without_seeds_the_preview_says_what_to_do(workspace):
    with pytest.raises(WinnowError, match="draw some"):
        preview_prompt(workspace, system="", user=USER)
