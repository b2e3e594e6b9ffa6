"""Pushing to the Hub, against a server in this process that answers as the Hub does."""

import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from storage.errors import WinnowError
from tests.export.fake_hub import FakeHub, serve_hub
from tests.export.test_dataset import ROW, ROWS
from workbench.export.background import Policy
from workbench.export.dataset import freeze
from workbench.export.hub import publish

SECRET = "hf_secretSECRETsecret"
TOKEN = SecretStr(SECRET)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with serve_hub() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return freeze(ROWS, name="first", out_dir=tmp_path, formats=["csv"]).path


def test_a_data_set_is_pushed_whole_in_one_commit_to_a_private_place(
    hub: FakeHub, folder: Path
) -> None:
    done = publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    assert done.url == f"{hub.address}/datasets/ada/first"
    there = dict(hub.repositories["ada/first"])
    del there[".gitattributes"]
    assert there == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(there) == {"train.jsonl", "train.csv", "manifest.json", "README.md"}
    assert hub.private == {"ada/first": True}
    assert hub.messages == [f"Data set {folder.name}"]
    assert all(token == f"Bearer {SECRET}" for _, _, token in hub.requests)


def test_a_later_push_takes_our_old_files_away_and_leaves_those_of_others(
    hub: FakeHub, folder: Path, tmp_path: Path
) -> None:
    publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    hub.repositories["ada/first"]["notes.txt"] = b"mine"
    second = freeze(ROWS[:1], name="first", out_dir=tmp_path).path
    publish(second, "ada/first", TOKEN, endpoint=hub.address)
    there = hub.repositories["ada/first"]
    assert set(there) == {
        ".gitattributes",
        "train.jsonl",
        "manifest.json",
        "README.md",
        "notes.txt",
    }
    assert there["train.jsonl"] == (second / "train.jsonl").read_bytes()
    assert len(hub.messages) == 2


def test_what_is_to_be_private_is_not_pushed_to_a_public_place(hub: FakeHub, folder: Path) -> None:
    publish(folder, "ada/open", TOKEN, private=False, endpoint=hub.address)
    with pytest.raises(WinnowError, match="is there already and public"):
        publish(folder, "ada/open", TOKEN, endpoint=hub.address)
    assert len(hub.messages) == 1
    publish(folder, "ada/open", TOKEN, private=False, endpoint=hub.address)
    assert len(hub.messages) == 2


@pytest.mark.parametrize(
    ("word", "status", "sentence"),
    [
        ("create", 401, "does not know this token"),
        ("create", 403, "may not write to ada/first"),
        ("create", 404, "is not on the Hub for this token"),
        ("create", 500, r"out of order \(it answered 500\)"),
        ("create", 418, r"refused ada/first \(it answered 418\)"),
        ("preupload", 403, "may not write to ada/first"),
        ("preupload", 404, "is not on the Hub for this token"),
        ("validate-yaml", 400, "does not take the card's front matter"),
        ("commit", 409, "changed by somebody else"),
        ("commit", 412, "changed by somebody else"),
        ("commit", 401, "does not know this token"),
    ],
)
def test_every_refusal_is_one_sentence_without_the_token(
    hub: FakeHub,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    word: str,
    status: int,
    sentence: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.refuse[word] = status
    with pytest.raises(WinnowError, match=sentence) as caught:
        publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert SECRET not in told
    assert "\n" not in str(caught.value)
    assert hub.messages == []
    assert not any(SECRET in path.read_text() for path in folder.iterdir())


def test_the_page_of_a_proxy_and_no_network_are_sentences_too(hub: FakeHub, folder: Path) -> None:
    hub.page = True
    with pytest.raises(WinnowError, match="none of the Hub's"):
        publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    with pytest.raises(WinnowError, match="cannot be reached from here"):
        publish(folder, "ada/first", TOKEN, endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "first",
        "a/b/c",
        "../x",
        "ada/..",
        "ada/a b",
        "ada/x--y",
        "ada/x.",
        "ada/\u00e4",
        "a/b\n",
    ],
)
def test_a_name_that_cannot_be_one_reaches_no_server(hub: FakeHub, folder: Path, name: str) -> None:
    with pytest.raises(WinnowError, match="cannot name a data set of the Hub"):
        publish(folder, name, TOKEN, endpoint=hub.address)
    assert hub.requests == []


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "\u00e4"])
def test_without_a_token_nothing_is_asked(hub: FakeHub, folder: Path, token: str) -> None:
    with pytest.raises(WinnowError, match="needs a token"):
        publish(folder, "ada/first", SecretStr(token), endpoint=hub.address)
    assert hub.requests == []


@pytest.mark.parametrize("endpoint", ["http://hub.example", "ftp://hub.example", "hub", "http://["])
def test_the_token_goes_to_no_address_that_would_show_it(folder: Path, endpoint: str) -> None:
    with pytest.raises(WinnowError, match=r"unencrypted|no address of a Hub"):
        publish(folder, "ada/first", TOKEN, endpoint=endpoint)


def test_contaminated_rows_are_pushed_with_the_override_alone(hub: FakeHub, tmp_path: Path) -> None:
    rows = [*ROWS, replace(ROW, sample_id="c3", findings=("contains_benchmark",))]
    allowed = Policy(allow_contaminated=True)
    folder = freeze(rows, name="dirty", out_dir=tmp_path, policy=allowed).path
    with pytest.raises(WinnowError, match="holds 1 rows with a benchmark's text"):
        publish(folder, "ada/dirty", TOKEN, endpoint=hub.address)
    assert hub.requests == []
    publish(folder, "ada/dirty", TOKEN, endpoint=hub.address, allow_contaminated=True)
    assert b"let in knowingly" in hub.repositories["ada/dirty"]["README.md"]


def test_a_folder_that_was_changed_or_is_none_is_not_pushed(
    hub: FakeHub, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(WinnowError, match="is no frozen data set"):
        publish(tmp_path / "nothing", "ada/first", TOKEN, endpoint=hub.address)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../../secret"] = {"sha256": "0" * 64, "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(WinnowError, match="which no export writes"):
        publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    del manifest["files"]["../../secret"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "train.csv").write_text("changed")
    with pytest.raises(WinnowError, match="was changed after it was frozen"):
        publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    assert hub.requests == []


def test_large_files_go_to_their_storage_without_the_token(hub: FakeHub, tmp_path: Path) -> None:
    folder = freeze(ROWS, name="large", out_dir=tmp_path, formats=["parquet"]).path
    hub.large = ".parquet"
    publish(folder, "ada/first", TOKEN, endpoint=hub.address)
    there = hub.repositories["ada/first"]
    assert there["train.parquet"] == (folder / "train.parquet").read_bytes()
    assert [token for method, _, token in hub.requests if method == "PUT"] == [""]
    assert len(hub.messages) == 1


def test_a_storage_that_refuses_is_a_sentence_and_no_commit(hub: FakeHub, tmp_path: Path) -> None:
    folder = freeze(ROWS, name="large", out_dir=tmp_path, formats=["parquet"]).path
    hub.large = ".parquet"
    for word, status in (("batch", 403), ("storage", 400)):
        hub.refuse = {word: status}
        with pytest.raises(WinnowError, match="ada/first") as caught:
            publish(folder, "ada/first", TOKEN, endpoint=hub.address)
        assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert hub.messages == []
