"""The Generate page in a real browser: a trial, its failures to the raw answer, asking anew."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App
from tests.browser.steps import draw_seeds
from tests.generation.conftest import Reply, ScriptedServer, chat_body

HOSTILE = "<img src=x onerror=\"document.title='hacked'\">${alert(1)}"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer([])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_failure_is_followed_to_its_raw_answer_and_asked_again(
    app: App, page: Page, server: ScriptedServer
):
    draw_seeds(app, page, count=12)
    use_endpoint(page, server)
    set_price(page)
    # Not before: Settings asked the endpoint for a sign of life.
    server.replies[:] = [Reply(chat_body(HOSTILE)), Reply("<html>busy</html>")]
    try_five(app, page)
    read_the_raw_answer(page)
    ask_again(app, page, server)
    resume_above_the_cap(app, page)


def use_endpoint(page: Page, server: ScriptedServer) -> None:
    page.goto(f"{page.url.rsplit('/', 1)[0]}/settings")
    # Filled together with the form: what is set now must not come over what is typed.
    expect(page.get_by_role("heading", name="Where things are")).to_be_visible()
    page.get_by_label("Base URL").fill(server.url)
    page.get_by_label("Model", exact=True).fill("good-model")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: samples are generated with")).to_be_visible()


def set_price(page: Page) -> None:
    page.reload()
    table = page.get_by_role("region", name="Prices")
    expect(table.get_by_role("row", name=re.compile("good-model"))).to_contain_text("unknown")
    table.get_by_label("good-model: US dollars per million prompt tokens").fill("1")
    last = table.get_by_label("good-model: US dollars per million completion tokens")
    last.fill("2")
    last.press("Enter")
    expect(table.get_by_role("row", name=re.compile("good-model"))).to_contain_text("saved")
    expect(page.get_by_text("answers with the model good-model")).to_be_visible()


def try_five(app: App, page: Page) -> None:
    page.goto(f"{app.url}/generate")
    estimate = page.get_by_role("status").filter(has_text="20 samples")
    expect(estimate).to_contain_text("at most $0.")
    page.get_by_role("button", name="Try 5 first").click()
    expect(page.get_by_role("main").get_by_text("Generating samples")).to_be_visible()
    app.wait("the trial", lambda: app.jobs("generate")[0]["state"] == "done", seconds=60)
    expect(estimate).to_contain_text("give a sample (from 4 earlier answers)")
    expect(page.get_by_role("link", name="Review it")).to_have_count(3)


def read_the_raw_answer(page: Page) -> None:
    page.get_by_role("button", name=re.compile("no problem label")).click()
    expect(page).to_have_url(re.compile("reason=no_problem_label"))
    page.reload()  # the address holds the job's reason
    rows = page.get_by_role("region", name="Failures with this reason").locator("tbody tr")
    expect(rows).to_have_count(1)
    rows.get_by_role("button").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("What the model wrote")).to_have_text(HOSTILE)
    expect(dialog.get_by_label("The raw answer")).to_contain_text('"choices"')
    expect(dialog.locator("img")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert "hacked" not in page.title()


def ask_again(app: App, page: Page, server: ScriptedServer) -> None:
    asked = len(server.asked)
    expect(page.get_by_text("asked for in a new attempt")).to_be_visible()
    page.get_by_role("button", name="Ask these again").click()
    app.wait("the attempt", lambda: len(server.asked) == asked + 1, seconds=60)
    assert server.asked[-1]["temperature"] == 0.7
    app.wait("its end", lambda: app.jobs("generate")[0]["state"] == "done", seconds=60)
    reasons = page.get_by_role("list", name="Failures by reason")
    expect(reasons.get_by_role("button")).to_have_count(1)  # the page that was no JSON


def resume_above_the_cap(app: App, page: Page) -> None:
    page.get_by_text("Limits", exact=True).click()
    page.get_by_label("Cap, US dollars").fill("0.000001")
    page.get_by_role("button", name="Start").click()
    sentence = page.get_by_role("article").first.get_by_text("raise the cap and resume")
    expect(sentence).to_be_visible()
    page.get_by_role("button", name="Other limits").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Cap, US dollars").fill("5")
    dialog.get_by_role("button", name="Resume with these").click()
    app.wait("the rest", lambda: app.jobs("generate")[0]["state"] == "done", seconds=60)
    expect(page.get_by_role("article").first).to_contain_text("7arrived0failed100%")
