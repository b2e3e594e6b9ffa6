"""An open workspace: its folder, its settings and the database that this process owns."""

from dataclasses import dataclass
from pathlib import Path

from storage.database import Database, open_database
from storage.errors import WinnowError
from workbench.settings import Settings


@dataclass(slots=True)
class Workspace:
    """What every step is given by the page or command that starts it.

    `settings` is replaced as a whole when somebody saves the Settings page.
    """

    settings: Settings
    database: Database

    @property
    def path(self) -> Path:
        return self.settings.data

    @property
    def jobs_dir(self) -> Path:
        return self.path / "jobs"

    @property
    def datasets_dir(self) -> Path:
        return self.path / "datasets"

    def close(self) -> None:
        """Give the database free for the next process; jobs go on."""
        self.database.close()


def open_workspace(settings: Settings) -> Workspace:
    """Open the workspace folder that the settings name, making it where it is missing.

    Raises:
        WinnowError: the folder cannot be made or written, or another process owns it.
    """
    folder = settings.data.expanduser().resolve()
    settings = settings.model_copy(update={"data": folder})
    try:
        for name in ("jobs", "datasets"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WinnowError(
            f"The workspace {folder} cannot be made: {error.strerror}. Name another with --data."
        ) from error
    return Workspace(settings, open_database(folder / "winnow.duckdb"))
