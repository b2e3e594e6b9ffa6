"""Killing the app loses nothing that was finished, and its jobs go on without it."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import App
from tests.browser.steps import draw_seeds, export_and_train, press_until_saved, start_generation


def test_jobs_outlive_a_killed_app_and_the_next_one_finds_them(app: App, page: Page):
    draw_seeds(app, page, count=40)
    start_generation(app, page, count=40)
    app.wait("a few samples", lambda: app.counts()["samples"] >= 2, seconds=180)
    page.goto(f"{app.url}/review")
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    press_until_saved(page, "a")
    press_until_saved(page, "a")
    page.goto("about:blank")
    before = app.counts()
    app.kill()
    app.start()
    after = app.counts()
    assert after["accepted"] == 2
    assert after["samples"] >= before["samples"]
    assert app.jobs("generate")[0]["state"] == "running"
    export_and_train(app, page, tasks=1)
    app.wait("progress", lambda: app.jobs("train")[0]["progress"], seconds=60)
    page.goto("about:blank")
    app.kill()
    app.start()
    running = {job["kind"] for job in app.status()["jobs"] if job["running"]}
    assert {"generate", "train"} <= running
    page.goto(f"{app.url}/train")
    page.get_by_role("button", name="Jobs").or_(page.get_by_text("running")).first.click()
    jobs = page.get_by_role("region", name="Jobs")
    expect(jobs.get_by_role("button", name="Cancel")).to_have_count(len(running))
    for kind in running:
        jobs.locator(".w-job", has_text=TITLES[kind]).get_by_role("button", name="Cancel").click()
    app.wait(
        "the jobs to stop",
        lambda: not any(job["running"] for job in app.status()["jobs"]),
        seconds=90,
    )
    states = {job["kind"]: job["state"] for job in app.status()["jobs"]}
    assert states["generate"] == "cancelled"
    assert states["train"] == "cancelled"
    assert app.counts()["samples"] >= after["samples"]
    assert app.counts()["accepted"] == 2


TITLES = {"generate": "Generating samples", "train": "Training", "analyze": "Analyzing samples"}
