"""What tests of several folders share: a workspace in a temporary folder, filled by hand."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.ledger import add_prompt, add_responses
from storage.records import Prompt, Response, Sample, Seed
from storage.samples import add_samples
from storage.seeds import add_seeds
from workbench.settings import Settings
from workbench.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace with a real database file."""
    opened = open_workspace(Settings(data=tmp_path / "data", reviewer="ada", _env_file=None))
    yield opened
    opened.close()


def make_seed(name: str, *, language: str = "python", licence: str = "MIT") -> Seed:
    """A seed of three lines in a file of five."""
    return Seed(
        id=name,
        corpus="shelf",
        repository="toolbox",
        path=f"src/{name}.py",
        first_line=2,
        last_line=4,
        language=language,
        licence=licence,
        snippet=f"def {name}(x):\n    y = x + 1\n    return y\n",
        before="import math\n",
        after="print(math.pi)\n",
    )


def make_sample(name: str, seed_id: str, *, problem: str = "", solution: str = "") -> Sample:
    """A sample in Markdown, as models write them."""
    return Sample(
        id=name,
        revision=1,
        seed_id=seed_id,
        request_key=f"key-{name}",
        problem=problem or f"Write the function `{name}` that adds one to a number.",
        solution=solution or f"```python\ndef {name}(x):\n    return x + 1\n```",
        language="python",
        source="oss-instruct",
    )


def fill(workspace: Workspace, count: int = 3) -> list[str]:
    """Seeds, requests and samples `s0`, `s1`, … as a generation would leave them; their ids."""
    seeds = [make_seed(f"seed{index}") for index in range(count)]
    samples = [make_sample(f"s{index}", f"seed{index}") for index in range(count)]
    with workspace.database.transaction() as cursor:
        add_prompt(cursor, Prompt("p1", "oss-instruct", "system", "{snippet}"))
        add_seeds(cursor, seeds, job_id="draw-1")
        responses = [
            Response(
                key=sample.request_key,
                seed_id=sample.seed_id,
                prompt_id="p1",
                endpoint="embedded:m",
                model="m",
                parameters={"temperature": 0},
                raw="{}",
                prompt_tokens=10,
                completion_tokens=20,
                seconds=1.0,
                cost=0.0,
                received_at=time.time(),
            )
            for sample in samples
        ]
        add_responses(cursor, [(response, None) for response in responses], job_id="generate-1")
        add_samples(cursor, [(sample, "m") for sample in samples])
    return [sample.id for sample in samples]
