"""A corpus by its name: what one is, and opening it."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage.errors import WinnowError
from workbench.corpora.documents import DocumentEntry
from workbench.corpora.folder import FolderCorpus
from workbench.corpora.installed import InstalledPackages

SUPPORTED = "a folder (a git checkout is one), or `installed` for the installed Python packages"
_TABLE_SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".json")


class Corpus(Protocol):
    """Something that lists documents; `name` is what seeds carry."""

    @property
    def name(self) -> str: ...

    def find_documents(self, *, skipped: Counter[str]) -> Iterator[DocumentEntry]:
        """Yield the documents lazily, unread; what is passed over is counted by reason."""
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """Every document of a corpus, not read yet, and what was passed over, by reason."""

    corpus: str
    documents: list[DocumentEntry]
    skipped: Counter[str]


def open_corpus(spec: str) -> Corpus:
    """The corpus that `spec` names: `installed`, or a folder.

    Raises:
        WinnowError: it does not exist, cannot be read, holds no source, or is of another kind.
    """
    if spec == "installed":
        return InstalledPackages()
    if not spec.strip() or "\0" in spec:
        raise WinnowError(f"{spec!r} names no corpus. A corpus is {SUPPORTED}.")
    if spec.startswith("hf:") or (
        spec.lower().endswith(_TABLE_SUFFIXES) and not Path(spec).is_dir()
    ):
        raise WinnowError(
            f"{spec!r} is a data set, and these are not supported yet. A corpus is {SUPPORTED}."
        )
    return _open_folder(spec)


def open_corpora(specs: Sequence[str]) -> list[Corpus]:
    """The corpora that `specs` name, one named twice only once.

    Raises:
        WinnowError: none is named, one cannot be opened, or two have one name.
    """
    if not specs:
        raise WinnowError(f"No corpus is named. A corpus is {SUPPORTED}.")
    corpora: dict[str, Corpus] = {}
    for spec in specs:
        corpus = open_corpus(spec)
        other = corpora.setdefault(corpus.name, corpus)
        if other != corpus:
            raise WinnowError(
                f"Two corpora are called {corpus.name!r}, and their seeds could not be told apart. "
                "Draw from them one after the other under different folder names."
            )
    return list(corpora.values())


def make_absolute(spec: str) -> str:
    """`spec` as it can be opened from any working directory, such as that of a job's process."""
    if spec == "installed" or spec.startswith("hf:") or not spec.strip() or "\0" in spec:
        return spec
    return os.path.abspath(os.path.expanduser(spec))  # noqa: PTH100, PTH111 (neither raises)


def list_documents(corpus: Corpus) -> Listing:
    """All documents of a corpus, in the order of their listing."""
    skipped: Counter[str] = Counter()
    documents = list(corpus.find_documents(skipped=skipped))
    return Listing(corpus.name, documents, skipped)


def _open_folder(spec: str) -> FolderCorpus:
    try:
        folder = Path(spec).expanduser()
        if not folder.exists():
            raise WinnowError(f"The folder {spec!r} does not exist. A corpus is {SUPPORTED}.")
        if not folder.is_dir():
            raise WinnowError(f"{spec!r} is a file. Name the folder that holds the source instead.")
        corpus = FolderCorpus(folder.resolve())
        is_empty = next(corpus.root.iterdir(), None) is None
    except PermissionError as error:
        raise WinnowError(f"The folder {spec!r} may not be read by this user.") from error
    except (OSError, RuntimeError) as error:
        raise WinnowError(f"The folder {spec!r} cannot be opened: {error}.") from error
    if is_empty:
        raise WinnowError(f"The folder {spec!r} is empty. Name one that holds source files.")
    skipped: Counter[str] = Counter()
    if next(corpus.find_documents(skipped=skipped), None) is None:
        passed_over = ", ".join(f"{count} {reason}" for reason, count in skipped.most_common())
        raise WinnowError(
            f"The folder {spec!r} holds no source file in a known language "
            f"(passed over: {passed_over or 'nothing'})."
        )
    return corpus
