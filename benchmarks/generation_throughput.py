"""How close to the ideal does Generate come? `python -m benchmarks.generation_throughput`.

A local endpoint answers every request after a set latency, so that nobody can be faster than
concurrency / latency. Winnow, which has each answer synced to disk before it counts, the one-at-a-
time loop of the reference, curator and distilabel get the same work in the same run, one after the
other, each against a fresh endpoint. With `--rpm` Winnow then meets a limit of requests per minute,
once with the same limit set and once without knowing it.

    python -m benchmarks.generation_throughput --install --repeats 3 --rpm 1200 --json result.json

Nothing else may run meanwhile: on two cores the endpoint and the client fill them at 256 at once.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from benchmarks.clients import Client, curator, distilabel, one_at_a_time, winnow
from benchmarks.environments import PEERS, install_peer, peer_versions
from benchmarks.machine import describe_machine
from benchmarks.report import (
    Series,
    lateness_line,
    rate_table,
    target_lines,
    throughput_table,
)
from benchmarks.run import Conditions, Measurement, measure
from benchmarks.work import make_work
from storage.errors import WinnowError

CLIENTS = ("winnow", "one-at-a-time", "curator", "distilabel")
ENVIRONMENTS = Path(__file__).with_name(".environments")
# Brings a client's files into the page cache and its byte code onto disk before anything counts.
WARM_UP = Conditions(latency=0.05, concurrency=8)
WARM_UP_REQUESTS = 16


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generation_throughput",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--concurrency", default="8,64,256", help="requests at once, with commas (8,64,256)")
    add("--latency", type=float, default=1.0, help="of the endpoint, in seconds (1.0)")
    add("--waves", type=int, default=20, help="requests per slot (20)")
    add("--repeats", type=int, default=1, help="the run in the middle is shown (1)")
    add("--clients", default=",".join(CLIENTS), help=f"which, with commas ({','.join(CLIENTS)})")
    add("--rpm", type=float, help="also meet a limit of so many requests per minute")
    add("--rpm-seconds", type=float, default=30.0, help="how long, ideally (30)")
    add("--environments", type=Path, default=ENVIRONMENTS, help="where the peers are installed")
    # Not the usual place for temporary files: that may be memory, where a sync costs nothing.
    folder = Path("/var/tmp")  # noqa: S108 - a folder with an unguessable name is made in it
    add("--folder", type=Path, default=folder, help=f"where the runs store ({folder})")
    add("--install", action="store_true", help="install the peers that are not there; minutes")
    add("--json", type=Path, help="also write every run to this file")
    return parser


def choose_clients(options: argparse.Namespace, notes: list[str]) -> list[Client]:
    """The clients that can run here; a note for each that cannot."""
    names = options.clients.split(",")
    if unknown := set(names) - set(CLIENTS):
        raise WinnowError(f"There is no client {sorted(unknown)[0]!r}: use {', '.join(CLIENTS)}.")
    makers: dict[str, Callable[[], Client]] = {
        "winnow": winnow,
        "one-at-a-time": one_at_a_time,
        "curator": lambda: curator(options.environments),
        "distilabel": lambda: distilabel(options.environments),
    }
    clients = []
    for name in names:
        try:
            if options.install and name in PEERS:
                _say(f"installing {name}")
                install_peer(options.environments, name)
            clients.append(makers[name]())
        except WinnowError as error:
            notes.append(f"{name} is left out. {error}")
    return clients


def run_series(
    client: Client, conditions: Conditions, options: argparse.Namespace, notes: list[str]
) -> Series:
    """The client's repeats; none of them, and a note, once one fails."""
    count = options.waves * conditions.concurrency
    if conditions.rate is not None:
        count = round(conditions.rate / 60 * options.rpm_seconds)
    work, series = make_work(count), list[Measurement]()
    try:
        for number in range(options.repeats):
            limit = f", {conditions.rate:,.0f} a minute" if conditions.rate else ""
            _say(
                f"{client.name}: {count} requests, {conditions.concurrency} at once{limit}, "
                f"run {number + 1} of {options.repeats}"
            )
            series.append(measure(client, work, conditions, folder=options.folder))
            _say(f"  {series[-1].share:.1%} of the ideal")
    except WinnowError as error:
        notes.append(str(error))
        return []
    return series


def compare_clients(
    clients: list[Client], options: argparse.Namespace, notes: list[str]
) -> list[Series]:
    """Every client at every concurrency; the loop, which has only one, once."""
    results = []
    for client in clients:
        try:
            measure(client, make_work(WARM_UP_REQUESTS), WARM_UP, folder=options.folder)
        except WinnowError as error:
            notes.append(f"{client.name} is left out. {error}")
            continue
        at_once = [int(text) for text in options.concurrency.split(",")]
        if client.name == one_at_a_time().name:
            at_once = [1]
        for concurrency in at_once:
            conditions = Conditions(options.latency, concurrency)
            results.append(run_series(client, conditions, options, notes))
    measured = [series for series in results if series]
    return sorted(measured, key=lambda series: series[0].conditions.concurrency)


def meet_rate_limit(options: argparse.Namespace, notes: list[str]) -> list[Series]:
    """Winnow against a limit, known and unknown, with twice the slots that the limit can fill."""
    slots = 2 * math.ceil(options.rpm / 60 * options.latency)
    results = [
        run_series(winnow(), Conditions(options.latency, slots, options.rpm, told), options, notes)
        for told in (True, False)
    ]
    return [series for series in results if series]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    """Measure, print Markdown, and return 0 when every run that began gave every answer."""
    options = build_parser().parse_args(argv)
    skipped: list[str] = []
    failed: list[str] = []
    try:
        clients = choose_clients(options, skipped)
    except WinnowError as error:
        _say(str(error))
        return 2
    machine = describe_machine(options.folder, peer_versions(options.environments))
    results = compare_clients(clients, options, failed)
    limited = meet_rate_limit(options, failed) if options.rpm else []
    parts = [str(machine) + "."]
    if results:
        parts += [throughput_table(results, loop=one_at_a_time().name), lateness_line(results)]
        parts += target_lines(results, client=winnow().name)
    if limited:
        parts.append(rate_table(limited))
    print("\n\n".join(parts + skipped + failed))
    if options.json:
        runs = [
            asdict(one) | {"share": one.share} for series in results + limited for one in series
        ]
        document = {"machine": asdict(machine), "runs": runs, "notes": skipped + failed}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
