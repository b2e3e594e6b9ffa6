"""Pushing a frozen data set to the Hugging Face Hub: verified files, one commit, one token.

The token is given by the caller alone. It is in no message, no log and no file of ours, and what
the Hub answers is never repeated: a proxy can echo the header that the token came in.
"""

import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from storage.errors import WinnowError
from workbench.export.files import DATA_FILES
from workbench.export.folder import CARD, MANIFEST, read_files, read_manifest

if TYPE_CHECKING:
    from huggingface_hub import HfApi

REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
TOKEN = re.compile(r"[!-~]{1,500}")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Published:
    """A data set on the Hub: where, at which commit, and the files that it consists of there.

    `commit` is the Hub's newest where nothing had to be sent.
    """

    repo_id: str
    url: str
    commit: str
    files: tuple[str, ...]


def publish(
    folder: Path,
    repo_id: str,
    token: SecretStr,
    *,
    private: bool = True,
    endpoint: str | None = None,
    allow_contaminated: bool = False,
) -> Published:
    """Push a frozen data set as one commit to `OWNER/NAME`, making that where it is missing.

    Files of ours from an earlier push that this data set does not have go away in the same commit.
    `endpoint` is another Hub than huggingface.co.

    Raises:
        WinnowError: the folder is no unchanged data set, it is contaminated and that is not
            allowed, the name, token or endpoint cannot be one, the data set is to be private and
            is public there, or the Hub refuses or cannot be reached.
    """
    _check_target(repo_id, token)
    contents = read_publishable(folder, allow_contaminated=allow_contaminated)
    return _send(contents, repo_id, token, private=private, endpoint=endpoint, name=folder.name)


def read_publishable(folder: Path, *, allow_contaminated: bool = False) -> dict[str, bytes]:
    """Every file to push by name: data files as they were frozen, the manifest and the card.

    Raises:
        WinnowError: the folder is no unchanged data set, or contaminated without the override.
    """
    manifest = read_manifest(folder)
    contaminated = manifest.get("counts", {}).get("contaminated", [])
    if contaminated and not allow_contaminated:
        raise WinnowError(
            f"{folder.name} holds {len(contaminated):,} rows with a benchmark's text: whoever "
            "trains on them cannot be scored with it. Allow contaminated rows to push them."
        )
    contents = read_files(folder, manifest)
    for name in (MANIFEST, CARD):
        try:
            contents[name] = (folder / name).read_bytes()
        except OSError as error:
            raise WinnowError(f"{folder / name} cannot be read ({error.strerror}).") from error
    return contents


def _check_target(repo_id: str, token: SecretStr) -> None:
    possible = REPOSITORY.fullmatch(repo_id) and repo_id[-1] not in ".-"
    if not possible or "--" in repo_id or ".." in repo_id:
        raise WinnowError(
            f"{repo_id[:80]!r} cannot name a data set of the Hub: write OWNER/NAME with letters, "
            "digits, dots, dashes and underscores."
        )
    if not TOKEN.fullmatch(token.get_secret_value()):
        raise WinnowError("Pushing needs a token of the Hub that may write: set HF_TOKEN.")


def _check_endpoint(endpoint: str) -> None:
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("http", "https"):
        raise WinnowError(f"{endpoint[:80]!r} is no address of a Hub: write https://….")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise WinnowError(f"{host} would get the token unencrypted: write https://… instead.")


def _send(
    contents: Mapping[str, bytes],
    repo_id: str,
    token: SecretStr,
    *,
    private: bool,
    endpoint: str | None,
    name: str,
) -> Published:
    import httpx2
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    _check_endpoint(endpoint or constants.ENDPOINT)  # HF_ENDPOINT may name another Hub too
    api = HfApi(endpoint=endpoint, token=token.get_secret_value())
    # `from None` throughout: their errors hold the request, and with it the token.
    try:
        return _commit(api, contents, repo_id, private=private, name=name)
    except HfHubHTTPError as error:
        raise WinnowError(_refusal(error.response.status_code, repo_id)) from None
    except HFValidationError:
        raise WinnowError(f"{repo_id!r} cannot name a data set of the Hub.") from None
    except (ValueError, KeyError, TypeError):  # the page of a proxy, or a card it does not take
        raise WinnowError(
            f"The answer for {repo_id} was none of the Hub's, or the Hub does not take the card's "
            "front matter: nothing was committed. Try again from another network."
        ) from None
    except (httpx2.HTTPError, OSError, RuntimeError) as error:
        raise WinnowError(
            f"{repo_id} was not pushed: the Hub cannot be reached from here "
            f"({type(error).__name__}). Try again; nothing is there twice."
        ) from None


def _commit(
    api: "HfApi", contents: Mapping[str, bytes], repo_id: str, *, private: bool, name: str
) -> Published:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
    there = api.dataset_info(repo_id)
    if private and there.private is False:
        raise WinnowError(
            f"{repo_id} is there already and public: push to another name, make it private on the "
            "Hub, or say that it may be public."
        )
    present = {file.rfilename for file in there.siblings or ()}
    gone = [file for file in DATA_FILES if file in present and file not in contents]
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        # Open files and not bytes: those would go through hf_xet, which still said nothing 80
        # seconds after a storage refused it. These go through the Hub's own HTTP upload.
        *(CommitOperationAdd(file, io.BytesIO(content)) for file, content in contents.items()),
        *(CommitOperationDelete(file) for file in gone),
    ]
    # Not `upload_folder`: with hf_xet installed it makes several commits, each of them half of it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on the card, which repeats the Hub's own words
        done = api.create_commit(
            repo_id, operations, commit_message=f"Data set {name}", repo_type="dataset"
        )
    url = f"{api.endpoint}/datasets/{repo_id}"
    return Published(repo_id, url, done.oid, tuple(contents))


def _refusal(status: int, repo_id: str) -> str:
    match status:
        case 401:
            return "The Hub does not know this token: make one that may write, and set HF_TOKEN."
        case 403:
            return f"This token may not write to {repo_id}: use one of its owner that may write."
        case 404:
            return f"{repo_id} is not on the Hub for this token: check the owner and the name."
        case 409 | 412:
            return f"{repo_id} was changed by somebody else meanwhile: push again."
        case 429:
            return "The Hub asks for a pause after too many requests: push again in some minutes."
        case _ if status >= 500:
            return f"The Hub is out of order (it answered {status}): push again later."
        case _:
            return f"The Hub refused {repo_id} (it answered {status}): nothing was committed."
