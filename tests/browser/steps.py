"""What a newcomer does on the pages, step by step."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import App


def draw_seeds(app: App, page: Page, *, count: int) -> None:
    page.goto(f"{app.url}/seeds")
    expect(page.get_by_text("No seeds yet")).to_be_visible()
    page.get_by_label("Seeds", exact=True).fill(str(count))
    page.get_by_role("button", name="Draw", exact=True).click()
    app.wait("seeds", lambda: app.counts()["seeds"] == count, seconds=60)


def start_generation(app: App, page: Page, *, count: int) -> None:
    page.goto(f"{app.url}/generate")
    expect(page.get_by_label("Endpoint")).to_have_value(
        "SmolLM2-135M, embedded (98 MB once, poor samples)"
    )
    page.get_by_label("Samples", exact=True).fill(str(count))
    page.get_by_role("button", name="Start").click()
    app.wait("the job", lambda: app.jobs("generate"))


def wait_for_samples(app: App) -> None:
    app.wait("generation", lambda: not app.jobs("generate")[0]["running"], seconds=300)
    app.wait("the analysis", lambda: app.jobs("analyze"), seconds=60)
    app.wait("the metrics", lambda: app.counts()["unanalyzed"] == 0, seconds=120)


def press_until_saved(page: Page, key: str) -> None:
    page.keyboard.press(key)
    expect(page.get_by_role("status").filter(has_text="saved")).to_have_text("saved")


def export_and_train(app: App, page: Page, *, tasks: int) -> None:
    page.goto(f"{app.url}/train")
    page.get_by_label("HumanEval tasks").fill(str(tasks))
    page.get_by_role("button", name="Export and train").click()
    app.wait("the run", lambda: app.jobs("train"), seconds=30)
