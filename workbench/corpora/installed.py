"""The source of the Python packages on this machine, the corpus that is always there."""

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, PackagePath, distributions

from workbench.corpora.documents import DocumentEntry, Rejection, read_text
from workbench.corpora.languages import find_language
from workbench.corpora.licence_names import name_licence
from workbench.corpora.licence_texts import choose_licence, is_licence_file, recognise_licence
from workbench.corpora.licences import UNKNOWN, is_expression, join_licences, shorten_licence

# Says that the licence is a BSD one but not which; the licence's text is asked for that.
_VAGUE = "BSD"
_ANY_BSD = re.compile(r"\bBSD-\d-Clause\b")


@dataclass(frozen=True, slots=True)
class InstalledPackages:
    """The source files of the packages on `sys.path`; each package is a repository."""

    @property
    def name(self) -> str:
        return "installed"

    def find_documents(self, *, skipped: Counter[str]) -> Iterator[DocumentEntry]:
        """Yield the documents by package; of two of one name the first on the path counts."""
        seen: set[str] = set()
        for distribution in distributions():
            try:
                name = distribution.metadata["Name"]
                files = distribution.files
            # What importlib raises on metadata that is not UTF-8, and on a broken list of files.
            except (UnicodeDecodeError, csv.Error, OSError):
                skipped["unreadable_package"] += 1
                continue
            canonical = re.sub(r"[-_.]+", "-", name or "").lower()
            if not canonical:
                skipped["package_without_name"] += 1
            elif canonical in seen:
                skipped["shadowed_package"] += 1
            elif files is None:
                skipped["package_without_file_list"] += 1
            else:
                yield from _find_in_package(distribution, name, files, skipped=skipped)
            seen.add(canonical)


def _find_in_package(
    distribution: Distribution, name: str, files: list[PackagePath], *, skipped: Counter[str]
) -> Iterator[DocumentEntry]:
    root = os.path.realpath(str(distribution.locate_file("")))
    licence = find_package_licence(distribution, files)
    for file in files:
        path = file.as_posix()
        language = find_language(path)
        if language is None:
            skipped["unknown_language"] += 1
            continue
        yield DocumentEntry(
            corpus="installed",
            repository=name,
            path=path,
            language=language,
            licence=licence,
            file=f"{root}/{path}",
            root=root,
            size=file.size,
        )


def find_package_licence(distribution: Distribution, files: Iterable[PackagePath]) -> str:
    """A package's licence by SPDX name: from its metadata, else from its licence files.

    What its author said explicitly goes first: License-Expression, the License field, the
    classifiers. Where these say no more than "BSD", the licence's text says which. Words that no
    rule understands are kept, shortened.
    """
    metadata = distribution.metadata
    expression = _field(metadata, "License-Expression")
    if expression:
        return expression if is_expression(expression) else shorten_licence(expression)
    stated = _field(metadata, "License")
    if stated.upper() == "UNKNOWN":
        stated = ""
    named = name_licence(stated)
    classified = _name_classifiers(metadata.get_all("Classifier") or [])
    for precise in (named, classified):
        if precise and precise != _VAGUE:
            return precise
    in_text = recognise_licence(stated)
    if in_text == UNKNOWN:
        in_text = _read_licence_files(distribution, files)
    if _VAGUE in (named, classified):
        # The texts of bundled libraries stand in the same file; the author said which is theirs.
        which = _ANY_BSD.search(in_text)
        return which[0] if which else _VAGUE
    return in_text if in_text != UNKNOWN else shorten_licence(stated)


def _field(metadata: PackageMetadata, name: str) -> str:
    return str(metadata[name]).strip() if name in metadata else ""


def _name_classifiers(classifiers: list[str]) -> str | None:
    licences = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License :: ")]
    licences = [licence for licence in licences if licence != "OSI Approved"]
    if not licences:
        return None
    # Several classifiers do not say whether one may choose: all are taken to hold.
    return join_licences(name_licence(each) or shorten_licence(each) for each in licences)


def _read_licence_files(distribution: Distribution, files: Iterable[PackagePath]) -> str:
    """The licence of the files that lie directly in the package's own metadata folder."""
    root = os.path.realpath(str(distribution.locate_file("")))
    texts = []
    for file in files:
        if _is_licence_file(file):
            text = read_text(f"{root}/{file.as_posix()}", root=root)
            texts.append((file.name, "" if isinstance(text, Rejection) else text))
    return choose_licence(texts)


def _is_licence_file(file: PackagePath) -> bool:
    folders = file.parts[:-1]
    return (
        bool(folders)
        and folders[0].endswith((".dist-info", ".egg-info"))
        and folders[1:] in ((), ("licenses",))
        and is_licence_file(file.name)
    )
