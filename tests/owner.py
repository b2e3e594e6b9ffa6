"""The app without its pages: `python -m tests.owner DATA` owns a workspace and takes jobs in.

It resumes the job whose id it reads, a line each, and says so.
"""

import sys

from workbench.pipeline.ingest import Ingestor
from workbench.pipeline.jobs import resume_job
from workbench.settings import load_settings
from workbench.workspace import open_workspace

workspace = open_workspace(load_settings(data=sys.argv[1]))
Ingestor(workspace).start()
print("ready", flush=True)
for line in sys.stdin:
    resume_job(workspace, line.strip())
    print("resumed", flush=True)
