"""Finds a sandbox that protects on this machine: everything it promises is tried first."""

import shutil
import socket
import tempfile
from pathlib import Path

from storage.errors import WinnowError
from workbench.sandbox.launch import Limits, Sandbox, SandboxError
from workbench.sandbox.run import run_sandboxed

_REMEDY = "Nothing that a model wrote is run without it."

# Prints one line for each promise that does not hold. (Absolute paths: nothing is inherited.)
_PROBE = """
import os, socket, time
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=0.3)
    print("it reaches the network")
except OSError:
    pass
try:
    open({secret!r}).read()
    print("it reads files of this machine")
except OSError:
    pass
try:
    inherited = open("/proc/1/environ", "rb").read()
except OSError:
    inherited = b""
if inherited or set(os.environ) - {{"PWD", "LC_CTYPE"}}:
    print("it sees the environment of this process")
for folder in ("/", "/dev", "/usr/lib", {library!r}, {folder!r}):
    try:
        open(folder + "/winnow-probe", "w").close()
        print("it writes to", folder)
    except OSError:
        pass
if os.getuid() == 0:
    print("it runs as root")
forks = 0
try:
    while forks < 12:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        forks += 1
    print("it starts as many processes as it likes")
except OSError:
    pass
print("probed", flush=True)
os._exit(0)
"""


def find_sandbox(*, search_path: str | None = None) -> Sandbox:
    """A sandbox that has just passed its self-test (about 0.5 s); looks in PATH by default.

    Raises:
        WinnowError: there is none, with the reason and the remedy.
    """
    programs = {name: _find(name, search_path) for name in ("bwrap", "setpriv", "prlimit")}
    sandbox = Sandbox(**programs)
    try:
        _probe(sandbox)
        _probe_timeout(sandbox)
    except SandboxError as error:
        raise WinnowError(
            f"The sandbox does not work on this machine ({error}) Allow bubblewrap to make "
            "namespaces (in a container: run it privileged; on Ubuntu: sysctl "
            f"kernel.apparmor_restrict_unprivileged_userns=0), or run as root. {_REMEDY}"
        ) from error
    return sandbox


def _find(name: str, search_path: str | None) -> str:
    found = shutil.which(name, path=search_path)
    if found is None:
        package = "bubblewrap" if name == "bwrap" else "util-linux"
        raise WinnowError(
            f"There is no sandbox to run generated code in: {name} is not installed. "
            f"Install it (apt install {package}) and try again. {_REMEDY}"
        )
    return str(Path(found).resolve())


def _probe(sandbox: Sandbox) -> None:
    """Raise unless the network, files, environment and processes of this machine are closed."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        secret = Path(folder, "secret")
        secret.write_text("secret", encoding="utf-8")
        program = _PROBE.format(
            port=server.getsockname()[1],
            secret=str(secret),
            folder=folder,
            library=str(Path(socket.__file__).parent),
        )
        result = run_sandboxed(sandbox, program, timeout=10, limits=Limits(processes=8))
    found = result.stdout.splitlines()
    if found != ["probed"]:
        broken = [line for line in found if line != "probed"]
        raise SandboxError(f"{'; '.join(broken) or result.stderr.strip()[-300:] or result.status}.")


def _probe_timeout(sandbox: Sandbox) -> None:
    result = run_sandboxed(sandbox, "while True: pass", timeout=0.2)
    if result.status != "timed_out":
        raise SandboxError("a program that never ends was not stopped.")
