"""The sandbox against hostile programs; each attack is tried for real."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from storage.errors import WinnowError
from workbench.sandbox import (
    Judgement,
    Limits,
    Sandbox,
    SandboxError,
    find_sandbox,
    judge,
    run_sandboxed,
)


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return find_sandbox()


def test_program_runs_and_its_output_and_exit_code_come_back(sandbox: Sandbox) -> None:
    source = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    result = run_sandboxed(sandbox, source)
    assert (result.status, result.exit_code) == ("exited", 3)
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_source_that_is_no_python_is_the_programs_own_failure(sandbox: Sandbox) -> None:
    for source in ("def f(:", "x = '\0'", "x = '\ud800'"):
        result = run_sandboxed(sandbox, source)
        assert (result.status, result.exit_code) == ("exited", 1)
        assert "Error" in result.stderr


def test_network_is_unreachable(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run_sandboxed(
            sandbox, f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        )
    assert result.exit_code == 1
    assert "OSError" in result.stderr or "Refused" in result.stderr


def test_files_of_the_machine_are_not_there(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the key")
    secret.chmod(0o644)
    for path in (secret, Path("/etc/passwd"), Path("/etc/hostname"), Path(__file__)):
        result = run_sandboxed(sandbox, f"print(open({str(path)!r}).read())")
        assert "FileNotFoundError" in result.stderr, path


def test_environment_of_this_process_is_unreadable(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINNOW_API_KEY", "sk-secret")
    source = """
import glob, os
print(dict(os.environ))
for path in glob.glob("/proc/*/environ"):
    try:
        print(open(path, "rb").read())
    except OSError:
        pass
"""
    assert "sk-secret" not in run_sandboxed(sandbox, source).stdout


def test_nothing_is_written_outside_its_own_tmp(sandbox: Sandbox, tmp_path: Path) -> None:
    source = f"""
for folder in ("/", "/dev", "/usr/lib", {str(tmp_path)!r}, "/proc/sys/kernel"):
    try:
        open(folder + "/x", "w")
        print("wrote", folder)
    except OSError:
        pass
open("/tmp/x", "w").write("mine")
"""
    result = run_sandboxed(sandbox, source)
    assert (result.exit_code, result.stdout) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_disk_is_limited(sandbox: Sandbox) -> None:
    source = """
for folder in ("/tmp", "/dev/shm"):
    try:
        for index in range(64):
            open(f"{folder}/{index}", "wb").write(bytes(2**20))
        print("full never")
    except OSError as error:
        print(error.errno)
"""
    result = run_sandboxed(sandbox, source, limits=Limits(disk_bytes=4 * 2**20))
    assert result.stdout.split() == ["28", "28"]  # no space left


def test_memory_is_limited(sandbox: Sandbox) -> None:
    result = run_sandboxed(sandbox, "x = bytearray(2**30)", limits=Limits(memory_bytes=256 * 2**20))
    assert "MemoryError" in result.stderr


def test_fork_bomb_stops_at_the_cap_and_leaves_nothing(sandbox: Sandbox) -> None:
    marker = "86420.1357"  # a sleep that nobody else has
    source = f"""
import os, sys
python = [sys.executable, "-I", "-S", "-c", "import time; time.sleep({marker})"]
started = 0
while True:
    try:
        if os.fork() == 0:
            os.execv(sys.executable, python)
        started += 1
    except OSError:
        print(started, flush=True)
        os.execv(sys.executable, python)
"""
    result = run_sandboxed(sandbox, source, timeout=1.0, limits=Limits(processes=6))
    assert result.status == "timed_out"
    assert 1 <= int(result.stdout) < 6
    assert _gone(marker)


def test_endless_loop_is_killed(sandbox: Sandbox) -> None:
    result = run_sandboxed(sandbox, "while True: pass", timeout=0.3)
    assert (result.status, result.exit_code) == ("timed_out", None)
    assert result.seconds < 2


def test_program_that_closes_its_output_is_killed_too(sandbox: Sandbox) -> None:
    source = "import os, time; os.close(1); os.close(2); time.sleep(60)"
    assert run_sandboxed(sandbox, source, timeout=0.3).status == "timed_out"


def test_signals_do_not_save_a_program_from_its_time_out(sandbox: Sandbox) -> None:
    source = """
import os, signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for pid in (-1, 1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
time.sleep(60)
"""
    assert run_sandboxed(sandbox, source, timeout=0.5).status == "timed_out"


def test_survivors_are_gone_when_it_returns(sandbox: Sandbox) -> None:
    marker = "97531.8642"  # a sleep that nobody else has
    source = f"""
import os, sys, time
python = [sys.executable, "-I", "-S", "-c", "import time; time.sleep({marker})"]
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, python)
    os._exit(0)
