from tests.generation.conftest import make_seed
from workbench.generation.endpoint import Endpoint
from workbench.generation.prompts import load_prompt
from workbench.generation.requests import build_requests


def key(url="http://h/v1", model="m", api_key="", name="oss-instruct", attempt=0, **parameters):
    (request,) = build_requests(
        [make_seed(1)],
        load_prompt(name),
        endpoint=Endpoint(url, model, api_key).name,
        model=model,
        parameters=parameters,
        attempt=attempt,
    )
    return request.key


def test_the_key_of_a_request_is_of_all_that_shapes_its_answer() -> None:
    assert key() == key(api_key="other") == key(url="HTTP://H/v1/")
    others = [key(url="http://i/v1"), key(model="n"), key(name="oss-instruct-example")]
    others += [key(attempt=1), key(temperature=1), key(temperature=1, attempt=1)]
    assert len({key(), *others}) == 7


def test_another_attempt_at_a_temperature_has_another_random_seed() -> None:
    first, second = (
        next(
            build_requests(
                [make_seed(1)],
                load_prompt("oss-instruct"),
                endpoint="e",
                model="m",
                parameters={"temperature": 1},
                attempt=attempt,
            )
        )
        for attempt in (0, 1)
    )
    assert (first.parameters["seed"], second.parameters["seed"]) == (976, 977)
