"""Running what was typed: the command, its answer, and one sentence for every mistake."""

import argparse
import json
import sys
from collections.abc import Sequence

from storage.errors import WinnowError
from workbench.commands import inspect
from workbench.commands.answer import Answer
from workbench.commands.options import build_parser
from workbench.pipeline.ingest import take_in
from workbench.settings import load_settings
from workbench.workspace import open_workspace


def main(argv: Sequence[str]) -> int:
    """Run one command: 0, or 2 with one clear sentence, or 130 after Ctrl-C."""
    arguments = build_parser().parse_args(argv)
    try:
        answer = _run(arguments)
    except WinnowError as error:
        if arguments.json:
            print(json.dumps({"error": str(error)}))
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that may not be written
        sentence = f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
        if arguments.json:
            print(json.dumps({"error": sentence}))
        print(sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; what is finished is kept.", file=sys.stderr)
        return 130
    print(json.dumps(answer.values, default=str) if arguments.json else answer.summary)
    return answer.exit_code


def _run(arguments: argparse.Namespace) -> Answer:
    settings = load_settings(data=arguments.data)
    if arguments.command == "doctor":  # must work where the database does not
        return inspect.doctor(settings)
    workspace = open_workspace(settings)
    try:
        # What jobs wrote since somebody last looked counts: what is answered is not asked again.
        take_in(workspace)
        answer: Answer = arguments.run(workspace, arguments)
        return answer
    finally:
        workspace.close()
