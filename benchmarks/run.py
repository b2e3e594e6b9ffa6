"""One run: a fresh endpoint, one client on the work, and what came of it, checked."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clients import Assignment, Client, Outcome
from benchmarks.endpoint import BURST_SECONDS, MODEL, Stats, read_answer
from benchmarks.endpoint_process import run_endpoint
from benchmarks.process_usage import Usage, run_measured
from benchmarks.work import Question
from storage.errors import WinnowError

ROOT = Path(__file__).resolve().parents[1]
# Starting a peer takes seconds; beyond this and five times the ideal time a run hangs.
GRACE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the endpoint is set to and what the client is told of it.

    `latency` is in seconds. `rate` is the endpoint's limit in requests per minute, and `told`
    whether the client has the same limit set.
    """

    latency: float
    concurrency: int
    rate: float | None = None
    told: bool = True

    def ideal_seconds(self, requests: int) -> float:
        """From the first request to the last answer for a client that costs nothing."""
        if self.rate is None:
            return requests * self.latency / self.concurrency
        per_second = self.rate / 60
        burst = max(1.0, per_second * BURST_SECONDS)
        return max(0.0, requests - burst) / per_second + self.latency


@dataclass(frozen=True, slots=True)
class Measurement:
    """A run that answered everything; `wall_seconds` from first request to last answer stored."""

    client: str
    stores: str
    conditions: Conditions
    requests: int
    wall_seconds: float
    usage: Usage
    endpoint: Stats

    @property
    def per_second(self) -> float:
        return self.requests / self.wall_seconds

    @property
    def share(self) -> float:
        """Of the ideal throughput, 1.0 at most."""
        return self.conditions.ideal_seconds(self.requests) / self.wall_seconds


def measure(
    client: Client, work: list[Question], conditions: Conditions, *, folder: Path
) -> Measurement:
    """Run the client on the work against a fresh endpoint; its own folder is made in `folder`.

    Raises:
        WinnowError: it failed or hung, an answer is missing or wrong, or the endpoint counts other
            requests than the work has.
    """
    with (
        tempfile.TemporaryDirectory(prefix="winnow-benchmark-", dir=folder) as name,
        run_endpoint(latency=conditions.latency, requests_per_minute=conditions.rate) as endpoint,
    ):
        assignment = Assignment(
            work=work,
            base_url=endpoint.base_url,
            model=MODEL,
            concurrency=conditions.concurrency,
            folder=Path(name),
            requests_per_minute=conditions.rate if conditions.told else None,
        )
        command = client.prepare(assignment)
        log = assignment.folder / "client.log"
        usage = run_measured(
            command.argv,
            log_path=log,
            environment=command.environment,
            cwd=ROOT,
            timeout=GRACE_SECONDS + 5 * conditions.ideal_seconds(len(work)),
        )
        if usage.exit_code:
            how = "hung" if usage.timed_out else f"ended with {usage.exit_code}"
            words = log.read_text(encoding="utf-8", errors="replace").strip()[-1500:]
            raise WinnowError(f"{client.name} {how}. Its last words:\n{words}")
        outcome, stats = client.collect(assignment), endpoint.stats()
    _check(client, work, outcome, stats, limited=conditions.rate is not None)
    return Measurement(
        client=client.name,
        stores=client.stores,
        conditions=conditions,
        requests=len(work),
        wall_seconds=outcome.finished_at - stats.first_request_at,
        usage=usage,
        endpoint=stats,
    )


def _check(
    client: Client, work: list[Question], outcome: Outcome, stats: Stats, *, limited: bool
) -> None:
    """Every answer is there and right, and nothing was asked, or billed, twice."""
    expected = read_answer().strip()
    right = {key for key, text in outcome.texts.items() if text.strip() == expected}
    missing = [question.id for question in work if question.id not in right]
    if missing:
        raise WinnowError(
            f"{client.name} lacks the answers to {len(missing)} of {len(work)} questions, "
            f"{missing[0]} first."
        )
    if stats.billed != len(work) or (stats.rejected and not limited):
        raise WinnowError(
            f"{client.name} had {len(work)} questions and the endpoint counted "
            f"{json.dumps({'billed': stats.billed, 'rejected': stats.rejected})}."
        )