time.sleep(0.3)
print("parent leaves", flush=True)
os._exit(0)
"""
    result = run_sandboxed(sandbox, source, timeout=5)
    assert (result.status, result.stdout) == ("exited", "parent leaves\n")
    assert result.seconds < 3
    assert _gone(marker)


def test_flood_of_output_is_cut_while_it_is_read(sandbox: Sandbox) -> None:
    source = "import sys\nwhile True: sys.stdout.write('x' * 100_000)"
    result = run_sandboxed(sandbox, source, timeout=0.5, output_bytes=1000)
    assert result.status == "timed_out"
    assert (len(result.stdout), result.truncated) == (1000, True)


def test_runs_at_the_same_time_do_not_share_limits(sandbox: Sandbox) -> None:
    source = "import os, time\nfor _ in range(3):\n if os.fork() == 0: time.sleep(0.5); os._exit(0)"
    results = []
    threads = [
        threading.Thread(
            target=lambda: results.append(
                run_sandboxed(sandbox, source, limits=Limits(processes=5)).exit_code
            )
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0, 0, 0]


def test_missing_bubblewrap_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match=r"bwrap is not installed\. Install it \(apt install bub"):
        find_sandbox(search_path=str(tmp_path))


def test_launcher_that_does_not_work_is_refused_with_its_reason(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    for name, script in (
        (
            "bwrap",
            "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n",
        ),
        ("setpriv", "#!/bin/sh\n"),
        ("prlimit", "#!/bin/sh\n"),
    ):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    with pytest.raises(WinnowError, match="No permissions to create a new namespace"):
        find_sandbox(search_path=str(tmp_path))
    broken = Sandbox(str(tmp_path / "bwrap"), sandbox.setpriv, sandbox.prlimit)
    with pytest.raises(SandboxError):
        judge(broken, "", setup="", tests="", entry_point="f")


def test_unprotected_launcher_fails_the_self_test(tmp_path: Path, sandbox: Sandbox) -> None:
    """A "bwrap" that isolates the files but not the network is no sandbox."""
    script = tmp_path / "bwrap"
    script.write_text(
        '#!/bin/bash\nargs=()\nfor arg in "$@"; do [ "$arg" = --unshare-net ] || args+=("$arg"); '
        f'done\nexec {sandbox.bwrap} "${{args[@]}}"\n'
    )
    script.chmod(0o755)
    for name in ("setpriv", "prlimit"):
        (tmp_path / name).symlink_to(getattr(sandbox, name))
    with pytest.raises(WinnowError, match="it reaches the network"):
        find_sandbox(search_path=str(tmp_path))


CHECK = "def check(candidate):\n    assert candidate([3, 1, 2]) == [1, 2, 3]\n"


def judged(sandbox: Sandbox, code: str, tests: str = CHECK, timeout: float = 5.0) -> Judgement:
    return judge(sandbox, code, setup="", tests=tests, entry_point="f", timeout=timeout)


def test_right_code_passes_and_wrong_code_fails_with_its_reason(sandbox: Sandbox) -> None:
    assert judged(sandbox, "def f(x): return sorted(x)") == Judgement("passed")
    for code, reason in (
        ("def f(x): return x", "assertion on line 2"),
        ("def f(x): return undefined", "NameError"),
        ("def f(:", "SyntaxError"),
        ("def g(x): return x", "there is no function f"),
        ("def f(x): return map(int, sorted(x))", "a map object is no plain value"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("", "there is no function f"),
    ):
        result = judged(sandbox, code)
        assert result.verdict == "failed"
        assert reason in result.detail


FORGERIES = {
    "leaves early": "import os\nos._exit(0)",
    "leaves early when called": "import os\ndef f(x): os._exit(0)",
    "leaves with the code of success": "import os\ndef f(x): os._exit(73)",
    "is equal to everything": """
class Equal(list):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
def f(x): return Equal()
""",
    "is equal to everything and hides in a list": """
class Equal(int):
    __eq__ = lambda self, other: True
def f(x): return [Equal(7)] * 3
""",
    "prints a verdict": "print('passed')\ndef f(x): print('passed'); print('PASSED')",
    "walks the frames": """
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()) + list(frame.f_globals.values()):
            if isinstance(value, (list, str)) and "candidate" in str(value):
                return value
        frame = frame.f_back
""",
    "replaces check": "import builtins\nbuiltins.check = lambda c: None\ndef f(x): pass",
    "writes to every descriptor": """
import os
def f(x):
    for fd in range(3, 64):
        try:
            os.write(fd, b"+passed\\n" * 5 + b"73\\n")
        except OSError:
            pass
    os._exit(73)
""",
    "sends an expression": """
import os
def f(x):
    for fd in range(3, 64):
        try:
            os.write(fd, b"+__import__('os')._exit(73)\\n")
        except OSError:
            pass
""",
    "sends deep nesting": """
import os
def f(x):
    for fd in range(3, 64):
        try:
            os.write(fd, b"+" + b"[" * 100000 + b"\\n")
        except OSError:
            pass
""",
    "kills all it can": "import os, signal\ndef f(x): os.kill(-1, signal.SIGKILL)",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_verdict_does_not_pass(sandbox: Sandbox, name: str) -> None:
    assert judged(sandbox, FORGERIES[name]).verdict == "failed"


def test_endless_solution_times_out(sandbox: Sandbox) -> None:
    code = "def f(x):\n    while True: pass"
    assert judged(sandbox, code, timeout=0.5).verdict == "timed_out"


def test_plain_values_travel_unchanged(sandbox: Sandbox) -> None:
    tests = """
import math
VALUES = [None, True, 0, -5, 10**6000, 1.5, -0.0, math.inf, -math.inf, 2 - 3j, b"\\xff",
          "a\\n\\u2028\\ud800'\\0", (), (1,), [], [[1], {"k": (2, 3)}],
          {}, set(), {1, 2}, frozenset({"x"})]
def check(candidate):
    for value in VALUES:
        back = candidate(value)
        assert back == value and type(back) is type(value), value
    assert math.isnan(candidate(math.nan))
    assert candidate(x=3) == 3
"""
    assert judged(sandbox, "def f(x): return x", tests) == Judgement("passed")


def test_argument_that_cannot_travel_is_said(sandbox: Sandbox) -> None:
    tests = "def check(candidate):\n    candidate(lambda: 1)\n"
    result = judged(sandbox, "def f(x): return x", tests)
    assert "the tests pass an argument that cannot travel" in result.detail


def _gone(marker: str) -> bool:
    """Whether no process of this machine has `marker` in its command line, or soon has not."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                lines.append(path.read_bytes())
        if not any(marker.encode() in line for line in lines):
            return True
        time.sleep(0.02)
    return False
