"""The work that every client gets: the same prompts, rendered from snippets of real code."""

import json
import random
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.generation.prompts import Message, load_prompt, render

RANDOM_SEED = 976
MAX_LINES = 15
PARAMETERS = {"temperature": 0, "max_tokens": 2500}


@dataclass(frozen=True, slots=True)
class Question:
    """One request of the work; every client sends its messages and parameters as they are."""

    id: str
    messages: list[Message]
    parameters: dict[str, Any]


def make_work(count: int) -> list[Question]:
    """`count` different questions about snippets of 1 to 15 lines from Python's own library."""
    files = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    chooser = random.Random(RANDOM_SEED)  # noqa: S311 - not for secrets
    prompt = load_prompt("oss-instruct")
    return [
        # The number keeps two equal snippets apart: equal requests are asked once by good clients.
        Question(
            f"question-{number:06}",
            render(prompt, f"# excerpt {number}\n{_cut_snippet(files, chooser)}"),
            PARAMETERS,
        )
        for number in range(count)
    ]


def _cut_snippet(files: list[Path], chooser: random.Random) -> str:
    lines = chooser.choice(files).read_text(encoding="utf-8", errors="replace").splitlines()
    first = chooser.randrange(max(1, len(lines)))
    return "\n".join(lines[first : first + chooser.randint(1, MAX_LINES)])


def write_work(path: Path, work: list[Question]) -> None:
    """The work as JSON lines, for clients that run in a Python of their own."""
    lines = "".join(json.dumps(asdict(question)) + "\n" for question in work)
    path.write_text(lines, encoding="ascii")
