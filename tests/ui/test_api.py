"""The JSON routes behind the pages, through the same guard that the app has in front."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.conftest import fill
from workbench.pipeline.export import export_dataset
from workbench.ui.api import add_routes
from workbench.ui.security import Guard


@pytest.fixture
def client(workspace):
    app = FastAPI()
    add_routes(app, workspace)

    @app.get("/page")
    def page():
        from fastapi.responses import HTMLResponse

        return HTMLResponse("<script>one()</script><p>two</p><script src='x'></script>")

    app.add_middleware(Guard, host="127.0.0.1")
    return TestClient(app, base_url="http://127.0.0.1:7860")


def decide(client, sample, verdict, name, undoes=None, **headers):
    body = {"id": f"decision-{name}", "sample_id": sample, "verdict": verdict, "undoes": undoes}
    return client.post("/api/review/decisions", json=body, headers=headers)


def test_status_counts_every_step(client, workspace):
    fill(workspace)
    decide(client, "s0", "accepted", "1")
    counts = client.get("/api/status").json()["counts"]
    assert (counts["seeds"], counts["samples"], counts["accepted"]) == (3, 3, 1)
    assert counts["unanalyzed"] == 3


def test_a_decision_is_answered_once_it_is_in_the_database(client, workspace):
    fill(workspace)
    assert decide(client, "s0", "rejected", "1").json()["verdict"] == "rejected"
    with workspace.database.read() as cursor:
        rows = cursor.execute("select sample_id, verdict, reviewer from decisions").fetchall()
    assert rows == [("s0", "rejected", "ada")]
    assert decide(client, "s0", "undone", "2", "decision-1").json()["verdict"] == "undecided"


def test_a_card_is_safe_html_with_its_seed_and_evidence(client, workspace):
    from storage.samples import add_samples
    from tests.conftest import make_sample

    fill(workspace, 1)
    hostile = make_sample("bad", "seed0", problem="<img src=x onerror=alert(1)>", solution="`${1}`")
    with workspace.database.transaction() as cursor:
        add_samples(cursor, [(hostile, "m")])
    card = client.get("/api/review/cards", params={"ids": "bad,unknown"}).json()
    assert len(card) == 1
    assert "<img" not in card[0]["problem_html"]
    assert 'class="mark"' in card[0]["seed_html"]
    assert card[0]["seed"]["licence"] == "MIT"
    assert card[0]["evidence"][0]["title"] == "Not analyzed yet"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/explore?colour=red", "'colour' is no filter"),
        ("/api/samples?min_similarity=much", "is no number"),
        ("/api/review/nearest/nobody", "no nearest task"),
        ("/api/datasets/nothing/train.jsonl", "There is no file"),
        ("/api/datasets/..%2F..%2Fetc/passwd", "There is no file|Not Found"),
    ],
)
def test_a_mistake_is_one_sentence(client, path, words):
    answer = client.get(path)
    assert answer.status_code in (400, 404)
    text = str(answer.json())
    assert any(part in text for part in words.split("|")), text


def test_only_the_files_of_a_data_set_are_handed_out(client, workspace):
    fill(workspace)
    decide(client, "s1", "accepted", "1")
    from workbench.pipeline.export import ACCEPTED

    dataset = export_dataset(workspace, "mine", ACCEPTED)
    row = client.get(f"/api/datasets/{dataset.id}/train.jsonl")
    assert '"s1"' in row.text
    assert client.get(f"/api/datasets/{dataset.id}/winnow.duckdb").status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://elsewhere.example"},
        {"host": "rebound.example:7860"},
    ],
)
def test_other_sites_cannot_decide(client, workspace, headers):
    fill(workspace)
    assert decide(client, "s0", "accepted", "1", **headers).status_code == 403
    with workspace.database.read() as cursor:
        assert cursor.execute("select count(*) from decisions").fetchall() == [(0,)]


def test_every_script_of_a_page_carries_the_nonce_of_its_policy(client):
    answer = client.get("/page")
    policy = answer.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert answer.text.count(f"<script nonce={nonce}") == 2
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert client.get("/page").headers["content-security-policy"] != policy


@pytest.mark.parametrize("text", ["{", '"x"', '{"id": "d\\ud800decision", "sample_id": 5}'])
def test_a_request_that_cannot_be_read_is_answered_like_every_other_mistake(client, text):
    headers = {"content-type": "application/json"}
    answer = client.post("/api/review/decisions", content=text, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("The request")
    assert "cannot be used" in client.get("/api/samples?after=x").json()["error"]


def test_a_file_of_a_data_set_that_was_deleted_is_named(client, workspace):
    from storage.filters import SampleFilter

    fill(workspace)
    dataset = export_dataset(workspace, "first", SampleFilter())
    (workspace.datasets_dir / dataset.id / "README.md").unlink()
    answer = client.get(f"/api/datasets/{dataset.id}/README.md")
    assert answer.status_code == 400
    assert "is not there any more" in answer.json()["error"]
