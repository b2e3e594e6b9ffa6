"""Scores a model: greedy answers in batches, judged in sandboxes while the next batch is made."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from training.encoding import render_prompt
from training.extraction import extract_code
from training.folder import RunFolder
from training.humaneval import Task, judge_answer, write_question
from workbench.sandbox import Sandbox

# SmolLM2's answers to HumanEval have 150 to 350 tokens; what is longer repeats itself.
MAX_NEW_TOKENS = 512
BATCH_SIZE = 16  # above 32 rows two CPU cores gain nothing, and progress becomes coarse
JUDGES = 2


def evaluate(
    load: Callable[[], Any],
    tokenizer: Any,
    tasks: Sequence[Task],
    *,
    label: str,
    folder: RunFolder,
    sandbox: Sandbox,
    phase: str,
    max_new_tokens: int = MAX_NEW_TOKENS,
) -> dict[str, dict[str, Any]]:
    """Answers to `tasks` by task id, each with its verdict; those in the folder are not made again.

    `load` gives the model and is called only if there is something to answer. Ends early, with the
    answers so far, when the folder says so.
    """
    answers = folder.answers(label)
    wanted = {task.task_id for task in tasks}
    done = {task_id: row for task_id, row in answers.items() if task_id in wanted}
    missing = [task for task in tasks if task.task_id not in done]

    def report() -> None:
        passed = sum(row["verdict"] == "passed" for row in done.values())
        folder.progress(phase, model=label, done=len(done), total=len(tasks), passed=passed)

    def take(judged: list[Future[dict[str, Any]]]) -> None:
        rows = [future.result() for future in judged]
        if rows:
            folder.add_answers(rows)
            done.update({row["task_id"]: row for row in rows})
            report()

    report()
    if not missing:
        return done
    batches = generate_answers(
        load(),
        tokenizer,
        [write_question(task) for task in missing],
        max_new_tokens=max_new_tokens,
        stop_requested=folder.stop_requested,
    )
    with ThreadPoolExecutor(JUDGES) as judges:
        pending: list[Future[dict[str, Any]]] = []
        for batch in batches:
            take(pending)
            pending = [
                judges.submit(judge_raw, sandbox, missing[index], raw, label=label)
                for index, raw in batch
            ]
        take(pending)
    return done


def judge_raw(sandbox: Sandbox, task: Task, raw: str, *, label: str) -> dict[str, Any]:
    """One row of answers.jsonl: what was asked and answered, the code in it, and the verdict."""
    code = extract_code(raw, prompt=task.prompt, entry_point=task.entry_point)
    row = {
        "model": label,
        "task_id": task.task_id,
        "prompt": write_question(task),
        "raw": raw,
        "code": code or "",
    }
    if code is None:
        return {**row, "verdict": "no_code", "detail": "the answer has no code"}
    judgement = judge_answer(sandbox, task, code)
    return {**row, "verdict": judgement.verdict, "detail": judgement.detail}


def generate_answers(
    model: Any,
    tokenizer: Any,
    questions: Sequence[str],
    *,
    max_new_tokens: int,
    stop_requested: Callable[[], bool],
) -> Iterator[list[tuple[int, str]]]:
    """Yield greedy answers as (index of the question, text), one batch after the other.

    Questions of similar length share a batch. A batch that is stopped in the middle is dropped.
    """
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((len(input_ids),), stop_requested(), device=input_ids.device)

    prompts = [render_prompt([{"role": "user", "content": text}], tokenizer) for text in questions]
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    model.eval()
    for start in range(0, len(order), BATCH_SIZE):
        indices = order[start : start + BATCH_SIZE]
        batch = tokenizer(
            [prompts[index] for index in indices],
            add_special_tokens=False,  # the template has written them
            padding=True,
            padding_side="left",
            return_tensors="pt",
        ).to(model.device)
        with torch.inference_mode():
            output = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=max_new_tokens,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
                stopping_criteria=StoppingCriteriaList([Stop()]),
            )
        if stop_requested():
            return
        answers = output[:, batch["input_ids"].shape[1] :]
        texts = tokenizer.batch_decode(answers, skip_special_tokens=True)
        yield list(zip(indices, texts, strict=True))
