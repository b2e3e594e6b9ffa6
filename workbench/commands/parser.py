"""What can be typed, and how an answer is printed."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from storage.errors import WinnowError
from workbench.commands import inspect, steps
from workbench.commands.answer import Answer
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


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", type=Path, help="workspace folder (WINNOW_DATA)")
    shared.add_argument("--json", action="store_true", help="print one JSON object")
    parser = argparse.ArgumentParser(prog="python -m workbench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str, run: object = None) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, parents=[shared])
        command.set_defaults(run=run)
        return command

    draw = add("seeds", "draw seeds from corpora", steps.draw)
    draw.add_argument("action", choices=["draw"])
    draw.add_argument("corpora", nargs="+", metavar="CORPUS", help="a folder, or `installed`")
    draw.add_argument("--count", type=int, help="how many (100, or the sum of --languages)")
    draw.add_argument("--languages", default="", help="quotas such as python=40000,cpp=5000")
    draw.add_argument("--min-lines", type=int, default=1)
    draw.add_argument("--max-lines", type=int, default=15)
    draw.add_argument("--random-seed", type=int, default=976)
    draw.add_argument("--licenses", choices=["permissive", "any"], default="permissive")

    generate = add("generate", "generate samples from seeds", steps.generate)
    generate.add_argument("--count", type=int, default=20)
    generate.add_argument("--prompt", choices=["oss-instruct"], default="oss-instruct")
    generate.add_argument("--endpoint", help="base URL, or `embedded` (WINNOW_BASE_URL)")
    generate.add_argument("--model", default="", help="model to ask for (WINNOW_MODEL)")
    generate.add_argument("--temperature", type=float, default=0.0)
    generate.add_argument("--concurrency", type=int)
    generate.add_argument("--resume", metavar="JOB", help="go on with a job that was stopped")

    add("analyze", "check and measure all samples", steps.analyze)
    clean = add("clean", "run the checks alone, without measuring", steps.clean)
    clean.add_argument("--checks", default="", help="some of duplicates,contamination,syntax")

    decide = add("decide", "accept or reject one sample", steps.decide)
    decide.add_argument("sample")
    decide.add_argument("verdict", choices=["accepted", "rejected"])

    export = add("export", "freeze a data set", steps.export)
    export.add_argument("name")
    export.add_argument("--filter", default="verdict=accepted", help="'name=value; name=value'")
    export.add_argument("--out", type=Path, help="folder to freeze into (the workspace's datasets)")
    export.add_argument("--allow-contaminated", action="store_true")

    train = add("train", "train on a frozen data set and score it", steps.train)
    train.add_argument("dataset", help="its name or id")
    train.add_argument("--recipe", default="smoke")
    train.add_argument("--model", default="", help="base model (WINNOW_TRAINING_MODEL)")
    train.add_argument("--limit", type=int, default=20, help="HumanEval tasks to score, 0 to 164")
    train.add_argument("--max-steps", type=int)

    add("status", "counts at every step, what is running, what it cost", inspect.status)
    jobs = add("jobs", "list, cancel or resume jobs", inspect.jobs)
    jobs.add_argument("action", choices=["list", "cancel", "resume"])
    jobs.add_argument("job", nargs="?")
    add("doctor", "what works on this machine and what to do about what does not")
    return parser
