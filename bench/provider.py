"""What an evaluation through the OpenFeature client costs with each provider, and what each provider weighs.

The SDK's own InMemoryProvider is the floor: whatever a provider does comes on top of it. Calls that cross a
socket stand beside the bare round trip to an aiohttp handler that answers the same bytes without thinking.
scripts/bench-provider makes an environment that holds flagd's provider too.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path

from harness import clients, documents, machine, raw_client, servers
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, medians, ratios
from providers import arms, weight, workers

FLAGS = 60
PASSES = 8
BARE = "bare client, constant aiohttp handler, socket"
BARE_TCP = "bare client, constant aiohttp handler, TCP"
COMPARED = (
    ("Burgee remote, uncached, socket", BARE),
    ("Burgee remote, uncached, TCP", BARE_TCP),
    ("openfeature-provider-ofrep, TCP", "Burgee remote, uncached, socket"),
    ("openfeature-provider-ofrep, TCP", "Burgee remote, uncached, TCP"),
)
WORKERS = 16
WORKER_FLAGS = 50_000


def bare(name: str, address: str, calls: int) -> Arm[float]:
    """The same request and answer over a socket, with nothing around it."""
    connection = raw_client.RawConnection(address)
    context = {"targetingKey": "u-1", **{name: documents.CONTEXT[name] for name in arms.ATTRIBUTES}}
    message = raw_client.evaluation(address, f"{raw_client.EVALUATE}/{documents.ASKED}", context)
    return arms.timed(lambda: connection.exchange(message).status == 200, calls, name)


def every_arm(
    daemon: servers.Server, constant: servers.Server, folder: Path, quick: bool, runner: asyncio.Runner
) -> list[Arm[float]]:
    """Everything that is measured, what is alike next to each other."""
    here, across = (20, 5) if quick else (400, 40)
    every = []
    for provider in arms.providers(daemon, folder):
        calls = across if provider.waits else here
        every.append(arms.blocking(provider, calls))
        if provider.name != arms.CONTROL:
            every.append(arms.asynchronous(provider, calls, runner))
    return [*every, bare(BARE, constant.unix, across), bare(BARE_TCP, constant.http, across)]


def main() -> None:
    """Measure and print."""
    given = options(__doc__)
    near, far = machine.cores()
    report = Report("providers through the OpenFeature client", given)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        definition = folder / "flags.json"
        definition.write_bytes(documents.rendered(documents.definition(FLAGS), "json"))
        daemon = stack.enter_context(servers.daemon(definition, folder, core=far))
        answers = servers.answers(daemon, "u-1")
        constant = stack.enter_context(servers.constant_server(*answers, folder, core=far))
        stack.enter_context(machine.on_core(near))
        runner = stack.enter_context(asyncio.Runner())
        stack.callback(clients.close)
        every = every_arm(daemon, constant, folder, given.quick, runner)
        measured = interleave(every, given.rounds, passes=1 if given.quick else PASSES)
    middles = {name: medians(rounds) for name, rounds in measured.items()}
    report.table(
        "Through the client",
        ("provider", "µs a call (least to greatest)", "over the floor"),
        [(name, interval(middles[name]), _over_the_floor(name, middles)) for name in middles],
    )
    report.table(
        "Across a socket",
        ("what", "over", "ratio (least to greatest)"),
        [(over, under, ratios(middles[over], middles[under])) for over, under in COMPARED],
    )
    report.note(
        "Calls that cross no socket are timed by the thread's time on its core, the others by the wall clock."
    )
    report.figures("median microseconds of each round", middles)
    weight.measure(report, quick=given.quick)
    workers.measure(report, flags=200 if given.quick else WORKER_FLAGS, count=2 if given.quick else WORKERS)
    report.finish()


def _over_the_floor(name: str, middles: dict[str, list[float]]) -> str:
    floor = arms.FLOOR_ASYNC if name.endswith("asynchronous") else arms.FLOOR
    return str(ratios(middles[name], middles[floor]))


if __name__ == "__main__":
    main()
