"""Training by its numbers, on a model of two layers."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from storage.errors import WinnowError
from training.dataset import Row
from training.encoding import encode_rows
from training.models import load_model
from training.recipes import Recipe, find_recipe
from training.train import TrainingResult, collate, measure_loss, tune

ROWS = [Row(str(n), (("user", f"{n} + {n}?"), ("assistant", str(n + n)))) for n in range(16)]
FULL = dataclasses.replace(
    find_recipe("full"), learning_rate=3e-3, batch_size=4, epochs=6, warmup_steps=0
)


def train(
    source: Path, tokenizer: Any, recipe: Recipe, *, stop_after: int = 1000
) -> tuple[TrainingResult, list[dict[str, Any]]]:
    steps: list[dict[str, Any]] = []
    model = load_model(str(source), dtype=torch.float32)
    rows = encode_rows(ROWS, tokenizer, max_length=200).kept
    result = tune(
        model,
        rows,
        recipe=recipe,
        random_seed=1,
        autocast=False,
        on_step=steps.append,
        stop_requested=lambda: len(steps) >= stop_after,
    )
    return result, steps


def test_same_seed_gives_the_same_losses_and_they_fall(tiny_model: Path, tokenizer: Any) -> None:
    first, steps = train(tiny_model, tokenizer, FULL)
    second, _ = train(tiny_model, tokenizer, FULL)
    assert first.losses == second.losses
    assert len(first.losses) == 24 == steps[-1]["step"] == steps[-1]["steps"]
    assert first.losses[0] == pytest.approx(5.55, abs=0.1)  # ln 258: random weights know nothing
    assert first.losses[-1] < 0.8 * first.losses[0]
    assert first.tokens == 6 * encode_rows(ROWS, tokenizer, max_length=200).tokens


def test_accumulated_batches_weigh_tokens_as_one_batch_does(
    tiny_model: Path, tokenizer: Any
) -> None:
    whole, _ = train(tiny_model, tokenizer, FULL)
    pieces, _ = train(tiny_model, tokenizer, dataclasses.replace(FULL, micro_batch_size=1))
    assert pieces.losses == pytest.approx(whole.losses, rel=1e-3)


def test_adapters_are_merged_into_a_plain_model(tiny_model: Path, tokenizer: Any) -> None:
    recipe = dataclasses.replace(
        FULL, lora_rank=4, lora_alpha=8, optimizer="adamw_torch", learning_rate=1e-2
    )
    rows = encode_rows(ROWS, tokenizer, max_length=200).kept
    before = measure_loss(
        load_model(str(tiny_model), dtype=torch.float32), rows, batch_size=4, autocast=False
    )
    result, _ = train(tiny_model, tokenizer, recipe)
    after = measure_loss(result.model, rows, batch_size=4, autocast=False)
    assert type(result.model).__name__ == "LlamaForCausalLM"
    assert before is not None
    assert after is not None
    assert after < before - 0.1
    assert after == pytest.approx(result.losses[-1], abs=0.5)


def test_held_out_loss_weighs_tokens_and_ignores_padding(tiny_model: Path, tokenizer: Any) -> None:
    model = load_model(str(tiny_model), dtype=torch.float32)
    pairs = (("user", "?"), ("assistant", "x" * 40)), (("user", "long " * 9), ("assistant", "y"))
    rows = encode_rows([Row("a", pairs[0]), Row("b", pairs[1])], tokenizer, max_length=200).kept
    alone = [measure_loss(model, [row], batch_size=1, autocast=False) for row in rows]
    weights = [row.supervised for row in rows]
    expected = sum(a * w for a, w in zip(alone, weights, strict=True) if a) / sum(weights)
    assert measure_loss(model, rows, batch_size=2, autocast=False) == pytest.approx(expected, 1e-5)
    assert measure_loss(model, [], batch_size=2, autocast=False) is None


def test_padding_is_told_by_length_although_eos_is_the_padding_token(tokenizer: Any) -> None:
    batch = collate(encode_rows([ROWS[1], ROWS[12]], tokenizer, max_length=200).kept)
    assert batch["attention_mask"].sum(1).tolist() == [27, 30]
    assert batch["labels"][0, 26] == tokenizer.eos_token_id
    assert batch["labels"][0, 27:].tolist() == [-100] * 3


def test_training_stops_after_the_running_step(tiny_model: Path, tokenizer: Any) -> None:
    result, steps = train(tiny_model, tokenizer, FULL, stop_after=3)
    assert result.stopped
    assert len(steps) == len(result.losses) == 3


def test_diverged_training_says_so(tiny_model: Path, tokenizer: Any) -> None:
    model = load_model(str(tiny_model), dtype=torch.float32)
    with torch.no_grad():
        model.lm_head.weight[0, 0] = float("nan")
    with pytest.raises(WinnowError, match=r"diverged: the loss is nan at step 1 of 24"):
        tune(
            model,
            encode_rows(ROWS, tokenizer, max_length=200).kept,
            recipe=FULL,
            random_seed=1,
            autocast=False,
            on_step=lambda _: None,
            stop_requested=lambda: False,
        )
