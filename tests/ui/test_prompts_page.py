"""The section for prompts: hostile text is text, a mistake is a sentence beside the editor."""

import dataclasses

from storage.seeds import add_seeds
from tests.conftest import make_seed
from workbench.pipeline.prompts import list_versions, save_version
from workbench.ui.differences import differences_html
from workbench.ui.pages.prompts import PromptsView, versions_html

USER = "{snippet}\n[Problem Description] [Solution]"
HOSTILE = "</pre><img src=x onerror=alert(1)> ${alert(1)} \\d `"


def test_a_hostile_seed_and_prompt_are_shown_as_text(workspace):
    seed = dataclasses.replace(make_seed("bad"), snippet=HOSTILE, path=HOSTILE)
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [seed], job_id="draw-1")
    saved = save_version(workspace, "mine", system="", user=USER)
    view = PromptsView(workspace)
    note, position, shown, changed = view.edit(saved.prompt.id, HOSTILE, USER + HOSTILE, 0)
    assert (note, position) == ("", 0)
    for markup in (shown, changed):
        assert "<img" not in markup
        assert "${" not in markup
        assert "onerror" in markup


def test_a_draft_that_is_none_says_so_and_keeps_the_place(workspace):
    note, position, shown, _ = PromptsView(workspace).edit("", "", "<b>no place", 3)
    assert "must hold &#123;snippet&#125; once" in note
    assert position == 3
    assert "must hold" in shown


def test_choosing_a_built_in_prompt_suggests_a_name_that_is_free(workspace):
    view = PromptsView(workspace)
    version = list_versions(workspace)[0]
    name, system, user, *_ = view.choose(version.prompt.id, 0)
    assert (name, system, user) == ("oss-instruct-2", version.prompt.system, version.prompt.user)
    update, table, note, _ = view.save(version.prompt.id, name, system, user + "\nBe brief.")
    assert "Saved as oss-instruct-2" in note
    assert "oss-instruct-2" in table
    assert list_versions(workspace)[0].parent_id == version.prompt.id
    assert update["value"] == list_versions(workspace)[0].prompt.id


def test_the_table_says_how_many_answers_gave_a_sample(workspace):
    version = dataclasses.replace(list_versions(workspace)[0], answers=1200, parsed=900)
    assert "1,200" in versions_html([version])
    assert "75.0%" in versions_html([version])


def test_a_difference_shows_lines_around_it_and_nothing_where_there_is_none():
    assert differences_html("a\nb", "a\nb") == ""
    shown = differences_html("a\n<b>\nc", "a\n<i>\nc")
    assert '<del aria-label="removed">- &lt;b&gt;</del>' in shown
    assert '<ins aria-label="added">+ &lt;i&gt;</ins>' in shown
    assert "<span>  a</span>" in shown
