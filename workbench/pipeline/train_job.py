"""The process of a training job: fetch the base model, then become `python -m training train`."""

import os
import sys

from workbench.generation.embedded import find_model, resolve_model
from workbench.jobs.folder import JobFolder


def run(folder: JobFolder) -> None:
    """Replace this process by the training; the lock and the log go along with it."""
    params = folder.spec.params

    def on_progress(done: int, total: int) -> None:
        folder.progress(phase="fetching model", done=done, total=total)

    model = params["model"]
    if find_model(model):  # anything else is a folder, a GGUF file or a Hub id already
        cache_dir = params["cache_dir"]
        model = str(resolve_model(model, cache_dir=cache_dir, on_progress=on_progress))
    argv = [sys.executable, "-m", "training", "train", params["dataset"]]
    argv += ["--recipe", params["recipe"], "--model", model, "--out", str(folder.path)]
    argv += ["--cache", params["cache_dir"]]
    if params["tasks"]:
        argv += ["--evaluate", "humaneval", "--limit", str(params["tasks"])]
    if params["max_steps"]:
        argv += ["--max-steps", str(params["max_steps"])]
    os.execv(argv[0], argv)  # noqa: S606 - no shell: our own program, our own arguments
