"""What the form of the Generate page comes to: options, the command, the estimate in words."""

import pytest
from pydantic import SecretStr

from storage.ledger import add_responses
from storage.prices import set_price
from storage.records import Response
from storage.seeds import add_seeds
from tests.conftest import make_seed
from workbench.generation.prompts import load_prompt
from workbench.pipeline.prompts import save_version
from workbench.pipeline.trial import TRIAL, start_trial
from workbench.ui.pages.compare import CompareView
from workbench.ui.pages.generate import Form, GenerateView
from workbench.ui.pages.settings import SettingsView

LABEL = "good-model at http://127.0.0.1:9/v1"


@pytest.fixture
def view(workspace) -> GenerateView:
    changes = {"base_url": "http://127.0.0.1:9/v1", "model": "good-model", "api_key": "sk-secret"}
    changes["api_key"] = SecretStr("sk-secret")
    workspace.settings = workspace.settings.model_copy(update=changes)
    with workspace.database.transaction() as cursor:
        seeds = [make_seed(f"seed{number}") for number in range(30)]
        add_seeds(cursor, seeds, job_id="draw-1")
    return GenerateView(workspace)


def describe(view: GenerateView, **fields) -> str:
    form = Form(endpoint=LABEL, **fields)
    values = [getattr(form, name) for name in Form.__slots__]
    return " ".join(part for part in view.describe(*values) if isinstance(part, str))


def answer(workspace, count: int) -> None:
    """Each took 2 seconds, 1,000 + 500 tokens; every fourth gave nothing."""
    prompt = load_prompt("oss-instruct").id
    responses = [
        Response(
            key=f"k{number}",
            seed_id=f"seed{number}",
            prompt_id=prompt,
            endpoint="http://127.0.0.1:9/v1",
            model="good-model",
            parameters={},
            raw="{}",
            prompt_tokens=1000,
            completion_tokens=500,
            seconds=2.0,
            cost=0.0,
            received_at=float(number),
        )
        for number in range(count)
    ]
    outcomes = [(one, "cut_off" if index % 4 == 0 else None) for index, one in enumerate(responses)]
    with workspace.database.transaction() as cursor:
        add_responses(cursor, outcomes, job_id="generate-1")


def test_what_is_unknown_is_said_to_be_unknown(view):
    words = describe(view)
    assert "time unknown" in words
    assert "cost unknown" in words
    assert "/settings#prices" in words
    assert f"try {TRIAL} first" in words


def test_with_a_price_and_no_answers_the_estimate_is_a_bound(view, workspace):
    with workspace.database.transaction() as cursor:
        set_price(cursor, "good-model", (1.0, 2.0))
    words = describe(view)
    assert "at most &#36;0." in words
    assert "time unknown" in words


def test_the_estimate_rests_on_what_was_answered(view, workspace):
    answer(workspace, 8)
    with workspace.database.transaction() as cursor:
        set_price(cursor, "good-model", (1.0, 2.0))
    words = describe(view, count=160, concurrency="4")
    assert "about 80 s" in words  # 160 x 2 s, 4 at once
    assert "about &#36;0.32" in words  # 160 x (1,000 x 1 + 500 x 2) / 1,000,000
    assert "75% give a sample (from 8 earlier answers)" in words
    assert "only 30 seeds are there" in words
    assert "would pause at its cap of &#36;0.20" in describe(view, count=160, max_cost="0.2")


def test_the_command_says_what_the_form_says_and_no_secret(view):
    words = describe(
        view,
        count=7,
        concurrency="3",
        requests_per_minute="60",
        tokens_per_minute="1,500",
        resend_unknown="2",
        temperature="0.5",
    )
    assert (
        "python -m workbench generate --count 7 --endpoint http://127.0.0.1:9/v1 --model good-model"
        " --temperature 0.5 --concurrency 3 --rpm 60 --tpm 1500 --resend 2" in words
    )
    assert "sk-secret" not in words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"concurrency": "many"}, "At once: &#x27;many&#x27; is not a whole number"),
        ({"concurrency": "1.5"}, "not a whole number"),
        ({"max_cost": "nan"}, "Cap: &#x27;nan&#x27; is not a number"),
        ({"max_cost": "1"}, "price of good-model is not known"),
        ({"count": None}, "0 samples cannot be asked for"),
        ({"temperature": "<b>"}, "&lt;b&gt;"),
        ({"prompt": "nothing"}, "no prompt"),
    ],
)
def test_a_mistake_stands_where_the_estimate_will_be(view, fields, words):
    assert words in describe(view, **fields)


def test_a_kept_version_of_a_prompt_can_be_chosen_by_its_id(view, workspace):
    saved = save_version(
        workspace, name="mine", system="Be brief.", user="Use this:\n{snippet}\n"
    ).prompt
    choices = dict(view._prompts())
    assert choices["oss-instruct (built in)"] == "oss-instruct"
    assert choices[f"mine · {saved.id[:8]}"] == saved.id
    assert f"--prompt {saved.id}" in describe(view, prompt=saved.id)


def test_a_version_saved_now_can_be_chosen_in_every_form_without_a_reload(view, workspace):
    before = {value for _, value in view.prompt_choices()["choices"]}
    saved = save_version(
        workspace, name="mine", system="Be brief.", user="Use this:\n{snippet}\n"
    ).prompt
    update = view.prompt_choices()
    assert {value for _, value in update["choices"]} - before == {saved.id}
    assert "value" not in update  # what is chosen stays chosen
    assert CompareView(workspace).prompts()[1]["value"] == saved.id


def test_each_arm_of_a_comparison_is_filled_by_an_update_of_its_own(view, workspace):
    filled = CompareView(workspace).open()
    assert len({id(update) for update in filled}) == len(filled) == 6
    assert filled[1]["value"] == filled[4]["value"] == "configured"


def test_a_trial_asks_a_few_seeds_that_the_start_after_it_leaves_out(view, workspace):
    from workbench.generation.requests import read_requests
    from workbench.jobs.process import request_stop
    from workbench.pipeline.generate import start_generate

    options = view._options(Form(endpoint=LABEL, count=8))
    folders = [start_trial(workspace, options), start_generate(workspace, options)]
    asked = [{one.seed_id for one in read_requests(folder.path)} for folder in folders]
    assert (len(asked[0]), len(asked[1])) == (TRIAL, 8)
    assert not asked[0] & asked[1]
    for folder in folders:
        if folder.is_alive():
            request_stop(folder)


def test_another_model_does_not_inherit_the_price_of_the_settings(workspace):
    changes = {"model": "one", "price_input": 1.0, "price_output": 2.0}
    workspace.settings = workspace.settings.model_copy(update=changes)
    settings = SettingsView(workspace)
    settings.save("https://there/v1", "one", "")
    assert workspace.settings.price_input == 1.0
    settings.save("https://there/v1", "two", "")
    assert workspace.settings.price_input is None
