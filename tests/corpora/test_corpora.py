import os
from importlib.metadata import distributions
from pathlib import Path

import pytest

from storage.errors import WinnowError
from workbench.corpora.corpus import (
    Listing,
    list_documents,
    make_absolute,
    open_corpora,
    open_corpus,
)
from workbench.corpora.installed import find_package_licence
from workbench.corpora.languages import PAPER_LANGUAGES, find_language

MIT = "Permission is hereby granted, free of charge ... this permission notice shall be included"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return root


def list_folder(root: Path) -> Listing:
    return list_documents(open_corpus(str(root)))


def test_the_nine_languages_of_the_paper_are_known_by_extension() -> None:
    names = ["a.py", "a.cpp", "a.java", "a.ts", "a.sh", "a.cs", "a.rs", "a.php", "a.swift"]
    assert tuple(map(find_language, names)) == PAPER_LANGUAGES
    assert find_language("A.PY") == "python"
    assert find_language("py") is None


def test_a_folder_lists_its_source_and_nothing_of_other_peoples(tmp_path: Path) -> None:
    root = write(
        tmp_path / "mine",
        {
            "a.py": "",
            "src/b.rs": "",
            "README.md": "",
            "node_modules/x/c.js": "",
            ".git/hooks/d.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/e.py": "",
            "target/CACHEDIR.TAG": "",
            "target/f.rs": "",
        },
    )
    (root / "linked").symlink_to(root / "src")
    listing = list_folder(root)
    assert [(each.path, each.language) for each in listing.documents] == [
        ("a.py", "python"),
        ("src/b.rs", "rust"),
    ]
    assert {(each.corpus, each.repository, each.licence) for each in listing.documents} == {
        ("mine", "mine", "unknown")
    }
    assert listing.skipped == {"skipped_folder": 4, "linked_folder": 1, "unknown_language": 1}


def test_the_nearest_licence_above_a_file_counts(tmp_path: Path) -> None:
    root = write(
        tmp_path / "mine",
        {
            "LICENSE": MIT,
            "a.py": "",
            "sub/deep/b.py": "",
            "vendor/COPYING": "Ours. Hands off.",
            "vendor/c.py": "",
        },
    )
    licences = {each.path: each.licence for each in list_folder(root).documents}
    assert licences == {"a.py": "MIT", "sub/deep/b.py": "MIT", "vendor/c.py": "unknown"}


def test_a_licence_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"LICENSE": MIT, "mine/a.py": ""})
    (tmp_path / "mine" / "LICENSE").symlink_to(tmp_path / "LICENSE")
    assert [each.licence for each in list_folder(tmp_path / "mine").documents] == ["unknown"]


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("https://user:token@example.org/owner/name.git", "owner/name"),
        ("git@example.org:owner/name.git", "owner/name"),
        ("ssh://git@example.org:22/group/owner/name", "owner/name"),
        ("/srv/git/name.git", "clone"),
        ("../elsewhere", "clone"),
    ],
)
def test_a_checkout_is_named_by_its_remote_without_its_secrets(
    tmp_path: Path, address: str, repository: str
) -> None:
    config = f'[core]\n\tbare = false\n[remote "origin"]\n\turl = {address}\n[branch "main"]\n'
    root = write(
        tmp_path / "many",
        {"LICENSE": MIT, "clone/.git/config": config, "clone/src/a.py": "", "b.py": ""},
    )
    found = [(each.repository, each.path, each.licence) for each in list_folder(root).documents]
    assert found == [("many", "b.py", "MIT"), (repository, "src/a.py", "unknown")]


def test_installed_lists_packages_with_their_licences() -> None:
    listing = list_documents(open_corpus("installed"))
    by_path = {(each.repository, each.path): each for each in listing.documents}
    entry = by_path["sympy", "sympy/core/add.py"]
    assert (entry.corpus, entry.language, entry.licence) == ("installed", "python", "BSD-3-Clause")
    assert Path(entry.file).is_file()
    assert {"python", "cpp", "javascript"} <= {each.language for each in listing.documents}


@pytest.mark.parametrize(
    ("metadata", "licence_file", "licence"),
    [
        ("License-Expression: MIT OR Apache-2.0", "", "MIT OR Apache-2.0"),
        ("License: Apache 2.0 License", "", "Apache-2.0"),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License", "", "MIT"),
        ("License: BSD", "Redistribution and use in source and binary forms", "BSD-2-Clause"),
        ("License: BSD", "", "BSD"),
        ("Name: x", MIT, "MIT"),
        ("License: ask us first", "", "ask us first"),
        ("Name: x", "", "unknown"),
    ],
)
def test_a_packages_licence_comes_from_its_metadata_then_its_files(
    tmp_path: Path, metadata: str, licence_file: str, licence: str
) -> None:
    folder = "winnow_test_package-1.dist-info"
    write(
        tmp_path,
        {
            f"{folder}/METADATA": f"Metadata-Version: 2.4\n{metadata}\n",
            f"{folder}/RECORD": f"{folder}/LICENSE,,\n",
            f"{folder}/LICENSE": licence_file,
        },
    )
    found = [each for each in distributions(path=[str(tmp_path)]) if each.files is not None]
    assert [find_package_licence(each, each.files or []) for each in found] == [licence]


def test_a_broken_package_is_counted_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"no_record-1.dist-info/METADATA": "Name: no-record\n"})
    broken = tmp_path / "broken-1.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_bytes(b"Name: caf\xe9\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    listing = list_documents(open_corpus("installed"))
    assert len(listing.documents) > 1000
    assert listing.skipped["unreadable_package"] == 1
    assert listing.skipped["package_without_file_list"] == 1


def test_a_bad_corpus_is_refused_in_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path, {"text/a.txt": "hello", "a.py": "x = 1"})
    binary = tmp_path / "program"
    binary.write_bytes(os.urandom(64))
    cases = {
        str(tmp_path / "nowhere"): "does not exist",
        str(tmp_path / "empty"): "is empty",
        str(tmp_path / "a.py"): "is a file",
        str(binary): "is a file",
        str(tmp_path / "text"): "no source file in a known language (passed over: 1 unknown_lang",
        "hf:owner/name": "not supported yet",
        "data/*.parquet": "not supported yet",
        "": "names no corpus",
        "a\0b": "names no corpus",
        "~no_such_user/x": "cannot be opened",
        "x" * 5000: "cannot be opened",
    }
    for spec, words in cases.items():
        with pytest.raises(WinnowError) as caught:
            open_corpus(spec)
        assert words in str(caught.value), spec
        assert "\n" not in str(caught.value)


def test_corpora_of_one_name_are_refused_and_one_named_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/src/x.py": "", "b/src/x.py": ""})
    assert len(open_corpora([str(tmp_path / "a/src"), f"{tmp_path}/a/../a/src/"])) == 1
    with pytest.raises(WinnowError, match="Two corpora are called 'src'"):
        open_corpora([str(tmp_path / "a/src"), str(tmp_path / "b/src")])
    with pytest.raises(WinnowError, match="No corpus is named"):
        open_corpora([])


def test_a_relative_corpus_is_made_absolute_and_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert make_absolute("src/../lib") == str(tmp_path / "lib")
    assert [make_absolute(spec) for spec in ("installed", "hf:a/b", "")] == [
        "installed",
        "hf:a/b",
        "",
    ]
