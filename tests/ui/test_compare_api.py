"""What the browser gets of a comparison: safe HTML, and nothing that says whose an answer is."""

import json

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from storage.errors import WinnowError
from storage.samples import add_samples
from tests.conftest import make_sample
from tests.pipeline.test_votes import judged, make_comparison, side_of
from workbench.generation.prompts import load_prompt
from workbench.ui.compare_api import add_compare_routes


@pytest.fixture
def client(workspace):
    app = FastAPI()
    router = APIRouter(prefix="/api")
    add_compare_routes(router, workspace)
    app.include_router(router)

    @app.exception_handler(WinnowError)
    def one_sentence(_request, error):
        return JSONResponse({"error": str(error)}, status_code=400)

    return TestClient(app)


def vote(client, position, choice, name="vote-0001"):
    body = {"id": name, "position": position, "choice": choice}
    return client.post("/api/compare/c0ffee/votes", json=body)


def test_nothing_before_the_tally_says_whose_an_answer_is(client, workspace):
    comparison = judged(workspace, 4, failed=[4])
    texts = [client.get("/api/compare").text, client.get("/api/compare/c0ffee").text]
    texts += [client.get(f"/api/compare/c0ffee/pairs/{n}").text for n in (1, 2, 3)]
    texts.append(vote(client, 1, "left").text)
    texts.append(client.get("/api/compare/c0ffee").text)
    ids = [load_prompt(name).id for name in ("oss-instruct", "oss-instruct-small")]
    secrets = [comparison.salt, *ids, "oss-instruct", "model-one", "model-two", "127.0.0.1"]
    secrets += ["first", "second", "key-", '"a1"', '"b1"', "cut_off"]
    for text in texts:
        assert not [secret for secret in secrets if secret in text.replace("first_line", "")]
    tally = client.post("/api/compare/c0ffee/tally").json()
    assert {tally["first"]["model"], tally["second"]["model"]} == {"model-one", "model-two"}


def test_a_vote_is_kept_and_shown_again_as_it_was_seen(client, workspace):
    comparison = judged(workspace, 2)
    assert vote(client, 2, "right").json() == {"id": "vote-0001"}
    assert client.get("/api/compare/c0ffee").json()["pairs"] == [[1, ""], [2, "right"]]
    winner = "first" if side_of(comparison, 2, "first") == "right" else "second"
    assert client.post("/api/compare/c0ffee/tally").json()[winner]["wins"] == 1


def test_the_list_counts_what_can_be_judged(client, workspace):
    judged(workspace, 3, failed=[3])
    vote(client, 1, "both_bad")
    (row,) = client.get("/api/compare").json()
    assert (row["ready"], row["judged"], row["failed"], row["missing"]) == (2, 1, 1, 0)


def test_hostile_answers_are_inert(client, workspace):
    from storage.comparisons import Pair, add_comparison
    from storage.seeds import add_seeds
    from tests.conftest import make_seed

    bad = "<img src=x onerror=alert(1)>"
    samples = [
        make_sample("a1", "seed1", problem=bad, solution=f"print('{bad}')"),
        make_sample("b1", "seed1", problem="`${1}`", solution=f"```html\n{bad}\n```"),
    ]
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed("seed1")], job_id="draw-1")
        add_comparison(cursor, make_comparison(), [Pair(1, "seed1", "key-a1", "key-b1")])
        add_samples(cursor, [(sample, "m") for sample in samples])
    pair = client.get("/api/compare/c0ffee/pairs/1").json()
    assert "<img" not in json.dumps(pair)
    assert "&lt;img" in pair["left"]["solution_html"]
    assert "onerror" in pair["right"]["solution_html"]


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("get", "/api/compare/nobody", "no comparison 'nobody'"),
        ("get", "/api/compare/c0ffee/pairs/77", "Pair 77"),
        ("post", "/api/compare/nobody/tally", "no comparison"),
    ],
)
def test_a_mistake_is_one_sentence(client, workspace, method, path, words):
    judged(workspace, 1)
    answer = client.request(method, path)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_the_tally_is_never_read_by_a_link(client, workspace):
    judged(workspace, 1)
    assert client.get("/api/compare/c0ffee/tally").status_code == 405
