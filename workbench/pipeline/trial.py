"""A dry run: a few samples first, so that the estimate for the rest stands on what they took."""

from dataclasses import replace

from workbench.jobs.folder import JobFolder
from workbench.pipeline.generate import GenerateOptions, start_generate
from workbench.workspace import Workspace

TRIAL = 5


def start_trial(workspace: Workspace, options: GenerateOptions, *, count: int = TRIAL) -> JobFolder:
    """Start generating the first `count` of what the options ask for.

    These are samples like all others: kept, and their seeds are not asked about again by what is
    started with the same options after it.

    Raises:
        WinnowError: nothing to generate from, or a wrong option.
    """
    return start_generate(workspace, replace(options, count=min(count, options.count)))
