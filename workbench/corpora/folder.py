"""A folder of source files: any folder, a git checkout, or a folder of checkouts."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.corpora.documents import DocumentEntry, Rejection, read_text
from workbench.corpora.languages import find_language
from workbench.corpora.licence_texts import choose_licence, is_licence_file
from workbench.corpora.licences import UNKNOWN

# Not this folder's own source: history, other people's packages, caches.
SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__"})
# A virtual environment, and (by the cache directory standard) what builds and tools leave behind.
_MARKERS_OF_SKIPPED = frozenset({"pyvenv.cfg", "CACHEDIR.TAG"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What holds for the files of one folder: their repository, where it begins, their licence."""

    repository: str
    base: str
    licence: str


@dataclass(frozen=True, slots=True)
class FolderCorpus:
    """The source files below `root`, a real path; paths in it are relative to their repository."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.name or "filesystem"

    def find_documents(self, *, skipped: Counter[str]) -> Iterator[DocumentEntry]:
        """Yield the documents in the order of their paths; links to folders are not followed."""
        root = str(self.root)
        waiting = [(root, Surroundings(self.name, root, UNKNOWN))]
        while waiting:
            folder, outer = waiting.pop()
            try:
                with os.scandir(folder) as scan:
                    items = sorted(scan, key=lambda item: item.name)
            except OSError:
                skipped["unreadable_folder"] += 1
                continue
            names = {item.name for item in items}
            if folder != root and names & _MARKERS_OF_SKIPPED:
                skipped["skipped_folder"] += 1
                continue
            inner = _look_around(folder, names, outer, root=root)
            folders, files = _split(items, skipped=skipped)
            waiting += [(path, inner) for path in reversed(folders)]
            for file in files:
                entry = self._describe(file, inner)
                if entry is None:
                    skipped["unknown_language"] += 1
                else:
                    yield entry

    def _describe(self, file: "os.DirEntry[str]", around: Surroundings) -> DocumentEntry | None:
        language = find_language(file.name)
        if language is None:
            return None
        try:
            size = file.stat(follow_symlinks=False).st_size
        except OSError:
            size = None
        return DocumentEntry(
            corpus=self.name,
            repository=around.repository,
            path=file.path[len(around.base.rstrip("/")) + 1 :],
            language=language,
            licence=around.licence,
            file=file.path,
            root=str(self.root),
            size=size,
        )


def _split(
    items: list["os.DirEntry[str]"], *, skipped: Counter[str]
) -> tuple[list[str], list["os.DirEntry[str]"]]:
    """The folders to go into and the files."""
    folders: list[str] = []
    files: list[os.DirEntry[str]] = []
    for item in items:
        # `DirEntry.is_dir` raises on a link that leads to itself, this does not.
        if not os.path.isdir(item.path):  # noqa: PTH112
            files.append(item)
        elif item.is_symlink():
            skipped["linked_folder"] += 1
        elif item.name in SKIPPED_FOLDERS:
            skipped["skipped_folder"] += 1
        else:
            folders.append(item.path)
    return folders, files


def _look_around(folder: str, names: set[str], outer: Surroundings, *, root: str) -> Surroundings:
    """What holds in `folder`: a checkout begins a repository, a licence file a licence."""
    inner = outer
    if ".git" in names:
        repository = _read_remote(folder, root=root) or os.path.basename(folder) or outer.repository  # noqa: PTH119
        # A repository inside another has a licence of its own or none.
        inner = Surroundings(repository, folder, UNKNOWN)
    licence_files = sorted(name for name in names if is_licence_file(name))
    if licence_files:
        texts = [(name, read_text(f"{folder}/{name}", root=root)) for name in licence_files]
        readable = [(name, "" if isinstance(text, Rejection) else text) for name, text in texts]
        inner = replace(inner, licence=choose_licence(readable))
    return inner


def _read_remote(folder: str, *, root: str) -> str | None:
    """`owner/name` of a checkout's remote; its full address may hold a token."""
    config = read_text(f"{folder}/.git/config", root=root)
    if isinstance(config, Rejection):
        return None
    section = re.search(r'^\[remote "origin"\]\s*\n((?:[^\[\n].*\n?|\n)*)', config, re.MULTILINE)
    address = re.search(r"^\s*url\s*=\s*(\S+)\s*$", section[1], re.MULTILINE) if section else None
    # https://host/owner/name.git, ssh://git@host:22/owner/name, git@host:owner/name.git
    found = address and re.fullmatch(
        r"(?:\w+://[^/]+/|[^/:]+@?[^/:]*:)(?:.*/)?([\w.-]+/[\w.-]+?)(?:\.git)?/?", address[1]
    )
    return found[1] if found else None
