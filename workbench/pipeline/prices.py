"""What models cost: a small table that people fill in; an unknown price stays unknown."""

import math
from dataclasses import dataclass

from storage.errors import WinnowError
from storage.outcomes import asked_models
from storage.prices import list_prices, set_price
from workbench.generation.limits import Price
from workbench.pipeline.target import find_price
from workbench.workspace import Workspace

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """A model and its price in US dollars per million tokens, None where nobody said.

    `origin` is "typed in", "settings" (WINNOW_PRICE_INPUT and _OUTPUT), or empty.
    """

    model: str
    price: Price | None
    origin: str


def known_prices(workspace: Workspace) -> list[ModelPrice]:
    """Every model that has a price, was asked, or is set to be asked, by name."""
    with workspace.database.read() as cursor:
        typed_in = list_prices(cursor)
        asked = asked_models(cursor)
    settings = workspace.settings
    chosen = [settings.model] if settings.model and settings.base_url else []
    rows = []
    for model in sorted({*typed_in, *asked, *chosen}):
        price = find_price(workspace, model)
        origin = "typed in" if model in typed_in else "settings" if price else ""
        rows.append(ModelPrice(model, price, origin))
    return rows


def save_price(workspace: Workspace, model: str, price: Price | None) -> None:
    """Note what a model costs from now on; None forgets it. Jobs keep the price they started with.

    Raises:
        WinnowError: no model is named, or a number is no price.
    """
    name = model.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise WinnowError(
            f"{name[:40]!r} is no model's name: use the one that the endpoint gives it, "
            f"{LONGEST_NAME} characters at most."
        )
    for value in (price.input, price.output) if price else ():
        if not (math.isfinite(value) and value >= 0):
            raise WinnowError(
                f"{value:g} is no price: use US dollars per million tokens, 0 where it is free."
            )
    with workspace.database.transaction() as cursor:
        set_price(cursor, name, (price.input, price.output) if price else None)
