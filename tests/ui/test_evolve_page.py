"""The section that evolves and judges: what it says before anything is started, and of its jobs."""

import gradio as gr
import pytest

from storage.evolutions import note_round
from storage.jobs import add_job
from tests.conftest import fill
from workbench.jobs.folder import JobState
from workbench.jobs.process import create_job
from workbench.ui.pages.evolve import EvolveView, build_evolve


@pytest.fixture
def view(workspace):
    fill(workspace, 3)
    workspace.settings = workspace.settings.model_copy(
        update={"base_url": "http://127.0.0.1:9/v1", "model": "good-model"}
    )
    return EvolveView(workspace)


def test_the_section_can_be_built_into_a_page(workspace):
    with gr.Blocks() as pages:
        build_evolve(workspace)
    names = {function.name for function in pages.fns.values()}
    assert {"evolve", "judge", "jobs", "choices"} <= names


def test_the_form_says_how_many_samples_match_and_the_command(view):
    embedded = list(view.endpoints())[1]
    said = view.describe_evolve("verdict=undecided", embedded, 7, 2)
    assert "3 samples match" in said
    assert "generate --prompt evol-instruct --rounds 2 --filter verdict=undecided --count 7" in said
    assert "--endpoint embedded --model qwen2.5-coder-0.5b" in said
    assert "workbench judge --filter" in view.describe_judge("", embedded, 7, None)


@pytest.mark.parametrize("where", ["colour=<b>${1}", "verdict"])
def test_a_filter_that_is_none_is_said_as_text(view, where):
    said = view.describe_evolve(where, next(iter(view.endpoints())), 7, 1)
    assert "w-bad" in said and "<b>" not in said and "${" not in said


def test_a_wrong_choice_is_a_message_and_starts_nothing(view, workspace):
    label = next(iter(view.endpoints()))
    for values in (("", "gone", 5, 1), ("verdict=rejected", label, 5, 1), ("", label, 0, 1)):
        with pytest.raises(gr.Error):
            view.evolve(*values)
    with pytest.raises(gr.Error, match="No sample matches"):
        view.judge("verdict=rejected", label, 5)
    assert not list(workspace.jobs_dir.glob("*/spec.json"))


def test_jobs_show_what_was_dropped_and_why_a_chain_ended(view, workspace):
    folder = create_job(workspace.jobs_dir, "evolve", {})
    create_job(workspace.jobs_dir, "draw", {})
    folder.progress(ok=2, done=3, total=3, failed={"leaks_prompt": 1})
    folder.finish(JobState.DONE)
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, "evolve")
        note_round(cursor, folder.id, next_job=None, sentence="Nothing <left> to do.")
    shown = view.jobs()
    assert "2 arrived, 1 dropped (1 leaks prompt). Nothing &lt;left&gt; to do." in shown
    assert shown.count("w-panel") == 1
