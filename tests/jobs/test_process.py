import os
import signal
import sys
import time

import pytest

from storage.errors import WinnowError
from workbench.jobs.folder import JobFolder, JobState, append_line, read_lines
from workbench.jobs.process import create_job, list_jobs, request_stop, start_job, stop_overdue

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def wait_for(folder, *states, seconds=10):
    deadline = time.monotonic() + seconds
    while folder.state() not in states:
        assert time.monotonic() < deadline, folder.state()
        time.sleep(0.02)


def kill(folder):
    os.killpg(int((folder.path / "pid").read_text()), signal.SIGKILL)


def test_a_killed_job_is_interrupted_and_can_be_started_again(tmp_path):
    folder = create_job(tmp_path, "draw", {}, argv=SLEEP)
    start_job(folder)
    assert folder.state() is JobState.RUNNING
    kill(folder)
    wait_for(folder, JobState.INTERRUPTED)
    start_job(folder)
    assert folder.state() is JobState.RUNNING
    kill(folder)


def test_a_running_job_is_not_started_twice(tmp_path):
    folder = create_job(tmp_path, "draw", {}, argv=SLEEP)
    start_job(folder)
    with pytest.raises(WinnowError, match="running already"):
        start_job(folder)
    kill(folder)


def test_a_stopped_job_is_cancelled_and_one_that_will_not_stop_is_killed(tmp_path):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += "print('deaf', flush=True)\nwhile True: time.sleep(1)"
    folder = create_job(tmp_path, "draw", {}, argv=[sys.executable, "-c", deaf])
    start_job(folder)
    deadline = time.monotonic() + 10
    while b"deaf" not in (folder.path / "log.txt").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    request_stop(folder)
    assert folder.state() is JobState.STOPPING
    assert not stop_overdue(folder, grace=60)
    assert stop_overdue(folder, grace=0)
    wait_for(folder, JobState.CANCELLED)
    with pytest.raises(WinnowError, match="is not running"):
        request_stop(folder)


def test_a_job_that_fails_says_why_in_one_sentence(tmp_path):
    folder = create_job(tmp_path, "nonsense", {})
    start_job(folder)
    wait_for(folder, JobState.FAILED)
    assert "of the kind 'nonsense'" in folder.result()["error"]


def test_asking_for_the_state_from_many_places_never_looks_like_a_job(tmp_path):
    folder = create_job(tmp_path, "draw", {}, argv=SLEEP)
    (folder.path / "lock").touch()
    import threading

    seen = set()
    threads = [
        threading.Thread(target=lambda: [seen.add(folder.is_alive()) for _ in range(300)])
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {False}


def test_a_secret_reaches_the_job_but_none_of_its_files(tmp_path):
    code = "import os; print(os.environ['WINNOW_API_KEY'] == 'sk-' + 'hush')"
    folder = create_job(tmp_path, "draw", {}, argv=[sys.executable, "-c", code])
    start_job(folder, secrets={"WINNOW_API_KEY": "sk-hush"})
    wait_for(folder, JobState.INTERRUPTED)
    assert (folder.path / "log.txt").read_text() == "True\n"
    assert all(b"sk-hush" not in file.read_bytes() for file in folder.path.iterdir())


def test_half_a_line_is_left_for_later_and_a_broken_one_is_passed_over(tmp_path):
    path = tmp_path / "rows.jsonl"
    append_line(path, {"n": 1})
    with path.open("ab") as file:
        file.write(b'{"n": 2')
    rows = list(read_lines(path))
    assert [row for _, row in rows] == [{"n": 1}]
    with path.open("ab") as file:
        file.write(b"\n")
    append_line(path, {"n": 3})
    assert [row for _, row in read_lines(path, offset=rows[-1][0])] == [{"n": 3}]


def test_jobs_are_listed_newest_first(tmp_path):
    first = create_job(tmp_path, "draw", {}, argv=SLEEP)
    time.sleep(0.01)
    second = create_job(tmp_path, "draw", {}, argv=SLEEP)
    assert list_jobs(tmp_path) == [second, first]
    with pytest.raises(WinnowError, match="does not exist"):
        _ = JobFolder(tmp_path / "nothing").spec


def test_a_job_that_is_given_no_key_does_not_see_ours(tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_API_KEY", "sk-hush")
    code = "import os; print('key:', os.environ.get('WINNOW_API_KEY'))"
    folder = create_job(tmp_path, "draw", {}, argv=[sys.executable, "-c", code])
    start_job(folder)
    wait_for(folder, JobState.INTERRUPTED)
    assert (folder.path / "log.txt").read_text().strip() == "key: None"


def test_a_damaged_folder_does_not_hide_the_others(tmp_path):
    good = create_job(tmp_path, "draw", {}, argv=SLEEP)
    broken = create_job(tmp_path, "draw", {}, argv=SLEEP)
    (broken.path / "spec.json").write_text("{half")
    assert list_jobs(tmp_path) == [good]
    with pytest.raises(WinnowError, match="is damaged"):
        _ = broken.spec
