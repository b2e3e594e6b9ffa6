"""One training: rows in, a tuned model and its numbers out.

Imports torch and transformers, which takes seconds: import it where it is needed.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from storage.errors import WinnowError
from training.encoding import IGNORED, Encoded
from training.recipes import Recipe


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a training did: one loss per optimizer step; `tokens` seen, without padding."""

    model: Any
    losses: tuple[float, ...]
    tokens: int
    seconds: float
    stopped: bool


def tune(
    model: Any,
    rows: Sequence[Encoded],
    *,
    recipe: Recipe,
    random_seed: int,
    autocast: bool,
    on_step: Callable[[dict[str, Any]], None],
    stop_requested: Callable[[], bool],
) -> TrainingResult:
    """Train `model` on `rows`; adapters, if the recipe has them, are merged into it afterwards.

    `on_step` gets step, steps, loss, learning_rate, grad_norm, epoch and tokens_per_second after
    each optimizer step. Once `stop_requested` says so, the training ends early.

    Raises:
        WinnowError: the loss is no number any more.
    """
    torch.manual_seed(random_seed)
    if recipe.lora_rank:
        model = _add_adapters(model, recipe)
    watch = _Watch(on_step, stop_requested)
    with TemporaryDirectory(prefix="winnow-trainer-") as scratch:
        trainer = Trainer(
            model=model,
            args=_arguments(recipe, scratch, random_seed=random_seed, autocast=autocast),
            train_dataset=list(rows),
            data_collator=collate,
            callbacks=[watch],
        )
        trainer.remove_callback(PrinterCallback)
        begin = time.monotonic()
        trainer.train()
        seconds = time.monotonic() - begin
    if recipe.lora_rank:
        # In fp32: a small change added to a bf16 weight would be rounded away.
        model = model.float().merge_and_unload()
    return TrainingResult(model, tuple(watch.losses), watch.tokens, seconds, watch.stopped)


def collate(rows: Sequence[Encoded]) -> dict[str, torch.Tensor]:
    """One batch, padded on the right to its longest row.

    The padding is told by length and never by token: many models pad with their EOS, which has to
    be learned.
    """
    width = max(len(row.input_ids) for row in rows)
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORED, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for index, row in enumerate(rows):
        length = len(row.input_ids)
        ids[index, :length] = torch.tensor(row.input_ids)
        labels[index, :length] = torch.tensor(row.labels)
        mask[index, :length] = 1
    return {"input_ids": ids, "labels": labels, "attention_mask": mask}


def measure_loss(
    model: Any, rows: Sequence[Encoded], *, batch_size: int, autocast: bool
) -> float | None:
    """Mean loss per supervised token over `rows` (not per row or batch); None without rows."""
    if not rows:
        return None
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    total, count = 0.0, 0
    with (
        torch.inference_mode(),
        torch.autocast(device.type, dtype=torch.bfloat16, enabled=autocast),
    ):
        for start in range(0, len(rows), batch_size):
            batch = {
                name: tensor.to(device)
                for name, tensor in collate(rows[start : start + batch_size]).items()
            }
            labels = batch.pop("labels")[:, 1:].reshape(-1)
            logits = model(**batch, use_cache=False).logits[:, :-1].float()
            flat = logits.reshape(-1, logits.size(-1))
            total += cross_entropy(flat, labels, ignore_index=IGNORED, reduction="sum").item()
            count += int((labels != IGNORED).sum())
    model.train(was_training)
    return total / count


def _add_adapters(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def _arguments(
    recipe: Recipe, scratch: str, *, random_seed: int, autocast: bool
) -> TrainingArguments:
    return TrainingArguments(
        output_dir=scratch,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup_steps,
        optim=recipe.optimizer,
        max_grad_norm=recipe.max_grad_norm,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        per_device_train_batch_size=recipe.micro_batch_size,
        gradient_accumulation_steps=max(1, recipe.batch_size // recipe.micro_batch_size),
        bf16=autocast,
        use_cpu=not torch.cuda.is_available(),
        seed=random_seed,
        logging_steps=1,
        logging_nan_inf_filter=False,  # the default hides a diverged loss
        include_num_input_tokens_seen="non_padding",
        remove_unused_columns=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
    )


class _Watch(TrainerCallback):
    """Follows the Trainer: reports steps, notices a diverged loss, passes on the wish to stop."""

    def __init__(
        self, on_step: Callable[[dict[str, Any]], None], stop_requested: Callable[[], bool]
    ) -> None:
        self.losses: list[float] = []
        self.tokens = 0
        self.stopped = False
        self._on_step = on_step
        self._stop_requested = stop_requested
        self._since = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._since = time.monotonic()

    def on_substep_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self._stop_if_asked(control)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return  # the summary at the end
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise WinnowError(
                f"The training diverged: the loss is {loss} at step {state.global_step} of "
                f"{state.max_steps}. Lower the learning rate ({args.learning_rate:g}) or look for "
                "broken rows in the data set."
            )
        now, seen = time.monotonic(), int(state.num_input_tokens_seen)
        speed = (seen - self.tokens) / max(now - self._since, 1e-9)
        self.losses.append(loss)
        self.tokens, self._since = seen, now
        step: dict[str, Any] = {"step": state.global_step, "steps": state.max_steps, "loss": loss}
        for name in ("learning_rate", "grad_norm", "epoch"):
            if logs.get(name) is not None:
                step[name] = float(logs[name])
        self._on_step({**step, "tokens_per_second": round(speed, 1)})
        if state.global_step < state.max_steps:
            self._stop_if_asked(control)

    def _stop_if_asked(self, control: TrainerControl) -> None:
        if self._stop_requested():
            self.stopped = True
            control.should_training_stop = True
