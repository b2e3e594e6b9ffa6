"""Data sets of the Hugging Face Hub: their data files, downloaded into the Hub's own cache."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import WinnowError

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HUB = "hf:"
_SPEC = re.compile(r"([\w.-]+/[\w.-]+)(?:/(.+))?", re.ASCII)
TABLES = (".parquet",)
LINES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".ndjson")
# The branch where the Hub keeps every data set that it understands as Parquet.
CONVERTED = "refs/convert/parquet"
TIMEOUT_SECONDS = 15.0


def fetch_dataset(spec: str, *, endpoint: str | None = None) -> list[tuple[str, Path]]:
    """(name, local file) of each data file of `hf:OWNER/NAME[/subset]`, ordered by name.

    Its Parquet files, else its JSON lines and JSON, else what the Hub made of it as Parquet. A
    subset is a folder or a file of these. `endpoint` (HF_ENDPOINT) is a mirror.

    Raises:
        WinnowError: it is no data set, needs an account, has no such files, or cannot be reached.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
    )

    found = _SPEC.fullmatch(spec.removeprefix(HUB))
    if found is None:
        raise WinnowError(f"{spec!r} names no data set of the Hub: write hf:OWNER/NAME[/subset].")
    repository, subset = found[1], (found[2] or "").strip("/")
    api = HfApi(endpoint=endpoint)
    try:
        revision, paths = _find_data_files(api, repository, subset)
        return [
            (f"{HUB}{repository}/{path}", _download(api, repository, path, revision))
            for path in paths
        ]
    except GatedRepoError as error:
        raise WinnowError(
            f"{spec} is only for accounts that its owner let in: ask there, then set HF_TOKEN."
        ) from error
    except RepositoryNotFoundError as error:
        raise WinnowError(
            f"{spec} is not on the Hub, or not for everybody: check its spelling, or set HF_TOKEN."
        ) from error
    except HFValidationError as error:
        raise WinnowError(f"{spec!r} names no data set of the Hub: {error}.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise WinnowError(f"The Hub answered {status} for {spec}. Try again later.") from error
    except (ValueError, KeyError, TypeError) as error:  # such as the page of a proxy
        raise WinnowError(
            f"The answer for {spec} describes no data set ({type(error).__name__}): something "
            "between here and the Hub may have answered instead. Try again from another network."
        ) from error
    except (httpx2.HTTPError, OSError) as error:
        raise WinnowError(
            f"{spec} could not be fetched: the Hub cannot be reached from here "
            f"({type(error).__name__}). Download its files elsewhere and import those."
        ) from error


def _find_data_files(api: "HfApi", repository: str, subset: str) -> tuple[str, list[str]]:
    """The revision and the paths of the data files, Parquet before JSON before converted."""
    from huggingface_hub.errors import RevisionNotFoundError

    own = _list_paths(api, repository, "main")
    tables, lines = choose(own, subset, TABLES), choose(own, subset, LINES)
    if tables or lines:
        return "main", tables or lines
    try:
        converted = _list_paths(api, repository, CONVERTED)
    except RevisionNotFoundError:
        converted = []
    if chosen := choose(converted, subset, TABLES):
        return CONVERTED, chosen
    there = [path for path in (*own, *converted) if path.endswith((*TABLES, *LINES))]
    if subset and there:
        shown = ", ".join(there[:8]) + (" and others" if len(there) > 8 else "")
        raise WinnowError(f"{HUB}{repository} has nothing called {subset!r}. It has {shown}.")
    raise WinnowError(f"{HUB}{repository} has no Parquet, JSON lines or JSON file.")


def choose(paths: Sequence[str], subset: str, suffixes: tuple[str, ...]) -> list[str]:
    """The paths with one of these endings that lie in the folder `subset`, or are that file."""
    return sorted(
        path
        for path in paths
        if path.lower().endswith(suffixes)
        and (not subset or path == subset or f"/{subset}/" in f"/{path}")
    )


def _list_paths(api: "HfApi", repository: str, revision: str) -> list[str]:
    # Not `list_repo_tree`: where the Hub cannot be reached it tries again for 23 seconds.
    found = api.dataset_info(repository, revision=revision, timeout=TIMEOUT_SECONDS)
    paths = [entry.rfilename for entry in found.siblings or []]
    # Settings of the repository are no data.
    return [path for path in paths if not path.rpartition("/")[2].startswith(".")]


def _download(api: "HfApi", repository: str, path: str, revision: str) -> Path:
    return Path(api.hf_hub_download(repository, path, repo_type="dataset", revision=revision))
