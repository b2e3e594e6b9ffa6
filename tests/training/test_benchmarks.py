"""The benchmarks' tasks and their judging, with the reference solutions as canaries."""

import dataclasses
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import WinnowError
from training.benchmarks.canaries import check_judging
from training.benchmarks.catalog import BENCHMARKS, find_benchmark, load_tasks
from training.benchmarks.comparison import is_right
from training.benchmarks.files import OfficialFile, read_official
from training.benchmarks.judging import judge_answer
from training.benchmarks.mbpp_plus import restore_types
from training.benchmarks.task import Differential, PublishedTests, Task, take_evenly
from workbench.sandbox import find_sandbox


def make_task(keep: Path, reference: str, inputs: list[list[object]], **rule: object) -> Task:
    fields = {"atol": 0, "oracle": "equal", "returned": "value", **rule}
    judging = Differential(tuple(inputs[:1]), tuple(inputs[1:]), keep=keep, **fields)  # type: ignore[arg-type]
    return Task("Own/1", "?", "", "f", reference, "def f(*a):\n    pass\n", judging)


def official_tasks(name: str, cache_dir: Path, limit: int) -> list[Task]:
    folder = os.environ.get("WINNOW_TEST_DATA")
    official = find_benchmark(name).official
    if name == "humaneval":
        return load_tasks(name, limit=limit, cache_dir=cache_dir)
    if not folder or not Path(folder, "benchmarks", official.name).is_file():
        pytest.skip(f"WINNOW_TEST_DATA names no folder with benchmarks/{official.name}")
    return load_tasks(name, limit=limit, cache_dir=cache_dir, file=Path(folder, "benchmarks"))


@pytest.mark.parametrize("name", [benchmark.name for benchmark in BENCHMARKS])
def test_reference_solutions_pass_and_empty_functions_fail(name: str, tmp_path: Path) -> None:
    sandbox = find_sandbox()
    tasks = official_tasks(name, tmp_path, 15)
    with ThreadPoolExecutor(2) as pool:
        right = list(pool.map(lambda task: judge_answer(sandbox, task, task.reference), tasks))
        empty = list(pool.map(lambda task: judge_answer(sandbox, task, task.empty), tasks))
    assert [result for result in right if result.verdict != "passed"] == []
    assert [result.verdict for result in empty] == ["failed"] * 15


