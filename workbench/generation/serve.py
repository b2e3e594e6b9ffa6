"""The embedded model's server process: `python -m workbench.generation.serve MODEL SLOTS CONTEXT`.

It prints the address it listens on as its one line of output and ends when its standard input does,
which happens however its parent ends, even by SIGKILL. The key that requests need is in the
environment variable WINNOW_SERVER_KEY.
"""

import os
import signal
import sys

KEY_VARIABLE = "WINNOW_SERVER_KEY"


def main(argv: list[str]) -> None:
    """Serve until standard input ends."""
    model, slots, context = argv[0], int(argv[1]), int(argv[2])
    # Whoever stops a job signals its whole process group; the parent decides when we go.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # llama.cpp may print whatever it likes: only the address goes where the parent reads.
    answer = os.dup(1)
    os.dup2(2, 1)
    address = start_server(model, slots=slots, context=context, key=os.environ.pop(KEY_VARIABLE))
    os.write(answer, f"{address}\n".encode())
    os.close(answer)
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)  # at once, in the middle of whatever the slots are doing


def start_server(model: str, *, slots: int, context: int, key: str) -> str:
    """Load the model and listen on a free port of the loopback; returns the base address.

    `context` is in tokens, for each of the slots.
    """
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.model_alias = ["embedded"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_parallel = slots
    params.n_ctx = slots * context
    params.cpuparams.n_threads = len(os.sched_getaffinity(0))
    params.ui = False
    params.endpoint_slots = False
    _keep_alive.append(xllamacpp.Server(params))
    return str(_keep_alive[0].listening_address)
