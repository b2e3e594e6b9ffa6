"""From the workspace to the folder: exactly what was filtered, of one moment, with its evidence."""

import json
import shutil
import signal
import subprocess
import sys
import time
import uuid
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.analyses import add_analysis
from storage.datasets import rows_for_export, snapshot
from storage.errors import WinnowError
from storage.filters import SampleFilter
from storage.records import Finding, Metrics
from storage.reviews import Decision, add_decision
from storage.samples import list_sample_ids, replace_analysis
from tests.conftest import fill
from tests.export.test_dataset import ROW
from workbench.commands import datasets as commands
from workbench.export.comparison import compare_folders, comparison_text
from workbench.export.dataset import freeze
from workbench.export.folder import is_unchanged
from workbench.pipeline.compare_datasets import compare_datasets
from workbench.pipeline.export import ACCEPTED, export_dataset, read_chosen
from workbench.workspace import Workspace


def decide(workspace: Workspace, decisions: list[tuple[str, str, str]]) -> None:
    with workspace.database.transaction() as cursor:
        for sample_id, verdict, reviewer in decisions:
            add_decision(cursor, Decision(uuid.uuid4().hex, sample_id, verdict, reviewer))


def measure(workspace: Workspace, ids: list[str], *, contaminated: str = "") -> None:
    metrics = [
        Metrics(
            sample_id=sample_id,
            category="Web Problems",
            category_score=0.5,
            nearest_task="HumanEval/1",
            similarity=index / len(ids),
            problem_tokens=10 + index,
            solution_tokens=20 + index,
            cluster=index % 3,
            x=0.0,
            y=0.0,
        )
        for index, sample_id in enumerate(ids)
    ]
    detail = {"benchmark": "HumanEval", "task_id": "HumanEval/7"}
    found = [Finding(contaminated, "contamination", "contains_benchmark", detail)]
    versions = {
        "checks": {"contamination": 1},
        "benchmarks": {"HumanEval": "f" * 64},
        "tokenizer": "smollm2",
    }
    with workspace.database.transaction() as cursor:
        replace_analysis(cursor, found if contaminated else [], metrics, job_id="a1")
        add_analysis(cursor, "a1", samples=len(ids), clusters={}, versions=versions)


def read_ids(path: str | Path) -> list[str]:
    lines = (Path(path) / "train.jsonl").read_bytes().splitlines()
    return [json.loads(line)["id"] for line in lines]


