"""Every setting in one place: from the environment (`WINNOW_…`) or a `.env` file."""

import getpass
import json
from pathlib import Path
from typing import Self

import platformdirs
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.errors import WinnowError
from workbench.jobs.folder import write_json

ENDPOINT_FIELDS = ("base_url", "model", "price_input", "price_output")


class Settings(BaseSettings):
    """What can be set; every name is also an environment variable, `data` is `WINNOW_DATA`."""

    model_config = SettingsConfigDict(env_prefix="WINNOW_", env_file=".env", extra="ignore")

    data: Path = Field(Path("winnow-data"), description="The workspace: database, jobs, data sets")
    cache: Path = Field(
        default_factory=lambda: platformdirs.user_cache_path("winnow"),
        description="Downloaded models, shared by all workspaces",
    )
    host: str = Field("127.0.0.1", description="Address the pages are served on")
    port: int = Field(7860, ge=1, le=65535, description="Port the pages are served on")
    reviewer: str = Field(
        default_factory=lambda: _user_name(), description="Name that decisions are saved under"
    )
    base_url: str = Field("", description="OpenAI-compatible endpoint; empty: the embedded model")
    api_key: SecretStr = Field(SecretStr(""), description="Key of that endpoint")
    model: str = Field("", description="Model to ask for at that endpoint")
    price_input: float | None = Field(
        None, ge=0, description="US dollars per million prompt tokens"
    )
    price_output: float | None = Field(
        None, ge=0, description="US dollars per million completion tokens"
    )
    embedded_model: str = Field(
        "qwen2.5-coder-0.5b",
        description="Embedded model to generate with, or a path to a GGUF file",
    )
    training_model: str = Field(
        "smollm2-135m", description="Embedded model to train, a folder, a GGUF file or a Hub id"
    )

    @property
    def models_dir(self) -> Path:
        """Where downloaded models are kept."""
        return self.cache / "models"

    def with_saved_endpoint(self) -> Self:
        """These settings, completed by the endpoint that the Settings page saved.

        What the environment sets wins.
        """
        path = self.data / "endpoint.json"
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return self
        except OSError as error:
            raise WinnowError(f"{path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise WinnowError(f"{path} is no JSON ({error}). Mend or delete it.") from error
        if not isinstance(saved, dict):
            raise WinnowError(f"{path} is no JSON object. Mend or delete it.")
        given = {name: getattr(self, name) for name in self.model_fields_set}
        fresh = {name: saved[name] for name in ENDPOINT_FIELDS if saved.get(name) is not None}
        try:
            return self.__class__(**{**fresh, **given})
        except ValidationError as error:
            raise WinnowError(f"{path}: {_first_mistake(error)} Mend or delete it.") from None

    def save_endpoint(self) -> None:
        """Keep the endpoint for the next start, without its key."""
        values = {name: getattr(self, name) for name in ENDPOINT_FIELDS}
        write_json(self.data / "endpoint.json", values)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in many containers
        return "reviewer"


def load_settings(**overrides: object) -> Settings:
    """The settings, with what was said on the command line over everything else.

    Raises:
        WinnowError: a value that cannot be one, named with what is wrong.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given).with_saved_endpoint()  # type: ignore[arg-type]
    except ValidationError as error:
        raise WinnowError(_first_mistake(error)) from None


def _first_mistake(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    shown = "" if name == "api_key" else f" {first['input']!r}"
    return f"Setting {name}{shown}: {first['msg']}."
