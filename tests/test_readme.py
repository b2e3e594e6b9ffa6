"""The README tells the truth: its commands parse and its file map is what is there."""

import re
import shlex
from pathlib import Path

import pytest

from workbench.commands.parser import build_parser

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    python -m workbench (.+)$", README, re.MULTILINE)
TRAINING = re.findall(r"^    python -m training (.+)$", README, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_is_shown_can_be_typed(line):
    arguments = build_parser().parse_args(shlex.split(line))
    assert arguments.command


@pytest.mark.parametrize("line", TRAINING)
def test_a_training_command_that_is_shown_can_be_typed(line):
    from training.__main__ import build_parser as training_parser

    assert training_parser().parse_args(shlex.split(line))


def test_the_file_map_names_every_package_and_nothing_else():
    shown = set(re.findall(r"^\| `([\w./]+)` \|", README, re.MULTILINE))
    for path in shown:
        assert (ROOT / path).exists(), path
    packages = {
        f"workbench/{path.parent.name}/" for path in (ROOT / "workbench").glob("*/__init__.py")
    }
    assert packages <= shown


def test_pictures_that_are_shown_are_there():
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path