def read_manifest(path: str | Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((Path(path) / "manifest.json").read_text())
    return manifest


def test_what_is_exported_is_what_was_filtered_in_its_order(workspace: Workspace) -> None:
    ids = fill(workspace, 400)
    decide(
        workspace,
        [(name, "rejected" if n % 3 else "accepted", "ada") for n, name in enumerate(ids)],
    )
    measure(workspace, ids)
    where = SampleFilter(verdict="accepted", min_similarity=0.2, max_similarity=0.8, cluster=0)
    with workspace.database.read() as cursor:
        filtered = [row[0] for row in list_sample_ids(cursor, where)]
    expected = [name for n, name in enumerate(ids) if n % 3 == 0 and 0.2 <= n / 400 < 0.8]
    dataset = export_dataset(workspace, "some", where, formats=["csv"])
    assert read_ids(dataset.path) == filtered == expected
    assert dataset.rows == len(expected) > 50
    with workspace.database.read() as cursor:
        members = cursor.execute(
            "select sample_id from dataset_rows where dataset_id = ? order by position",
            [dataset.id],
        ).fetchall()
    assert [row[0] for row in members] == expected


def test_a_decision_between_two_reads_changes_neither(workspace: Workspace) -> None:
    ids = fill(workspace, 60)
    decide(workspace, [(name, "accepted", "ada") for name in ids])
    with workspace.database.read() as cursor, snapshot(cursor):
        before = rows_for_export(cursor, ACCEPTED)
        decide(workspace, [(name, "rejected", "bob") for name in ids[::2]])
        assert rows_for_export(cursor, ACCEPTED) == before
    with workspace.database.read() as cursor:
        assert len(rows_for_export(cursor, ACCEPTED)) == 30


class Interrupted:
    """A cursor before whose statement of that number somebody else decides."""

    def __init__(self, cursor: Any, number: int, decide_now: Callable[[], None]) -> None:
        self._cursor, self._left, self._decide_now = cursor, number, decide_now

    def execute(self, *arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            self._decide_now()
        return self._cursor.execute(*arguments)


@pytest.mark.parametrize("statement", [3, 4, 5])
def test_rows_and_evidence_are_of_one_moment(workspace: Workspace, statement: int) -> None:
    ids = fill(workspace, 12)
    decide(workspace, [(name, "accepted", "ada") for name in ids])
    measure(workspace, ids, contaminated=ids[0])
    with workspace.database.read() as cursor:
        quiet = read_chosen(cursor, ACCEPTED)

    def decide_now() -> None:
        decide(workspace, [(name, "rejected", "bob") for name in ids[:6]])

    with workspace.database.read() as cursor:
        interrupted: Any = Interrupted(cursor, statement, decide_now)
        assert read_chosen(interrupted, ACCEPTED) == quiet
    with workspace.database.read() as cursor:
        after = read_chosen(cursor, ACCEPTED)
    assert (len(after.rows), after.background.agreement.samples) == (6, 6)


def test_the_manifest_names_all_that_was_frozen(workspace: Workspace) -> None:
    ids = fill(workspace, 6)
    decide(workspace, [(name, "accepted", "bob") for name in ids])
    decide(
        workspace, [(name, "accepted" if n else "rejected", "eve|x") for n, name in enumerate(ids)]
    )
    decide(workspace, [(ids[0], "accepted", "bob")])
    measure(workspace, ids, contaminated=ids[2])
    with pytest.raises(WinnowError, match=r"1 of 6 rows contain text of HumanEval"):
        export_dataset(workspace, "all", ACCEPTED)
    assert list(workspace.datasets_dir.iterdir()) == []
    dataset = export_dataset(workspace, "all", ACCEPTED, allow_contaminated=True)
    manifest = read_manifest(dataset.path)
    assert manifest["filter"] == "verdict=accepted"
    assert manifest["policy"] == {"licences": "any", "allow_contaminated": True}
    assert manifest["versions"]["prompts"] == {"p1": "oss-instruct"}
    assert manifest["versions"]["models"] == ["m"]
    assert {"winnow", "parser", "checks", "benchmarks"} <= set(manifest["versions"])
    assert manifest["counts"]["sources"] == {"oss-instruct": 6}
    assert manifest["counts"]["reviewers"] == {"eve|x": 5, "bob": 1}
    assert manifest["counts"]["attribution"] == {"MIT": {"repositories": 1, "files": 6}}
    assert manifest["counts"]["lengths"]["problem_tokens"] == {
        "count": 6,
        "shortest": 10,
        "median": 12,
        "upper": 15,
        "longest": 15,
    }
    report = manifest["contamination"]
    assert report["benchmarks"] == {"HumanEval": "f" * 64}
    assert (report["checked_rows"], report["contaminated_rows"]) == (6, 1)
    assert (report["tasks"], report["override"]) == ({ids[2]: ["HumanEval/7"]}, True)
    (pair,) = manifest["agreement"]["pairs"]
    assert (pair["samples"], pair["agreed"], pair["kappa"]) == (6, 5, 0)
    card = (Path(dataset.path) / "README.md").read_text(encoding="utf-8")
    assert "They were let in knowingly: s2 (HumanEval/7)." in card
    assert "| bob, eve\\|x | 6 | 5 | 0.833 | 0.000 |" in card
    assert "license: mit\n" in card
    assert "export all --filter verdict=accepted --allow-contaminated" in card


def test_one_reviewer_is_said_to_be_one(workspace: Workspace) -> None:
    decide(workspace, [(name, "accepted", "ada") for name in fill(workspace, 2)])
    path = export_dataset(workspace, "one", ACCEPTED).path
    assert "One reviewer decided everything: ada." in (Path(path) / "README.md").read_text()


def test_a_licence_that_the_policy_keeps_out_is_refused_not_dropped(workspace: Workspace) -> None:
    decide(workspace, [(name, "accepted", "ada") for name in fill(workspace, 2)])
    assert export_dataset(workspace, "ok", ACCEPTED, licences="permissive").rows == 2
    with workspace.database.transaction() as cursor:
        cursor.execute("update sample_state set licence = 'GPL-3.0-only' where sample_id = 's1'")
    with pytest.raises(WinnowError, match=r"1 of 2 rows have no permissive licence .*'s1'"):
        export_dataset(workspace, "no", ACCEPTED, licences="permissive")
    with pytest.raises(WinnowError, match="'mine' is no licence policy"):
        export_dataset(workspace, "no", ACCEPTED, licences="mine")


def test_two_data_sets_are_compared_by_name_and_still_when_a_folder_is_gone(
    workspace: Workspace,
) -> None:
    ids = fill(workspace, 5)
    decide(workspace, [(name, "accepted", "ada") for name in ids[:4]])
    first = export_dataset(workspace, "first", ACCEPTED)
    decide(workspace, [(ids[0], "rejected", "ada"), (ids[4], "accepted", "bob")])
    second = export_dataset(workspace, "second", ACCEPTED)
    found = compare_datasets(workspace, "first", second.id)
    assert (found.rows_in, found.rows_out, found.changed) == (("s4",), ("s0",), ())
    assert (found.same, found.same_order) == (3, True)
    assert found.mixes["reviewer"] == {"ada": (4, 3), "bob": (0, 1)}
    assert found.mixes["licence"] == {"MIT": (4, 4)}
    text = comparison_text(found)
    assert "1 in, 1 out, 0 changed, 0 moved between training and held out, 3 the same." in text
    assert "  bob: 0 -> 1 (+1)" in text
    folders = compare_folders(Path(first.path), Path(second.path))
    assert folders == found
    shutil.rmtree(first.path)
    gone = compare_datasets(workspace, "first", "second")
    assert (gone.rows_in, gone.rows_out, gone.changed, gone.same) == (("s4",), ("s0",), (), 3)
    assert "The folder of first" in comparison_text(gone)
    with pytest.raises(WinnowError, match="There is no data set 'third'"):
        compare_datasets(workspace, "first", "third")


def test_changed_texts_revisions_and_moved_rows_are_told_apart(tmp_path: Path) -> None:
    rows = [replace(ROW, sample_id=f"s{n}", repository=f"r{n}") for n in range(4)]
    first = freeze(rows, name="a", out_dir=tmp_path).path
    other = [replace(rows[0], solution="new"), replace(rows[1], revision=9), *rows[2:]]
    found = compare_folders(first, freeze(other[::-1], name="b", out_dir=tmp_path).path)
    assert (found.changed, found.same, found.same_order) == (("s1", "s0"), 2, False)
    split = freeze(rows, name="c", out_dir=tmp_path, held_out=0.25).path
    moved = compare_folders(first, split)
    assert (len(moved.moved), moved.same, moved.changed) == (1, 3, ())
    with (first / "train.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(WinnowError, match="was changed after it was frozen"):
        compare_folders(first, split)


def test_the_commands_make_list_compare_and_add(workspace: Workspace) -> None:
    decide(workspace, [(name, "accepted", "ada") for name in fill(workspace, 3)])
    options = {"filter": "verdict=accepted", "out": None, "allow_contaminated": False}
    more = {"formats": "alpaca, csv", "held_out": 0.0, "random_seed": 976, "licenses": "any"}
    made = commands.export(workspace, Namespace(name="one", **options, **more))
    assert made.summary.startswith("Froze 3 rows as ")
    assert (Path(made.values["path"]) / "train.alpaca.jsonl").exists()
    listed = commands.list_all(workspace, Namespace())
    assert listed.summary == f"{made.values['id']}  3 rows  verdict=accepted"
    json.dumps(listed.values)
    added = commands.add_format(workspace, Namespace(dataset="one", formats="parquet"))
    assert added.summary == "Added parquet."
    same = commands.compare(workspace, Namespace(first="one", second="one"))
    assert (same.values["in"], same.values["same"]) == ((), 3)
    with pytest.raises(WinnowError, match="Say which formats to add"):
        commands.add_format(workspace, Namespace(dataset="one", formats=" ,"))


FREEZING = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.export.test_dataset import ROW
from workbench.export.dataset import freeze
rows = [replace(ROW, sample_id=f"s{n}", solution="x" * 10_000) for n in range(200)]
print("ready", flush=True)
for number in range(1_000):
    changed = [replace(rows[0], problem=str(number)), *rows[1:]]
    freeze(changed, name="killed", out_dir=Path(sys.argv[1]), formats=["csv"])
"""


def test_a_kill_at_any_moment_leaves_no_half_folder(tmp_path: Path) -> None:
    whole = 0
    for attempt in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", FREEZING, str(tmp_path / str(attempt))],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.17 * attempt)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        for folder in (tmp_path / str(attempt)).glob("killed-*"):
            hashed = read_manifest(folder)["content_hash"]
            assert folder.name == f"killed-{hashed[:12]}"
            assert is_unchanged(folder, content_hash=hashed), folder
            names = {"train.jsonl", "train.csv", "manifest.json", "README.md"}
            assert {path.name for path in folder.iterdir()} == names
            whole += 1
    assert whole
