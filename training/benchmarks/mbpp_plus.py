"""MBPP+ (Liu et al. 2023): the 378 tasks of MBPP that are well formed, with 35 times the inputs."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.benchmarks.files import OfficialFile, read_official, read_rows
from training.benchmarks.mbpp import write_question
from training.benchmarks.task import Differential, Returned, Task, take_evenly

NAME = "mbpp+"
OFFICIAL = OfficialFile(
    title="MBPP+",
    name="MbppPlus.jsonl.gz",
    url="https://github.com/evalplus/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz",
    sha256="af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
)

# Where equality is not enough, by function, as EvalPlus 0.3.1 has it.
_ORACLES = {
    "are_equivalent": "anything",  # Mbpp/164: the task does not say what is equivalent
    "sum_div": "equal_or_zero",  # Mbpp/295: whether a number divides itself is left open
    "surface_Area": "pyramid_surface",  # Mbpp/581: two readings of "height"
    "digit_distance_nums": "digit_distance",  # Mbpp/558: two readings for unequal lengths
    **dict.fromkeys(
        (
            "similar_elements",
            "find_char_long",
            "common_in_nested_lists",
            "extract_singly",
            "larg_nnum",
            "intersection_array",
            "find_dissimilar",
            "Diff",
        ),
        "same_set",
    ),
}
# Their references return a match object or None; an answer may return a bool as well.
_NOT_NONE = ("check_str", "text_match_three", "text_starta_endb")

# JSON knows neither tuples nor sets nor complex numbers: the tasks whose arguments need them.
_TUPLES = {2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630,
           726, 740, 744, 809}  # fmt: skip
_LISTS_OF_TUPLES = {63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780}
_FIRST_LIST_OF_TUPLES = {75, 413, 444, 753}
_FIRST_TUPLE = {250, 307, 405, 446, 617, 720, 763, 808}
_SECOND_TUPLE = {106, 750}
_TUPLES_OF_TUPLES = {259, 278, 401, 445}
_ALL_TUPLES = {580, 615, 791}


def read_tasks(*, limit: int | None, file: Path | None, cache_dir: Path) -> list[Task]:
    """The 378 tasks of v0.2.0.

    Raises:
        WinnowError: the official file cannot be had, or `limit` is out of range.
    """
    content = read_official(OFFICIAL, path=file, cache_dir=cache_dir)
    rows = take_evenly(read_rows(content), limit=limit, title=OFFICIAL.title)
    return [_read_task(row, cache_dir / "benchmarks" / "expected") for row in rows]


def _read_task(row: dict[str, Any], keep: Path) -> Task:
    name, number = row["entry_point"], int(row["task_id"].rpartition("/")[2])
    returned: Returned = "is_not_none" if name in _NOT_NONE else "value"
    oracle = _ORACLES.get(name, "equal")
    if oracle == "same_set":
        returned = "items"
    return Task(
        task_id=row["task_id"],
        question=_write_question(row["prompt"]),
        prompt="",
        entry_point=name,
        reference=row["canonical_solution"],
        empty=f"def {name}(*arguments):\n    pass\n",
        judging=Differential(
            base_inputs=tuple(restore_types(number, item) for item in row["base_input"]),
            plus_inputs=tuple(restore_types(number, item) for item in row["plus_input"]),
            atol=row["atol"],
            oracle=oracle,
            returned=returned,
            keep=keep,
        ),
    )


def _write_question(prompt: str) -> str:
    """The published prompt is a docstring: the task's text, then one assertion."""
    docstring = ast.literal_eval(prompt.strip())
    text, found, assertion = docstring.partition("\nassert")
    return write_question(text, f"assert{assertion}" if found else "")


def restore_types(number: int, arguments: Sequence[Any]) -> Sequence[Any]:
    """The arguments of task `number` with the types that they had before they were JSON."""
    first, rest = (arguments[0], arguments[1:]) if arguments else (None, ())
    if number in _TUPLES:
        return [tuple(item) for item in arguments]
    if number in _LISTS_OF_TUPLES:
        return [[tuple(item) for item in argument] for argument in arguments]
    if number in _FIRST_LIST_OF_TUPLES:
        return [[tuple(item) for item in first or ()], *rest]
    if number in _FIRST_TUPLE:
        return [tuple(first or ()), *rest]
    if number in _SECOND_TUPLE:
        return [first, tuple(rest[0])]
    if number in _TUPLES_OF_TUPLES:
        return [tuple(map(_tuple_of_list, argument)) for argument in arguments]
    if number in _ALL_TUPLES:
        return [_deep_tuple(argument) for argument in arguments]
    return _restore_rare_types(number, arguments)


def _restore_rare_types(number: int, arguments: Sequence[Any]) -> Sequence[Any]:
    match number:
        case 115:  # an empty one is a dict there, as in the original's own tests
            return [[set(item) if item else {} for item in arguments[0]]]
        case 124:
            return [float(arguments[0]), complex(arguments[1])]
        case 252:
            return [complex(arguments[0])]
        case 722:
            return [{key: tuple(value) for key, value in arguments[0].items()}, *arguments[1:]]
    return arguments


def _tuple_of_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _deep_tuple(value: Any) -> Any:
    return tuple(_deep_tuple(item) for item in value) if isinstance(value, list) else value
