"""Where requests go: from options and settings to an endpoint, a model, a price and limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.errors import WinnowError
from storage.prices import list_prices
from workbench.generation.limits import Limits, Price
from workbench.settings import Settings
from workbench.workspace import Workspace

# A small model writes a few hundred tokens well; the paper's limit is for a large one.
EMBEDDED_MAX_TOKENS = 900
MAX_TOKENS = 2500
CONCURRENCY = 16
EMBEDDED_CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Which endpoint and how: `endpoint` is "embedded" or "configured", `model` overrides its own.

    None of a limit is the default for that endpoint, or no limit.
    """

    endpoint: str = "embedded"
    model: str = ""
    temperature: float = 0.0
    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    max_cost: float | None = None
    resend_unknown: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as requests name it, how it is asked, and what its job is started with."""

    name: str
    model: str
    embedded: bool
    endpoint: dict[str, Any]
    parameters: dict[str, Any]
    price: Price | None
    limits: Limits
    secrets: Mapping[str, str]


def choose_target(workspace: Workspace, options: TargetOptions) -> Target:
    """Which endpoint and model the options come to.

    Raises:
        WinnowError: no endpoint is configured, no model is named, the embedded one is unknown, or
            a cap on money is asked for where the price is not known.
    """
    if not 0 <= options.temperature <= 2:
        raise WinnowError(f"Temperature {options.temperature} is out of range: use 0 to 2.")
    if options.endpoint == "embedded":
        return _embedded(workspace.settings, options)
    return _configured(workspace, options)


def _limits(options: TargetOptions, *, concurrency: int) -> Limits:
    return Limits(
        concurrency=concurrency if options.concurrency is None else options.concurrency,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
        max_cost=options.max_cost,
        resend_unknown=options.resend_unknown,
    )


def _embedded(settings: Settings, options: TargetOptions) -> Target:
    from workbench.generation.embedded import embedded_name
    from workbench.generation.grammar import embedded_parameters

    wanted = options.model or settings.embedded_model
    model = embedded_name(wanted)
    return Target(
        name=f"embedded:{model}",
        model=model,
        embedded=True,
        endpoint={"kind": "embedded", "model": wanted},
        parameters={
            "temperature": options.temperature,
            "max_tokens": EMBEDDED_MAX_TOKENS,
            **embedded_parameters(),
        },
        price=Price(0.0, 0.0),
        limits=_limits(options, concurrency=EMBEDDED_CONCURRENCY),
        secrets={},
    )


def _configured(workspace: Workspace, options: TargetOptions) -> Target:
    from workbench.generation.endpoint import Endpoint

    settings = workspace.settings
    if not settings.base_url:
        raise WinnowError(
            "No endpoint is set: save a base URL on the Settings page, or set WINNOW_BASE_URL, "
            "or generate with the embedded model."
        )
    model = options.model or settings.model
    if not model:
        raise WinnowError("No model is set: name one on the Settings page or in WINNOW_MODEL.")
    price = find_price(workspace, model)
    if options.max_cost is not None and price is None:
        raise WinnowError(
            f"The price of {model} is not known, so a cap of {options.max_cost:g} US dollars "
            "cannot be kept: enter the model's price on the Settings page first."
        )
    key = settings.api_key.get_secret_value()
    return Target(
        name=Endpoint(settings.base_url, model, key).name,
        model=model,
        embedded=False,
        endpoint={"kind": "url", "base_url": settings.base_url, "model": model},
        parameters={"temperature": options.temperature, "max_tokens": MAX_TOKENS},
        price=price,
        limits=_limits(options, concurrency=CONCURRENCY),
        secrets={"WINNOW_API_KEY": key},
    )


def find_price(workspace: Workspace, model: str) -> Price | None:
    """What a model of an endpoint costs, or None where nobody said."""
    with workspace.database.read() as cursor:
        typed_in = list_prices(cursor).get(model)
    if typed_in:
        return Price(*typed_in)
    settings = workspace.settings
    if model == settings.model and settings.price_input is not None:
        return Price(settings.price_input, settings.price_output or 0.0)
    return None
