"""Starts one program under bubblewrap; the command line here is the whole protection."""

import os
import secrets
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from storage.errors import WinnowError

# A loaded machine takes long to start a process; the program's own time counts from its start.
START_SECONDS = 20.0

# Tells us that the launchers before it worked, and only then runs the program.
_BOOT = """
import os, sys
descriptor = int(sys.argv.pop())
os.write(descriptor, b"1")
os.close(descriptor)
del descriptor
with open("/program.py", "rb") as file:
    program = compile(file.read(), "/program.py", "exec")
exec(program, {"__name__": "__main__", "__builtins__": __builtins__})
"""


class SandboxError(WinnowError):
    """The sandbox itself failed; says nothing about the program that was to run in it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use: bytes of memory (each process), processes and threads, disk."""

    memory_bytes: int = 512 * 2**20
    processes: int = 8
    disk_bytes: int = 32 * 2**20
    cpu_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The programs that make a sandbox; `find_sandbox` gives one that passed its self-test."""

    bwrap: str
    setpriv: str
    prlimit: str


@dataclass(frozen=True, slots=True)
class Launched:
    """A program that is being started; a byte arrives on `started` when it really runs."""

    process: "subprocess.Popen[bytes]"
    started: IO[bytes]


def launch(
    sandbox: Sandbox,
    source: str,
    *,
    limits: Limits,
    keep: tuple[int, ...] = (),
    output: int = subprocess.PIPE,
) -> Launched:
    """Start the Python program `source`; it inherits the file descriptors in `keep`.

    The caller ends it with `kill` and closes `started`.
    """
    program = os.memfd_create("program")
    read_end, mark = os.pipe()
    started = os.fdopen(read_end, "rb", buffering=0)
    try:
        with os.fdopen(os.dup(program), "wb") as file:
            file.write(source.encode("utf-8", "surrogatepass"))
        os.lseek(program, 0, os.SEEK_SET)
        process = subprocess.Popen(
            [*_bubblewrap(sandbox, limits, program), "--", *_command(sandbox, limits), str(mark)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={},  # not --clearenv: that leaves ours readable in /proc/1/environ
            cwd="/",
            start_new_session=True,
            pass_fds=(program, mark, *keep),
        )
    except OSError as error:
        started.close()
        raise SandboxError(f"the sandbox could not be started: {error}.") from error
    finally:
        os.close(program)
        os.close(mark)
    return Launched(process, started)


def _bubblewrap(sandbox: Sandbox, limits: Limits, program: int) -> list[str]:
    """Namespaces and mounts; arguments take effect in their order."""
    if os.geteuid() == 0:
        # With a user namespace the kernel would not enforce RLIMIT_NPROC for root, so there is
        # none, and setpriv (which needs these three) takes the program to another user id.
        user = ["--cap-drop", "ALL"]
        for name in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            user += ["--cap-add", name]
    else:
        user = ["--unshare-user", "--disable-userns", "--uid", "65534", "--gid", "65534"]
    mounts: list[str] = []
    for path in _library_folders():
        mounts += _bind(path)
    for path in (sandbox.setpriv, sandbox.prlimit, _interpreter()):
        mounts += _bind(path)
    for name in ("lib", "lib64"):
        # Where /lib is no link into /usr it is a folder of its own.
        link = Path("/", name)
        if link.is_symlink():
            mounts += ["--symlink", f"usr/{name}", f"/{name}"]
        elif link.is_dir():
            mounts += ["--ro-bind", f"/{name}", f"/{name}"]
    size = str(limits.disk_bytes)
    return [
        sandbox.bwrap,
        *user,
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", "--die-with-parent", "--new-session"),
        *mounts,
        *("--perms", "0755", "--dir", "/etc"),
        *("--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"),
        *("--proc", "/proc", "--dev", "/dev"),
        # --dev brings a /dev/shm without a limit; this one covers it.
        *("--size", size, "--perms", "1777", "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--size", size, "--perms", "1777", "--tmpfs", "/tmp"),  # noqa: S108 - its own /tmp
        *("--perms", "0444", "--ro-bind-data", str(program), "/program.py"),
        # The root and /dev are memory file systems too: nothing is written there.
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"),  # noqa: S108
    ]


def _command(sandbox: Sandbox, limits: Limits) -> list[str]:
    """What runs inside: limits first, then another user, then Python."""
    command = [
        sandbox.prlimit,
        f"--as={limits.memory_bytes}",
        f"--nproc={limits.processes}",
        f"--fsize={limits.disk_bytes}",
        f"--cpu={limits.cpu_seconds}",
        "--nofile=64",
        "--core=0",
        "--",
    ]
    if os.geteuid() == 0:
        # A user id for this run alone: RLIMIT_NPROC counts all processes of one id.
        user = str(2_000_000_000 + secrets.randbelow(100_000_000))
        command += [sandbox.setpriv, "--reuid", user, "--regid", user, "--clear-groups"]
        command += ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", "--"]
    return [*command, _interpreter(), "-I", "-S", "-B", "-X", "utf8", "-c", _BOOT]


def _interpreter() -> str:
    """The Python behind a virtual environment: the environment's own packages stay outside."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _library_folders() -> list[str]:
    folders = [Path("/usr/lib"), Path("/usr/lib64"), Path(os.path.realpath(sys.base_prefix), "lib")]
    return list(dict.fromkeys(str(path) for path in folders if path.is_dir()))


def _bind(path: str) -> list[str]:
    """Mount `path` read-only at its own place, under parents that any user may pass.

    Parents that bubblewrap makes itself are closed to others, and the real ones can be, too
    (a Python under /root).
    """
    parents = [str(parent) for parent in reversed(Path(path).parents)][1:]
    made = [part for parent in parents for part in ("--perms", "0755", "--dir", parent)]
    return [*made, "--ro-bind", path, path]


def wait_for_start(launched: Launched) -> None:
    """Return once the program runs.

    Raises:
        SandboxError: it never did.
    """
    ready, _, _ = select.select([launched.started], [], [], START_SECONDS)
    if ready and launched.started.read(1):
        return
    kill(launched)
    reason = ""
    if launched.process.stderr is not None:
        reason = launched.process.stderr.read(2000).decode("utf-8", "replace").strip()
    waited = "" if ready else f" within {START_SECONDS:.0f} s"
    raise SandboxError(f"the sandbox did not start{waited}: {reason or 'it gave no reason'}.")


def kill(launched: Launched) -> None:
    """End the program and everything that it started.

    Killing bubblewrap kills the first process of the namespace, and with it the kernel kills all
    others in there.
    """
    launched.process.kill()
    launched.process.wait()


def close(launched: Launched) -> None:
    """End the program and close what we hold of it; harmless where that is done already."""
    kill(launched)
    launched.started.close()
    for pipe in (launched.process.stdout, launched.process.stderr):
        if pipe is not None:
            pipe.close()
