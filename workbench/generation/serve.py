"""The embedded model's server process: `python -m workbench.generation.serve MODEL SLOTS CONTEXT`.

It prints the address it listens on as its one line of output and ends when its standard input does,
which happens however its parent ends, even by SIGKILL. The key that requests need is in the
environment variable WINNOW_SERVER_KEY.
"""

import os
import signal
import sys

import xllamacpp

from workbench.generation.server import KEY_VARIABLE


def main(argv: list[str]) -> None:
    """Serve until standard input ends."""
    model, slots, context = argv[0], int(argv[1]), int(argv[2])
    # Whoever stops a job signals its whole process group; the parent decides when we go.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # llama.cpp may print whatever it likes: only the address goes where the parent reads.
    answer = os.dup(1)
    os.dup2(2, 1)
    server = start_server(model, slots=slots, context=context, key=os.environ.pop(KEY_VARIABLE))
    os.write(answer, f"{server.listening_address}\n".encode())
    os.close(answer)
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)  # at once, in the middle of whatever the slots are doing


def start_server(model: str, *, slots: int, context: int, key: str) -> xllamacpp.Server:
    """Load the model and listen on a free port of the loopback, until the object is dropped.

    `context` is in tokens, for each of the slots.
    """
    params = xllamacpp.CommonParams()
    params.model.path = model
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.cpuparams.n_threads = len(os.sched_getaffinity(0))
    params.ui = False
    params.endpoint_slots = False
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main(sys.argv[1:])
