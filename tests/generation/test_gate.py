"""The limits of a run, without a network."""

import asyncio
import time

import pytest

from storage.errors import WinnowError
from storage.records import Request
from workbench.generation.budget import Budget, most_prompt_tokens, read_usage, reservation
from workbench.generation.gate import CapReached, Gate, GateClosed
from workbench.generation.limits import Limits, Price, load_limits

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def make_gate(*, spent=0.0, **limits) -> tuple[Gate, list[float]]:
    rests: list[float] = []
    return Gate(Limits(**limits), spent=spent, on_rest=rests.append), rests


async def enter(gate: Gate, seconds: float = 0.2, money: float | None = None) -> float:
    async with asyncio.timeout(seconds):
        return await gate.enter(tokens=100, money=money)


def leave(gate: Gate, *, cost: float | None = 0.0, money: float | None = None) -> None:
    gate.leave(tokens=100, used=100, money=money, cost=cost)


async def test_no_more_enter_than_are_allowed() -> None:
    gate, _ = make_gate(concurrency=2)
    await enter(gate)
    await enter(gate)
    with pytest.raises(TimeoutError):
        await enter(gate)
    leave(gate)
    await enter(gate)
    assert gate.active == 2


async def test_a_wave_of_refusals_counts_once_and_answers_bring_it_back() -> None:
    gate, _ = make_gate(concurrency=20)
    entered = [await enter(gate) for _ in range(20)]
    for at in entered:
        leave(gate)
        gate.turned_away(at, 0.0)
    assert gate.allowed == pytest.approx(0.7 * 20)
    later = await enter(gate)
    leave(gate)
    gate.turned_away(later, 0.0)
    assert gate.allowed == 1.0  # that one was alone, and still too much; less there is not
    for _ in range(2000):
        gate.answered()
    assert gate.allowed == 20


async def test_a_rest_holds_everybody_and_is_told() -> None:
    gate, rests = make_gate(concurrency=8)
    at = await enter(gate)
    leave(gate)
    started = time.monotonic()
    for _ in range(3):
        gate.turned_away(at, 0.3)
    await enter(gate, 2.0)
    assert time.monotonic() - started >= 0.3
    assert len(rests) >= 1 and rests[0] == pytest.approx(time.time(), abs=2)


async def test_a_pace_is_kept_and_a_pause_is_not_caught_up_with() -> None:
    gate, _ = make_gate(concurrency=100, requests_per_minute=1200)
    await asyncio.sleep(0.5)
    started = time.monotonic()
    for _ in range(20):
        await enter(gate, 5.0)
    # 20 a second; at most 0.2 s of them at once.
    assert 0.7 <= time.monotonic() - started < 3


async def test_tokens_are_paced_and_corrected_by_what_was_used() -> None:
    gate, _ = make_gate(concurrency=100, tokens_per_minute=60_000)
    for _ in range(2):
        await gate.enter(tokens=1000, money=None)
        gate.leave(tokens=1000, used=10, money=None, cost=None)
    await enter(gate, 0.2)  # 20 of 1,000 a second were used, not 2,000


async def test_money_is_set_aside_before_and_settled_after() -> None:
    gate, _ = make_gate(concurrency=5, max_cost=1.0, spent=0.3)
    await enter(gate, money=0.4)
    with pytest.raises(TimeoutError):
        await enter(gate, money=0.4)  # 0.3 + 0.4 + 0.4 could be above 1
    leave(gate, money=0.4, cost=0.1)
    await enter(gate, money=0.4)
    leave(gate, money=0.4, cost=None)  # unknown: it may have been all of it
    with pytest.raises(CapReached):
        await enter(gate, money=0.4)


async def test_a_closed_gate_lets_nobody_through_not_even_who_waits() -> None:
    gate, _ = make_gate(concurrency=1)
    await enter(gate)
    waiting = [asyncio.create_task(gate.enter(tokens=1, money=None)) for _ in range(3)]
    await asyncio.sleep(0.01)
    gate.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in outcomes] == [GateClosed] * 3


def test_a_budget_without_a_cap_refuses_nothing() -> None:
    budget = Budget(None)
    assert budget.reserve(1e9) and budget.reserve(None)


def test_a_reservation_is_more_than_any_tokenizer_makes_of_it() -> None:
    text = "naïve 🙂 " * 50
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": text}]
    request = Request("k", "s", "p", messages, {"max_tokens": 100})
    assert most_prompt_tokens(request) >= len(text.encode()) + 1
    assert reservation(request, None) is None
    price = Price(1.0, 10.0)
    assert reservation(request, price) == pytest.approx(
        (most_prompt_tokens(request) + 100 * 10) / 1e6
    )


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ('{"usage": {"prompt_tokens": 5, "completion_tokens": 7}}', (5, 7)),
        ('{"usage": {"prompt_tokens": -5, "completion_tokens": 1e9}}', (0, 0)),
        ('{"usage": {"prompt_tokens": true, "completion_tokens": "7"}}', (0, 0)),
        ('{"usage": []}', (0, 0)),
        ('{"usage": [1]}', (0, 0)),
        ("[]", (0, 0)),
        ("<html>", (0, 0)),
        ("[" * 100_000, (0, 0)),
    ],
)
def test_usage_is_believed_only_where_it_can_be_true(raw: str, usage: tuple[int, int]) -> None:
    assert read_usage(raw) == usage


def test_limits_are_read_back_as_they_were_saved(tmp_path) -> None:
    limits = Limits(concurrency=3, max_cost=2.5, retry=("timed_out",))
    limits.save(tmp_path)
    assert load_limits(tmp_path) == limits
    (tmp_path / "limits.json").write_text("[]")
    with pytest.raises(WinnowError, match="holds no limits"):
        load_limits(tmp_path)
