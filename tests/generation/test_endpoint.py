import pytest

from storage.errors import WinnowError
from tests.generation.conftest import Reply, error_body
from workbench.generation.check import check_endpoint
from workbench.generation.endpoint import Endpoint

KEY = "sk-secret-123"


def test_the_name_is_the_url_and_no_text_form_has_the_key() -> None:
    endpoint = Endpoint("HTTP://LocalHost:8000/v1/", "m", KEY)
    assert endpoint.name == "http://localhost:8000/v1"
    assert KEY not in repr(endpoint) + str(endpoint) + endpoint.name
    assert Endpoint("http://127.0.0.1:1/v1", "m", KEY, label="embedded:m").name == "embedded:m"


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://host/v1", "http://", "http://host:port/v1", "/etc/passwd"]
)
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(WinnowError, match=r"endpoint URL .*use one like"):
        Endpoint(url, "m")


@pytest.mark.parametrize("url", ["http://me:hunter2@host/v1", "https://host/v1?key=hunter2"])
def test_a_url_with_a_secret_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(WinnowError, match="WINNOW_API_KEY") as caught:
        Endpoint(url, "m")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk 1", "sk-1\n", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(WinnowError, match="copy it again") as caught:
        Endpoint("http://host/v1", "m", key)
    assert key not in str(caught.value)


def test_an_endpoint_that_answers_passes_the_check(serve) -> None:
    server = serve()
    said = check_endpoint(Endpoint(server.url, "good-model", KEY))
    assert said == f"{server.url} answers with the model good-model."
    assert server.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(error_body(f"Incorrect key {KEY}"), 401), "refuses the API key: check WINNOW_API"),
        (Reply(error_body("no", code="model_not_found"), 404), "not know the model m.*good-model"),
        (Reply("<html>Hello</html>"), "other than JSON: check the URL.*<html>Hello"),
        (Reply(error_body("x", code="insufficient_quota"), 429), "quota is used up"),
        (Reply("Not Found", 404), "most end in /v1"),
    ],
)
def test_the_check_says_what_is_wrong(serve, reply: Reply, expected: str) -> None:
    server = serve(reply)
    with pytest.raises(WinnowError, match=expected) as caught:
        check_endpoint(Endpoint(server.url, "m", KEY))
    assert server.url in str(caught.value)
    assert KEY not in str(caught.value)


def test_an_endpoint_that_is_not_there_is_named() -> None:
    with pytest.raises(WinnowError, match=r"http://127\.0\.0\.1:9/v1 cannot be reached"):
        check_endpoint(Endpoint("http://127.0.0.1:9/v1", "m"))
