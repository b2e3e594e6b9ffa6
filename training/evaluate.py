"""Scores a model: answers in batches, judged in sandboxes while the next batch is made."""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from training.benchmarks.canaries import check_judging
from training.benchmarks.judging import judge_answer
from training.benchmarks.task import Task
from training.encoding import render_prompt
from training.extraction import extract_code
from training.folder import RunFolder
from workbench.sandbox import Sandbox

# SmolLM2's answers to HumanEval have 150 to 350 tokens; what is longer repeats itself.
MAX_NEW_TOKENS = 512
BATCH_SIZE = 16  # above 32 rows two CPU cores gain nothing, and progress becomes coarse
JUDGES = 2
TOP_P = 0.95  # of sampled answers, as in Chen et al. 2021

# Yields (index of the question, answer), some at a time; asked with the questions and, for each,
# the number of the sample, which makes its random seed.
Answering = Callable[[Sequence[str], Sequence[int]], Iterator[list[tuple[int, str]]]]


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
    """A local model's greedy answers by task id, each with its verdict; those in the folder are not
    made again.

    `load` gives the model and is called only if there is something to answer. Ends early, with the
    answers so far, when the folder says so.
    """

    def answering(
        questions: Sequence[str], samples: Sequence[int]
    ) -> Iterator[list[tuple[int, str]]]:
        return generate_answers(
            load(),
            tokenizer,
            questions,
            max_new_tokens=max_new_tokens,
            stop_requested=folder.stop_requested,
        )

    done = collect_answers(
        answering, tasks, label=label, folder=folder, sandbox=sandbox, phase=phase
    )
    return {task_id: row for (task_id, _), row in done.items()}


def collect_answers(
    answering: Answering,
    tasks: Sequence[Task],
    *,
    label: str,
    folder: RunFolder,
    sandbox: Sandbox,
    phase: str,
    samples: int = 1,
) -> dict[tuple[str, int], dict[str, Any]]:
    """`samples` judged answers to each task, by (task id, number of the sample).

    Whatever is missing in the folder is asked for, after the canaries have shown that the judging
    works. An answer is in the folder before it counts.

    Raises:
        WinnowError: the judging does not work, or no answer can be had.
    """
    wanted = [(task, number) for number in range(samples) for task in tasks]
    keys = {(task.task_id, number) for task, number in wanted}
    done = {key: row for key, row in _read_answers(folder, label).items() if key in keys}
    missing = [(task, number) for task, number in wanted if (task.task_id, number) not in done]

    def report() -> None:
        passed = sum(row["verdict"] == "passed" for row in done.values())
        folder.progress(phase, model=label, done=len(done), total=len(wanted), passed=passed)

    def take(judged: list[Future[dict[str, Any]]]) -> None:
        rows = [future.result() for future in judged]
        if rows:
            folder.add_answers(rows)
            done.update({(row["task_id"], row["sample"]): row for row in rows})
            report()

    report()
    if not missing:
        return done
    check_judging(sandbox, tasks)
    batches = answering([task.question for task, _ in missing], [number for _, number in missing])
    with ThreadPoolExecutor(JUDGES) as judges:
        pending: list[Future[dict[str, Any]]] = []
        try:
            for batch in batches:
                take(pending)
                pending = []
                for index, raw in batch:
                    task, number = missing[index]
                    pending.append(
                        judges.submit(judge_raw, sandbox, task, raw, label=label, sample=number)
                    )
        finally:
            take(pending)  # an endpoint that fails takes none of the answers before it along
    return done


def _read_answers(folder: RunFolder, label: str) -> dict[tuple[str, int], dict[str, Any]]:
    """The folder's finished answers of one model; the first of a task and a number counts."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    try:
        lines = (folder.path / "answers.jsonl").read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue  # cut by a crash; it is answered again
        if isinstance(row, dict) and row.get("model") == label:
            found.setdefault((row["task_id"], row.get("sample", 0)), row)
    return found


def judge_raw(
    sandbox: Sandbox, task: Task, raw: str, *, label: str, sample: int = 0
) -> dict[str, Any]:
    """One row of answers.jsonl: what was asked and answered, the code in it, and the verdict."""
    code = extract_code(raw, prompt=task.prompt, entry_point=task.entry_point)
    row = {
        "model": label,
        "task_id": task.task_id,
        "sample": sample,
        "prompt": task.question,
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
    temperature: float = 0.0,
    samples: Sequence[int] = (),
    random_seed: int = 0,
) -> Iterator[list[tuple[int, str]]]:
    """Yield answers as (index of the question, text), one batch after the other; greedy ones at
    temperature 0.

    Questions of similar length share a batch. A batch that is stopped in the middle is dropped.
    With a temperature, each batch has a seed made of `random_seed`, its questions and the numbers
    in `samples`: the same batch has the same answers.
    """
    import torch
    from transformers import StoppingCriteria, StoppingCriteriaList

    class Stop(StoppingCriteria):
        def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
            return torch.full((len(input_ids),), stop_requested(), device=input_ids.device)

    greedy = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    sampled = {"do_sample": True, "temperature": temperature, "top_p": TOP_P, "top_k": 0}
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
        if temperature:
            drawn = [(random_seed, questions[index], samples[index]) for index in indices]
            torch.manual_seed(zlib.crc32(repr(drawn).encode("utf-8", "backslashreplace")))
        with torch.inference_mode():
            output = model.generate(
                input_ids=batch["input_ids"],
                attention_mask=batch["attention_mask"],
                max_new_tokens=max_new_tokens,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
                stopping_criteria=StoppingCriteriaList([Stop()]),
                **(sampled if temperature else greedy),
            )
        if stop_requested():
            return
        answers = output[:, batch["input_ids"].shape[1] :]
        texts = tokenizer.batch_decode(answers, skip_special_tokens=True)
        yield list(zip(indices, texts, strict=True))