@pytest.mark.parametrize("name", [benchmark.name for benchmark in BENCHMARKS])
def test_all_tasks_are_there_and_a_part_is_evenly_spaced(name: str, tmp_path: Path) -> None:
    total = find_benchmark(name).tasks
    tasks = official_tasks(name, tmp_path, total)
    assert len({task.task_id for task in tasks}) == total
    assert all(task.entry_point in task.question for task in tasks)
    four = [task.task_id for task in official_tasks(name, tmp_path, 4)]
    assert four == [tasks[index * total // 4].task_id for index in range(4)]
    with pytest.raises(WinnowError, match=f"{total + 1} tasks cannot be scored"):
        official_tasks(name, tmp_path, total + 1)


def test_tasks_that_need_more_than_values_are_judged(tmp_path: Path) -> None:
    """Mbpp/56's function is called check; Mbpp/367's arguments are objects of the answer."""
    tasks = {task.task_id: task for task in official_tasks("mbpp", tmp_path, 500)}
    sandbox = find_sandbox()
    for number in (56, 367):
        task = tasks[f"Mbpp/{number}"]
        assert judge_answer(sandbox, task, task.reference).verdict == "passed"
        assert judge_answer(sandbox, task, task.empty).verdict == "failed"


def test_a_part_is_taken_evenly_and_only_what_there_is() -> None:
    assert take_evenly("abcdef", limit=3, title="X") == ["a", "c", "e"]
    assert take_evenly("ab", limit=None, title="X") == ["a", "b"]
    for limit in (0, -1, 7):
        with pytest.raises(WinnowError, match=f"{limit} tasks cannot be scored: X has 1 to 6"):
            take_evenly("abcdef", limit=limit, title="X")


def test_an_answer_is_compared_on_every_input_and_the_first_wrong_one_is_named(
    tmp_path: Path,
) -> None:
    sandbox = find_sandbox()
    task = make_task(tmp_path, "def f(x):\n    return x * x\n", [[2], [3], [4]])
    assert judge_answer(sandbox, task, "def f(x):\n    return x ** 2\n").verdict == "passed"
    wrong = judge_answer(sandbox, task, "def f(x):\n    return x * x if x < 4 else 0\n")
    assert (wrong.verdict, wrong.detail) == ("failed", "plus input 1: expected 16, got 0")
    gone = judge_answer(sandbox, task, "import os\ndef f(x):\n    os._exit(73)\n")
    assert gone.verdict == "failed"
    assert "base input 0: its process ended" in gone.detail
    forged = "class Yes(int):\n    def __eq__(self, o): return True\ndef f(x): return Yes(7)\n"
    assert judge_answer(sandbox, task, forged).verdict == "failed"


def test_one_slow_input_is_a_time_out(tmp_path: Path) -> None:
    task = make_task(tmp_path, "def f(x):\n    return x\n", [[0], [1]])
    slow = "import time\ndef f(x):\n    time.sleep(x * 30)\n    return x\n"
    result = judge_answer(find_sandbox(), task, slow)
    assert result.verdict == "timed_out"
    assert result.detail == "plus input 0: one call took longer than 1.0 s"


def test_outputs_of_a_reference_are_kept_and_follow_it(tmp_path: Path) -> None:
    sandbox = find_sandbox()
    task = make_task(tmp_path / "keep", "def f(x):\n    return [x, (1, {2.5})]\n", [[1]])
    assert judge_answer(sandbox, task, task.reference).verdict == "passed"
    assert judge_answer(sandbox, task, task.reference).verdict == "passed"
    assert len(list((tmp_path / "keep").iterdir())) == 1
    other = dataclasses.replace(task, reference="def f(x):\n    return x\n")
    assert judge_answer(sandbox, other, task.reference).verdict == "failed"
    assert len(list((tmp_path / "keep").iterdir())) == 2


def test_an_output_too_large_to_compare_leaves_its_input_out(tmp_path: Path) -> None:
    task = make_task(tmp_path, "def f(x):\n    return [7] * x\n", [[3], [10**7]])
    small = "def f(x):\n    return [7] * min(x, 5)\n"
    assert judge_answer(find_sandbox(), task, small).verdict == "passed"


def test_a_reference_that_fails_here_is_said_not_judged(tmp_path: Path) -> None:
    task = make_task(tmp_path, "def f(x):\n    return 1 / x\n", [[0]])
    with pytest.raises(WinnowError, match=r"reference solution of Own/1 does not run .*ZeroDiv"):
        judge_answer(find_sandbox(), task, task.reference)


def test_match_objects_and_iterators_count_as_far_as_the_task_says(tmp_path: Path) -> None:
    sandbox = find_sandbox()
    reference = "import re\ndef f(x):\n    return re.search('a', x)\n"
    task = make_task(tmp_path, reference, [["a"], ["b"]], returned="is_not_none")
    assert judge_answer(sandbox, task, reference).verdict == "passed"
    assert judge_answer(sandbox, task, "def f(x):\n    return 'a' in x\n").verdict == "passed"
    assert judge_answer(sandbox, task, "def f(x):\n    return x\n").verdict == "failed"
    same = make_task(
        tmp_path,
        "def f(x):\n    return sorted(x)\n",
        [[[1, 2]]],
        oracle="same_set",
        returned="items",
    )
    assert (
        judge_answer(sandbox, same, "def f(x):\n    return iter([2, 1, 1])\n").verdict == "passed"
    )
    assert judge_answer(sandbox, same, "def f(x):\n    return iter([2])\n").verdict == "failed"


@pytest.mark.parametrize(
    ("arguments", "output", "expected", "atol", "oracle", "right"),
    [
        ([], 0.1 + 0.2, 0.3, 0, "equal", True),
        ([], 0.31, 0.3, 0, "equal", False),
        ([], 3, 3.0000001, 0, "equal", False),  # another type, and not equal
        ([], [0.1 + 0.2, 1.0], [0.3, 1.0], 0, "equal", True),
        ([], [1.0], [1.0, 2.0], 1e-4, "equal", False),
        ([], float("nan"), float("nan"), 0, "equal", True),
        ([], float("inf"), 1.0, 1e-4, "equal", False),
        ([], 10**400, 1.5, 1e-4, "equal", False),
        ([], "a", "b", 1e-4, "equal", False),
        ([], [2, 1, 1], [1, 2], 0, "same_set", True),
        ([], None, [1, 2], 0, "same_set", False),
        ([], [[1]], [1, 2], 0, "same_set", False),
        ([[-6, 11, -6, 1]], 2.0, 1.0, 1e-4, "polynomial_root", True),
        ([[-6, 11, -6, 1]], 1.5, 1.0, 1e-4, "polynomial_root", False),
        ([[1, 1]], 1e308, -1.0, 1e-4, "polynomial_root", False),
        ([[1, 1]], "x", -1.0, 1e-4, "polynomial_root", False),
        ([3, 4], 34, 33, 0, "pyramid_surface", False),
        ([3, 4], 33, 33, 0, "pyramid_surface", True),
        ([6, 4], 96, 84, 0, "pyramid_surface", True),
        ([1, 23], 4, 1, 0, "digit_distance", True),
        ([1, 23], 5, 1, 0, "digit_distance", False),
        ([], 0, 7, 0, "equal_or_zero", True),
        ([], 1, 7, 0, "equal_or_zero", False),
    ],
)
def test_outputs_are_compared_by_the_published_rules(
    arguments: list[object], output: object, expected: object, atol: float, oracle: str, right: bool
) -> None:
    assert is_right(arguments, output, expected, atol=atol, oracle=oracle) is right


def test_arguments_get_the_types_back_that_json_took() -> None:
    assert restore_types(2, [[1], [2]]) == [(1,), (2,)]
    assert restore_types(63, [[[1, 2]]]) == [[(1, 2)]]
    assert restore_types(115, [[[1], []]]) == [[{1}, {}]]
    assert restore_types(124, ["1", "1j"]) == [1.0, 1j]
    assert restore_types(278, [[1, [2]]]) == [(1, (2,))]
    assert restore_types(307, [[1], 0, 5]) == [(1,), 0, 5]
    assert restore_types(580, [[1, [2, [3]]]]) == [(1, (2, (3,)))]
    assert restore_types(722, [{"a": [1, 2]}, 1]) == [{"a": (1, 2)}, 1]
    assert restore_types(3, [[1]]) == [[1]]


def test_only_the_official_file_is_read_wherever_it_lies(tmp_path: Path) -> None:
    content = b'{"task_id": 1}\n'
    sha256 = hashlib.sha256(content).hexdigest()
    official = OfficialFile("Own", "own.jsonl", "http://127.0.0.1:9/own.jsonl", sha256)
    with pytest.raises(
        WinnowError, match=r"cannot be downloaded .*put the file there as .*own\.js"
    ):
        read_official(official, path=None, cache_dir=tmp_path)
    with pytest.raises(WinnowError, match="cannot be read"):
        read_official(official, path=tmp_path / "none", cache_dir=tmp_path)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "own.jsonl").write_bytes(content)
    assert read_official(official, path=None, cache_dir=tmp_path) == content
    assert read_official(official, path=tmp_path / "benchmarks", cache_dir=tmp_path) == content
    (tmp_path / "other").write_bytes(b"x")
    found = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(WinnowError, match=f"{found}, and {sha256} was expected"):
        read_official(official, path=tmp_path / "other", cache_dir=tmp_path)


def test_canaries_refuse_a_judging_that_lets_empty_functions_pass(tmp_path: Path) -> None:
    sandbox = find_sandbox()
    good = load_tasks("humaneval", limit=3, cache_dir=tmp_path)
    check_judging(sandbox, good)
    lax = dataclasses.replace(
        good[0],
        judging=PublishedTests("", "def check(candidate):\n    pass\n", good[0].entry_point),
    )
    with pytest.raises(WinnowError, match="an empty function of HumanEval/0 should be failed, but"):
        check_judging(sandbox, [lax])
    broken = dataclasses.replace(good[0], reference="raise SystemExit")
    with pytest.raises(WinnowError, match="the reference solution of HumanEval/0 should be passed"):
        check_judging(sandbox, [broken])
