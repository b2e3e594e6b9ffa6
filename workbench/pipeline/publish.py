"""Pushing a data set of a workspace to the Hugging Face Hub."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from storage.datasets import find_dataset
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.export.hub import Published


def publish_dataset(
    workspace: Workspace,
    name: str,
    repo_id: str,
    token: SecretStr,
    *,
    private: bool = True,
    endpoint: str | None = None,
    allow_contaminated: bool = False,
) -> "Published":
    """Push the data set of that id or name as one commit to `OWNER/NAME`.

    Raises:
        WinnowError: no such data set, or what `workbench.export.hub.publish` raises.
    """
    from workbench.export.hub import publish

    with workspace.database.read() as cursor:
        dataset = find_dataset(cursor, name)
    return publish(
        Path(dataset.path),
        repo_id,
        token,
        private=private,
        endpoint=endpoint,
        allow_contaminated=allow_contaminated,
    )
