"""Answers on disk: whole or not at all, and in the order they came."""

import asyncio
import json
from pathlib import Path

import pytest

from storage.records import Response
from workbench.generation.answers import (
    AnswerWriter,
    append_segment,
    read_answers,
    read_segments,
    segment_path,
)
from workbench.generation.intents import IntentLog, open_intents

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def make_response(number: int, raw: str = "{}") -> Response:
    return Response(f"k{number}", "s", "p", "e", "m", {}, raw, 1, 2, 0.5, None, 1.0)


async def test_what_put_returned_for_is_on_disk_and_reads_back_equal(tmp_path: Path) -> None:
    responses = [make_response(n, raw="a\ud800\0\n" * n) for n in range(30)]
    async with AnswerWriter(tmp_path) as writer:
        await asyncio.gather(*(writer.put(one) for one in responses[:20]))
        assert {one.key for one in read_answers(tmp_path)} == {f"k{n}" for n in range(20)}
        for one in responses[20:]:
            await writer.put(one)
    assert sorted(read_answers(tmp_path), key=lambda one: int(one.key[1:])) == responses


async def test_answers_that_come_together_share_a_segment(tmp_path: Path) -> None:
    async with AnswerWriter(tmp_path) as writer:
        await asyncio.gather(*(writer.put(make_response(n)) for n in range(200)))
    assert len(list(read_segments(tmp_path))) < 20
    assert len(list(read_answers(tmp_path))) == 200


async def test_another_writer_goes_on_after_the_last_segment(tmp_path: Path) -> None:
    for number in range(3):
        async with AnswerWriter(tmp_path) as writer:
            await writer.put(make_response(number))
    append_segment(tmp_path, [make_response(3), make_response(4)])
    assert [number for number, _ in read_segments(tmp_path)] == [0, 1, 2, 3]
    assert [one.key for one in read_answers(tmp_path)] == [f"k{n}" for n in range(5)]
    assert [number for number, _ in read_segments(tmp_path, first=2)] == [2, 3]


async def test_a_segment_that_was_being_written_at_a_crash_is_not_there(tmp_path: Path) -> None:
    append_segment(tmp_path, [make_response(0)])
    half = segment_path(tmp_path, 1).with_suffix(".tmp")
    half.write_bytes(b'{"key": "k1", "seed')
    assert [one.key for one in read_answers(tmp_path)] == ["k0"]
    async with AnswerWriter(tmp_path) as writer:
        await writer.put(make_response(2))
    assert [one.key for one in read_answers(tmp_path)] == ["k0", "k2"]


async def test_an_answer_that_cannot_be_written_is_an_error_not_a_success(tmp_path: Path) -> None:
    async with AnswerWriter(tmp_path) as writer:
        (tmp_path / "answers").rename(tmp_path / "elsewhere")
        with pytest.raises(OSError):
            await writer.put(make_response(0))
        (tmp_path / "elsewhere").rename(tmp_path / "answers")
        await writer.put(make_response(1))
    assert [one.key for one in read_answers(tmp_path)] == ["k1"]


def test_what_was_under_way_is_known_after_a_crash(tmp_path: Path) -> None:
    with IntentLog(tmp_path) as intents:
        for key in ("a", "b", "c"):
            intents.sent(key, 0.5)
        intents.refused("b")
    with (tmp_path / "sent.jsonl").open("ab") as file:
        file.write(b'{"key": "d", "ti')
    assert set(open_intents(tmp_path)) == {"a", "c"}
    with IntentLog(tmp_path) as intents:
        intents.sent("e", None)
    found = open_intents(tmp_path)
    assert set(found) == {"a", "c", "e"}
    assert (found["a"][1], found["e"][1]) == (0.5, None)
    lines = (tmp_path / "sent.jsonl").read_bytes().splitlines()
    assert all(json.loads(line) for line in lines)
    assert (tmp_path / "sent.jsonl").stat().st_size == sum(len(line) + 1 for line in lines)
