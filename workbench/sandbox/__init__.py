"""Runs code that nobody has read, under bubblewrap; where that does not work, it runs nothing.

A program gets: no network, an empty environment, read-only system libraries and this Python's
standard library, a private /tmp of limited size, its own process and IPC namespaces, another user
id, limits on memory, processes, open files and output, and a time-out after which everything that
it started is killed.

What this does not protect against:
- a hole in the kernel: the program talks to the same kernel as everything else, unfiltered;
- side channels, and slowing the machine down for as long as its time-out allows;
- the sum of memory: `memory_bytes` holds for each process, so a program that forks can use
  `processes` times as much, and its /tmp and /dev/shm on top;
- reading what every user of the machine may read in /usr/lib and Python's own `lib` folder.
"""

from workbench.sandbox.judge import Judgement, judge
from workbench.sandbox.launch import Limits, Sandbox, SandboxError
from workbench.sandbox.run import SandboxResult, run_sandboxed
from workbench.sandbox.selftest import find_sandbox

__all__ = [
    "Judgement",
    "Limits",
    "Sandbox",
    "SandboxError",
    "SandboxResult",
    "find_sandbox",
    "judge",
    "run_sandboxed",
]
