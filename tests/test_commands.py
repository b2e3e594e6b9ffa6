"""The command line: what people and programs get, and one sentence for every mistake."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import fill
from workbench.commands.parser import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def source(tmp_path):
    """A folder of real code with a licence: this project's own storage package."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
    for file in (ROOT / "storage").glob("*.py"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def run(tmp_path, capsys, *words):
    code = main([*words, "--data", str(tmp_path / "data")])
    captured = capsys.readouterr()
    return code, captured.out.strip(), captured.err.strip()


def test_seeds_are_drawn_counted_and_drawn_again_without_doubling(tmp_path, capsys, source):
    words = ("seeds", "draw", str(source), "--count", "5", "--json")
    first = json.loads(run(tmp_path, capsys, *words)[1])
    again = json.loads(run(tmp_path, capsys, *words)[1])
    assert (first["drawn"], first["seeds"], again["seeds"]) == (5, 5, 5)
    code, out, _ = run(tmp_path, capsys, "status")
    assert code == 0
    assert out.startswith("5 seeds, 0 samples")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("seeds", "draw", "/no/such/folder"), "The folder '/no/such/folder' does not exist"),
        (("seeds", "draw", "installed", "--count", "0"), "count is 0"),
        (("seeds", "draw", "installed", "--languages", "klingon=5"), "'klingon' is not known"),
        (("seeds", "draw", "installed", "--languages", "python"), "is no quota"),
        (("generate",), "There are no seeds yet"),
        (("generate", "--count", "0"), "0 samples cannot be asked for"),
        (("generate", "--endpoint", "http://127.0.0.1:9/v1"), "No model is set"),
        (("analyze",), "There are no samples to analyze yet"),
        (("decide", "nobody", "accepted"), "'nobody' does not exist"),
        (("export", "x", "--filter", "colour=red"), "'colour' is no filter"),
        (("train", "nothing"), "'nothing' does not exist"),
        (("jobs", "cancel"), "ame a job|Which job"),
        (("jobs", "cancel", "../../etc"), "'../../etc' does not exist"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(tmp_path, capsys, words, sentence):
    code, out, err = run(tmp_path, capsys, *words)
    assert code == 2
    assert out == ""
    assert any(part in err for part in sentence.split("|")), err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1


def test_an_empty_folder_and_one_of_binaries_are_named(tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = run(tmp_path, capsys, "seeds", "draw", str(empty))
    assert code == 2
    assert str(empty) in err
    (empty / "blob.py").write_bytes(b"\0\1\2" * 1000)
    code, _, err = run(tmp_path, capsys, "seeds", "draw", str(empty), "--licenses", "any")
    assert code == 2
    assert "binary" in err


def test_a_second_process_is_refused_in_one_sentence(workspace):
    other = subprocess.run(
        [sys.executable, "-m", "workbench", "status", "--data", str(workspace.path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 2
    assert "is in use by process" in other.stderr
    assert len(other.stderr.strip().splitlines()) == 1


def test_a_sample_is_decided_exported_and_exported_again_as_the_same_data_set(
    tmp_path, capsys, workspace
):
    fill(workspace)
    workspace.close()
    main(["decide", "s1", "accepted", "--data", str(workspace.path)])
    words = ["export", "first", "--json", "--data", str(workspace.path)]
    capsys.readouterr()
    assert main(words) == 0
    first = json.loads(capsys.readouterr().out)
    assert main(words) == 0
    again = json.loads(capsys.readouterr().out)
    assert first["content_hash"] == again["content_hash"]
    assert first["rows"] == 1
    row = json.loads((Path(first["path"]) / "train.jsonl").read_text().splitlines()[0])
    assert row["id"] == "s1"
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]


def test_the_app_says_which_port_is_taken(tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "app.py", "--data", str(tmp_path), "--port", str(port)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_setting_that_cannot_be_one_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WINNOW_PORT", "many")
    code, _, err = run(tmp_path, capsys, "status")
    assert code == 2
    assert "Setting port 'many'" in err


@pytest.mark.parametrize("text", ["[]", "{", '{"price_input": "cheap"}', '{"base_url": 5}'])
def test_a_saved_endpoint_that_cannot_be_one_is_named(tmp_path, capsys, text):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "endpoint.json").write_text(text)
    code, _, err = run(tmp_path, capsys, "status")
    assert code == 2
    assert "endpoint.json" in err
    assert "Mend or delete it." in err


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_a_workspace_that_is_a_file_is_no_traceback(tmp_path, capsys, command):
    (tmp_path / "data").write_text("a file")
    code, out, err = run(tmp_path, capsys, command)
    assert (code, command) in ((2, "status"), (0, "doctor"))
    assert "cannot be made" in out + err


def test_ctrl_c_stops_the_app_with_one_sentence(tmp_path):
    import signal
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = subprocess.Popen(
        [sys.executable, "app.py", "--data", str(tmp_path), "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests themselves run in the background Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert "Winnow serves" in app.stdout.readline()
        app.send_signal(signal.SIGINT)
        _, err = app.communicate(timeout=30)
    finally:
        app.kill()
    assert app.returncode == 0
    assert "Traceback" not in err
    assert "Jobs that run go on" in err
