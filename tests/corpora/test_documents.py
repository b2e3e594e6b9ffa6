import os
from pathlib import Path

import pytest

from storage.records import Document
from workbench.corpora.documents import (
    DocumentEntry,
    Rejection,
    is_usable_path,
    read_document,
    strip_metadata_markers,
)

SOURCE = b"def add(a, b):\n    # sum\n    c = a + b\n    return c\n\n\nprint(add(1, 2))\n"


def entry(file: Path, *, language: str = "python") -> DocumentEntry:
    root = str(file.parent)
    return DocumentEntry("c", "r", file.name, language, "MIT", str(file), root)


def read(folder: Path, content: bytes, *, language: str = "python") -> Document | Rejection:
    file = folder / "a.py"
    file.write_bytes(content)
    return read_document(entry(file, language=language))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\0\0\0" + SOURCE, "binary"),
        (SOURCE.decode().encode("utf-16"), "binary"),
        (SOURCE + b"# caf\xe9\n", "not_utf8"),
        (SOURCE + b"\xed\xa0\x80\n", "not_utf8"),
        (SOURCE * 20_000, "too_large"),
        (SOURCE + b"x" * 1001, "long_line"),
        (b"", "too_short"),
        (b"\n" * 500, "too_short"),
        (b"a = 1\nb = 2\n", "too_short"),
    ],
)
def test_a_useless_document_is_rejected_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    assert read(tmp_path, content) == Rejection(reason)


def test_a_translation_file_is_not_typescript(tmp_path: Path) -> None:
    content = b'<?xml version="1.0"?>\n<!DOCTYPE TS>\n<TS>\n<context>\n</context>\n</TS>\n'
    assert read(tmp_path, content, language="typescript") is Rejection.WRONG_LANGUAGE


def test_line_ends_and_byte_order_mark_are_no_part_of_the_text(tmp_path: Path) -> None:
    document = read(tmp_path, b"\xef\xbb\xbf" + SOURCE.replace(b"\n", b"\r\n"))
    assert isinstance(document, Document)
    assert document.text == SOURCE.decode()


def test_metadata_markers_never_reach_the_text(tmp_path: Path) -> None:
    document = read(tmp_path, b"<reponame>a/b<filename>c.py<gh_stars>1-10\n" + SOURCE)
    assert isinstance(document, Document)
    assert document.text == SOURCE.decode()
    assert strip_metadata_markers("<filename>a\n<gh_stars>0\nx = 1\n") == "x = 1\n"
    assert strip_metadata_markers("<reponame>only") == ""
    assert strip_metadata_markers("x = '<reponame>'\n") == "x = '<reponame>'\n"


def test_links_and_special_files_are_rejected_without_waiting(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_bytes(SOURCE)
    root = tmp_path / "root"
    root.mkdir()
    (root / "secret.py").symlink_to(outside)
    (root / "broken.py").symlink_to("nowhere.py")
    (root / "loop.py").symlink_to("loop.py")
    (root / "folder.py").mkdir()
    os.mkfifo(root / "pipe.py")
    (root / "inside.py").write_bytes(SOURCE)
    (root / "link.py").symlink_to("inside.py")
    results = {file.stem: read_document(entry(file)) for file in root.iterdir()}
    assert isinstance(results.pop("inside"), Document)
    assert isinstance(results.pop("link"), Document)
    assert results == {
        "secret": Rejection.OUTSIDE,
        "broken": Rejection.MISSING,
        "loop": Rejection.UNREADABLE,
        "folder": Rejection.NOT_A_FILE,
        "pipe": Rejection.NOT_A_FILE,
    }


def test_a_path_that_is_not_utf8_cannot_be_used() -> None:
    assert is_usable_path("a/ü.py")
    assert not is_usable_path(os.fsdecode(b"a/\xff.py"))
    assert not is_usable_path("a\0.py")
