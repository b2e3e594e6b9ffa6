"""What works on this machine, and what to do about what does not."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from storage.errors import WinnowError
from workbench.settings import Settings


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at: whether it works, and what was found or what to do."""

    name: str
    works: bool
    text: str


def diagnose(settings: Settings) -> list[Diagnosis]:
    """Look at the disk, the embedded models, the sandbox, the endpoint and the accelerator."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("Disk", _disk),
        ("Embedded model", _embedded),
        ("Sandbox", _sandbox),
        ("Endpoint", _endpoint),
        ("Training", _training),
    )
    found = []
    for name, check in checks:
        try:
            found.append(Diagnosis(name, True, check(settings)))
        except WinnowError as error:
            found.append(Diagnosis(name, False, str(error)))
    return found


def _disk(settings: Settings) -> str:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WinnowError(
            f"The workspace {settings.data} cannot be made: {error.strerror}. Name another with "
            "--data."
        ) from error
    free = shutil.disk_usage(settings.data).free / 1e9
    if free < 2:
        raise WinnowError(f"Only {free:.1f} GB are free at {settings.data}: free at least 2 GB.")
    return f"{free:,.0f} GB are free at {settings.data}."


def _embedded(settings: Settings) -> str:
    from workbench.generation.embedded import EMBEDDED_MODELS, locate_model

    there = [
        model.name
        for model in EMBEDDED_MODELS
        if locate_model(model.name, cache_dir=settings.models_dir)
    ]
    if there:
        return f"Here: {', '.join(there)}."
    return "None is here yet; the first generation downloads one and says how much before."


def _sandbox(_settings: Settings) -> str:
    from workbench.sandbox import find_sandbox

    find_sandbox()
    return "bubblewrap passed its self-test: scores can be measured."


def _endpoint(settings: Settings) -> str:
    from workbench.generation.check import check_endpoint
    from workbench.generation.endpoint import Endpoint

    if not settings.base_url:
        return "None is set: samples are generated with the embedded model."
    key = settings.api_key.get_secret_value()
    return check_endpoint(Endpoint(settings.base_url, settings.model, key))


def _training(_settings: Settings) -> str:
    import torch

    if torch.cuda.is_available():
        return f"On {torch.cuda.get_device_name(0)}."
    return f"On this machine's processor with {torch.get_num_threads()} threads; a GPU is not here."
