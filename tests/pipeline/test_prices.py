"""The table of prices: what is unknown is said to be unknown."""

import math

import pytest

from storage.errors import WinnowError
from tests.conftest import fill
from workbench.generation.limits import Price
from workbench.pipeline.prices import ModelPrice, known_prices, save_price


def use(workspace, **settings) -> None:
    workspace.settings = workspace.settings.model_copy(update=settings)


def test_a_model_that_is_set_but_has_no_price_is_unknown(workspace):
    fill(workspace)  # an embedded model: it costs nothing and is not in the table
    use(workspace, base_url="https://there/v1", model="m1")
    assert known_prices(workspace) == [ModelPrice("m1", None, "")]


def test_a_price_that_is_typed_in_goes_before_the_one_of_the_settings(workspace):
    use(workspace, base_url="https://there/v1", model="m1", price_input=1.0, price_output=2.0)
    assert known_prices(workspace) == [ModelPrice("m1", Price(1.0, 2.0), "settings")]
    save_price(workspace, " m1 ", Price(0.0, 0.5))
    assert known_prices(workspace) == [ModelPrice("m1", Price(0.0, 0.5), "typed in")]
    save_price(workspace, "m1", None)
    assert known_prices(workspace)[0].origin == "settings"


@pytest.mark.parametrize(
    ("model", "price", "words"),
    [
        ("", Price(1, 1), "no model's name"),
        ("m\n1", Price(1, 1), "no model's name"),
        ("m" * 201, None, "no model's name"),
        ("m", Price(-1, 1), "no price"),
        ("m", Price(1, math.nan), "no price"),
    ],
)
def test_what_cannot_be_a_price_is_refused(workspace, model, price, words):
    with pytest.raises(WinnowError, match=words):
        save_price(workspace, model, price)
    assert known_prices(workspace) == []
