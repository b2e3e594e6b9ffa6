"""What can be typed: every command with its options, in the order of the data."""

import argparse
from collections.abc import Callable
from pathlib import Path

from workbench.commands import compare as comparing
from workbench.commands import datasets, extend, import_data, inspect, steps
from workbench.commands import prompts as prompting
from workbench.commands.asking import add_asking_options
from workbench.imports.recognition import FORMAT_NAMES

Add = Callable[..., argparse.ArgumentParser]


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

    _add_sources(add)
    _add_generation(add)
    _add_curation(add)
    _add_training(add)
    _add_inspection(add)
    return parser


def _add_sources(add: Add) -> None:
    draw = add("seeds", "draw seeds from corpora", steps.draw)
    draw.add_argument("action", choices=["draw"])
    draw.add_argument("corpora", nargs="+", metavar="CORPUS", help="a folder, or `installed`")
    draw.add_argument("--count", type=int, help="how many (100, or the sum of --languages)")
    draw.add_argument("--languages", default="", help="quotas such as python=40000,cpp=5000")
    draw.add_argument("--min-lines", type=int, default=1)
    draw.add_argument("--max-lines", type=int, default=15)
    draw.add_argument("--random-seed", type=int, default=976)
    draw.add_argument("--licenses", choices=["permissive", "any"], default="permissive")

    imported = add("import", "import samples that others made", import_data.import_data)
    files = "a file, an exported data set's folder, or hf:OWNER/NAME[/subset]"
    imported.add_argument("files", nargs="+", metavar="FILE", help=files)
    imported.add_argument("--format", choices=FORMAT_NAMES, default="auto")
    imported.add_argument("--license", help="SPDX licence of rows that do not say their own")
    imported.add_argument(
        "--dry-run", action="store_true", help="show what is there, write nothing"
    )


def _add_generation(add: Add) -> None:
    generate = add("generate", "generate samples from seeds, or evolve samples", steps.generate)
    generate.add_argument("--count", type=int, default=20)
    generate.add_argument(
        "--prompt", default="oss-instruct", help="name or id of a version, or `evol-instruct`"
    )
    add_asking_options(generate)
    generate.add_argument(
        "--dry-run", type=int, metavar="N", help="ask for N, then say what --count would take"
    )
    generate.add_argument(
        "--filter", default="verdict=accepted", help="evol-instruct: which samples it takes"
    )
    generate.add_argument("--rounds", type=int, default=1, help="evol-instruct: rounds, 1 to 3")
    generate.add_argument("--resume", metavar="JOB", help="go on with a job that was stopped")

    judge = add("judge", "have a model judge samples, as a suggestion", extend.judge)
    judge.add_argument("--filter", default="verdict=undecided", help="'name=value; name=value'")
    judge.add_argument("--count", type=int, default=20)
    add_asking_options(judge)

    prompts = add("prompts", "list, show or save prompt versions", prompting.prompts)
    prompts.add_argument("action", choices=["list", "show", "save"])
    prompts.add_argument("prompt", nargs="?", help="a name, or the id of a version")
    prompts.add_argument("--user", type=Path, help="file of the user message, with {snippet} once")
    prompts.add_argument("--system", type=Path, help="file of the system message (that of --base)")
    prompts.add_argument("--base", default="oss-instruct", help="version it is edited from")

    compare = add("compare", "compare two prompts or models, blind", comparing.compare)
    compare.add_argument("action", choices=["start", "list", "tally", "resume"])
    compare.add_argument("comparison", nargs="?", help="its id or name")
    arm = "PROMPT[@MODEL]"
    compare.add_argument("--first", metavar=arm, help="MODEL may be embedded[:NAME]")
    compare.add_argument("--second", metavar=arm)
    compare.add_argument("--count", type=int, default=20)
    compare.add_argument("--name", default="", help="judges see it: leave out what is compared")
    compare.add_argument("--temperature", type=float, default=0.0)
    compare.add_argument("--max-cost", type=float, metavar="USD")

    add("parse", "read again what an older parser got nothing from", inspect.parse)
    prices = add("prices", "what models cost: list, set, forget", inspect.prices)
    prices.add_argument("action", choices=["list", "set", "forget"])
    prices.add_argument("model", nargs="?")
    prices.add_argument("input", nargs="?", type=float, help="USD per million prompt tokens")
    prices.add_argument("output", nargs="?", type=float, help="USD per million completion tokens")


def _add_curation(add: Add) -> None:
    add("analyze", "check and measure all samples", steps.analyze)
    clean = add("clean", "run the checks alone, without measuring", steps.clean)
    clean.add_argument("--checks", default="", help="some of duplicates,contamination,syntax")

    decide = add("decide", "accept or reject one sample", steps.decide)
    decide.add_argument("sample")
    decide.add_argument("verdict", choices=["accepted", "rejected"])

    export = add("export", "freeze a data set", datasets.export)
    export.add_argument("name")
    export.add_argument("--filter", default="verdict=accepted", help="'name=value; name=value'")
    export.add_argument("--out", type=Path, help="folder to freeze into (the workspace's datasets)")
    export.add_argument("--allow-contaminated", action="store_true")
    export.add_argument(
        "--formats", default="", help="beside messages: instruction,alpaca,sharegpt,parquet,csv"
    )
    export.add_argument(
        "--held-out", type=float, default=0.0, help="share held out by repository, 0 to 0.5"
    )
    export.add_argument("--random-seed", type=int, default=976)
    export.add_argument("--licenses", choices=["permissive", "any"], default="any")

    add("datasets", "list frozen data sets", datasets.list_all)
    two = add("compare-datasets", "what came in, went out and changed", datasets.compare)
    two.add_argument("first", help="name, id or folder")
    two.add_argument("second", help="name, id or folder")
    more = add("add-format", "add files of other formats to a data set", datasets.add_format)
    more.add_argument("dataset")
    more.add_argument("formats", help="such as parquet,csv")
    push = add("push", "push a data set to the Hugging Face Hub (HF_TOKEN)", datasets.push)
    push.add_argument("dataset")
    push.add_argument("repository", metavar="OWNER/NAME")
    push.add_argument("--public", action="store_true")
    push.add_argument("--endpoint", help="another Hub than huggingface.co")
    push.add_argument("--allow-contaminated", action="store_true")


def _add_training(add: Add) -> None:
    train = add("train", "train on a frozen data set and score it", steps.train)
    train.add_argument("dataset", help="its name or id")
    train.add_argument("--recipe", default="smoke")
    train.add_argument("--model", default="", help="base model (WINNOW_TRAINING_MODEL)")
    train.add_argument("--limit", type=int, default=20, help="HumanEval tasks to score, 0 to 164")
    train.add_argument("--max-steps", type=int)


def _add_inspection(add: Add) -> None:
    add("status", "counts at every step, what is running, what it cost", inspect.status)
    jobs = add("jobs", "list, pause, cancel or resume jobs", inspect.jobs)
    jobs.add_argument("action", choices=["list", "pause", "cancel", "resume"])
    jobs.add_argument("job", nargs="?")
    jobs.add_argument(
        "--reason",
        action="append",
        help="resume: ask anew what gave nothing for this reason (as often as wanted)",
    )
    add("doctor", "what works on this machine and what to do about what does not")
