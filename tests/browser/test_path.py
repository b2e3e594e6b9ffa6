"""The main job, end to end: real source, the real embedded model, a real browser, no mock."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import App
from tests.browser.steps import (
    draw_seeds,
    export_and_train,
    press_until_saved,
    start_generation,
    wait_for_samples,
)


def test_a_newcomer_gets_from_source_code_to_a_score(app: App, page: Page):
    draw_seeds(app, page, count=12)
    see_a_seed_in_its_file(page)
    start_generation(app, page, count=4)
    page.reload()  # the page picks the running job up again
    expect(page.get_by_role("main").get_by_text("Generating samples")).to_be_visible()
    wait_for_samples(app)
    total = app.counts()["samples"]
    assert total >= 2, app.jobs("generate")[0]["progress"]
    expect(page.get_by_role("link", name="Review it").first).to_be_visible()
    filter_by_a_click(app, page, total)
    accept_all_but_one(app, page, total)
    export_and_train(app, page, tasks=2)
    page.reload()  # and the run
    app.wait("the run", lambda: not app.jobs("train")[0]["running"], seconds=900)
    assert app.jobs("train")[0]["state"] == "done", app.jobs("train")[0]["error"]
    scores = page.locator("#scores")
    expect(scores).to_contain_text("Before")
    expect(scores).to_contain_text("After")
    expect(page.get_by_text("held-out loss after")).to_be_visible()
    task = page.locator("details").first
    task.locator("summary").click()
    expect(task.locator("pre").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="manifest").first.click()
    assert '"content_hash"' in download.value.path().read_text()


def see_a_seed_in_its_file(page: Page) -> None:
    page.reload()
    page.get_by_role("gridcell").filter(has_text="python").first.click()
    expect(page.locator("ol.file li.mark").first).to_be_visible()


def filter_by_a_click(app: App, page: Page, total: int) -> None:
    page.goto(f"{app.url}/explore")
    panel = page.locator(".w-panel", has=page.get_by_role("heading", name="Categories"))
    bar = panel.locator("button.w-row").first
    expect(bar).to_be_visible()
    bar.click()
    expect(page).to_have_url(re.compile("category="))
    page.go_back()
    expect(page.locator("#explore-root")).to_contain_text(f"{total} samples")


def accept_all_but_one(app: App, page: Page, total: int) -> None:
    page.goto(f"{app.url}/review")
    expect(page.get_by_text(f"1 of {total}", exact=True)).to_be_visible()
    for panel in ("Problem", "Solution", "Evidence", "Seed in its file"):
        expect(page.get_by_role("region", name=panel)).to_be_visible()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("dialog mark").first).to_be_visible()
    page.keyboard.press("Escape")
    press_until_saved(page, "x")
    press_until_saved(page, "z")  # the first one stands open again
    assert app.counts()["reviewed"] == 0
    press_until_saved(page, " ")  # skipped, so it comes back last
    for _ in range(total - 1):
        press_until_saved(page, "a")
    assert app.counts()["accepted"] == total - 1
    page.reload()
    expect(page.get_by_text(f"{total - 1} of {total}").first).to_be_visible()
