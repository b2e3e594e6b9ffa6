"""Output of jobs is taken in once, whatever is killed in between."""

import json
import time
from dataclasses import asdict

from storage.jobs import add_job, get_job
from storage.ledger import spending
from storage.records import Response
from storage.samples import count_samples
from storage.seeds import add_seeds
from tests.conftest import make_seed
from workbench.generation.answers import append_segment, segment_path
from workbench.jobs.folder import JobState, append_line
from workbench.jobs.process import create_job
from workbench.pipeline.ingest import take_in, take_in_job

ANSWER = """[Problem Description]
Add one to `x`.

[Solution]
```python
def f(x):
    return x
```"""


def body(content, finish="stop"):
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return json.dumps({"choices": [choice]})


def response(number, raw, failure=None):
    return Response(
        key=f"k{number}",
        seed_id=f"seed{number}",
        prompt_id="p1",
        endpoint="http://127.0.0.1/v1",
        model="m",
        parameters={"temperature": 0},
        raw=raw,
        prompt_tokens=100,
        completion_tokens=50,
        seconds=0.5,
        cost=0.01,
        received_at=time.time(),
        failure=failure,
    )


def start(workspace, responses):
    with workspace.database.transaction() as cursor:
        add_seeds(cursor, [make_seed(f"seed{number}") for number in range(6)], job_id="draw-1")
        folder = create_job(workspace.jobs_dir, "generate", {})
        add_job(cursor, folder.id, "generate")
    for one in responses:
        append_segment(folder.path, [one])
    return folder


def test_every_response_is_a_sample_or_a_failure_with_its_reason(workspace):
    responses = [
        response(0, body(ANSWER)),
        response(1, body("no labels at all")),
        response(2, body(ANSWER, finish="length")),
        response(3, "", failure="timed_out"),
    ]
    folder = start(workspace, responses)
    folder.finish(JobState.DONE)
    assert take_in(workspace) == {folder.id: JobState.DONE}
    with workspace.database.read() as cursor:
        spent = spending(cursor)
        assert count_samples(cursor) == 1
    assert spent["requests"] == 4 == count_kept(spent) + 1
    assert spent["failures"]["timed_out"] == 1


def count_kept(spent):
    return sum(spent["failures"].values())


def test_taking_in_again_changes_nothing(workspace):
    folder = start(workspace, [response(0, body(ANSWER)), response(1, body(ANSWER + "\n"))])
    take_in(workspace)
    with workspace.database.read() as cursor:
        record = get_job(cursor, folder.id)
    assert record
    for offsets in (record.taken, {}):  # as before a crash, and as if nothing was noted
        with workspace.database.transaction() as cursor:
            cursor.execute(
                "update jobs set taken = ? where id = ?", [json.dumps(offsets), folder.id]
            )
            again = get_job(cursor, folder.id)
        assert again
        take_in_job(workspace, again)
    with workspace.database.read() as cursor:
        assert count_samples(cursor) == 2
        assert spending(cursor)["cost"] == 0.02


def test_a_segment_that_is_still_being_written_is_taken_in_when_it_is_whole(workspace):
    folder = start(workspace, [response(0, body(ANSWER)), response(1, body(ANSWER))])
    last = segment_path(folder.path, 1)
    last.rename(last.with_suffix(".tmp"))
    take_in(workspace)
    with workspace.database.read() as cursor:
        assert count_samples(cursor) == 1
    last.with_suffix(".tmp").rename(last)
    take_in(workspace)
    with workspace.database.read() as cursor:
        assert count_samples(cursor) == 2


def test_a_request_that_failed_and_was_asked_again_is_settled_anew(workspace):
    folder = start(workspace, [response(0, "", failure="server_error"), response(0, body(ANSWER))])
    take_in(workspace)
    with workspace.database.read() as cursor:
        assert spending(cursor)["failures"] == {}
        rows = cursor.execute("select count(*) from responses").fetchall()
    assert rows == [(2,)]
    assert folder.state() is JobState.INTERRUPTED


def test_a_row_that_is_none_blocks_neither_its_job_nor_the_others(workspace, caplog):
    first = start(workspace, [response(0, body(ANSWER))])
    append_line(segment_path(first.path, 0), {"key": "half a row"})
    append_line(segment_path(first.path, 0), asdict(response(1, body(ANSWER))))
    second = start(workspace, [response(2, body(ANSWER))])
    take_in(workspace)
    take_in(workspace)
    with workspace.database.read() as cursor:
        assert count_samples(cursor) == 3
        assert get_job(cursor, second.id).taken == {"answers": 1}
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert f"{first.id}/answers/000000.jsonl holds a row without" in told[0]


def test_an_analysis_whose_output_is_gone_ends_as_failed(workspace):
    folder = create_job(workspace.jobs_dir, "analyze", {})
    with workspace.database.transaction() as cursor:
        add_job(cursor, folder.id, "analyze")
    folder.finish(JobState.DONE)
    take_in(workspace)
    with workspace.database.read() as cursor:
        record = get_job(cursor, folder.id)
    assert record.state == "failed"
    assert "cannot be read" in record.error


def test_the_end_of_a_job_that_was_started_again_meanwhile_is_not_noted(workspace):
    folder = start(workspace, [])
    folder.finish(JobState.FAILED, error="no luck")
    with workspace.database.read() as cursor:
        before = get_job(cursor, folder.id)

    from workbench.pipeline import ingest

    def take_and_restart(cursor, rows, job_id):
        folder.finish(JobState.CANCELLED)  # stands for any other state than the one seen before

    append_line(folder.path / "rows.jsonl", {})
    original = ingest.STREAMS
    ingest.STREAMS = {"generate": (("rows.jsonl", take_and_restart),)}
    try:
        take_in_job(workspace, before)
    finally:
        ingest.STREAMS = original
    with workspace.database.read() as cursor:
        assert get_job(cursor, folder.id).state == "running"
