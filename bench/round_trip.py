"""What one evaluation through the OpenFeature client takes that asks the daemon, one after another.

Beside the daemon stands a bare aiohttp handler that answers the same bytes without thinking, asked by the
same provider: what differs is the daemon. Beneath both stands the bare round trip to that handler: what
differs is the SDK and the provider. PyPI openfeature-provider-ofrep asks the same daemon over TCP.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from harness import clients, documents, machine, raw_client, servers
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, joined, medians, percentile, ratios

FLAGS = 60
PASSES = 8


class Calls(NamedTuple):
    """Some calls.

    Attributes:
        microseconds: that each took.
        own: microseconds of its core that the caller used for each, on average.
    """

    microseconds: list[float]
    own: float


class Comparison(NamedTuple):
    """Two rows whose ratio says something."""

    what: str
    over: str
    under: str


def blocking(client: clients.Client, calls: int) -> Callable[[], Calls]:
    """Calls from this thread."""
    context = clients.evaluation_context()

    def call() -> bool:
        return client.evaluate(context)

    return lambda: _timed(call, calls, client.name)


def asynchronous(client: clients.Client, calls: int, runner: asyncio.Runner) -> Callable[[], Calls]:
    """Calls from one task of an event loop, awaited one after another."""
    context = clients.evaluation_context()

    async def measure() -> Calls:
        samples = []
        own = time.thread_time_ns()
        for _ in range(calls):
            began = time.perf_counter_ns()
            right = await client.evaluate_async(context)
            samples.append((time.perf_counter_ns() - began) / 1e3)
            _expect(right, client.name)
        return Calls(samples, (time.thread_time_ns() - own) / calls / 1e3)

    return lambda: runner.run(measure())


def bare(address: str, calls: int) -> Callable[[], Calls]:
    """The same request and answer over a socket, with nothing around it."""
    connection = raw_client.RawConnection(address)
    context = {"targetingKey": clients.TARGETING_KEY, **documents.CONTEXT}
    message = raw_client.evaluation(address, f"{raw_client.EVALUATE}/{documents.ASKED}", context)

    def call() -> bool:
        return connection.exchange(message).status == 200

    return lambda: _timed(call, calls, address)


def _timed(call: Callable[[], bool], calls: int, who: str) -> Calls:
    samples = []
    own = time.thread_time_ns()
    for _ in range(calls):
        began = time.perf_counter_ns()
        right = call()
        samples.append((time.perf_counter_ns() - began) / 1e3)
        _expect(right, who)
    return Calls(samples, (time.thread_time_ns() - own) / calls / 1e3)


def arms_of(
    daemon: servers.Server, constant: servers.Server, calls: int, runner: asyncio.Runner
) -> tuple[list[Arm[Calls]], list[Comparison]]:
    """Everything that is measured, and what is compared with what."""
    arms: list[Arm[Calls]] = []
    comparisons: list[Comparison] = []
    for transport, of_daemon, of_constant in (
        ("socket", daemon.unix, constant.unix),
        ("TCP", daemon.http, constant.http),
    ):
        at_daemon = clients.burgee(f"daemon {transport}", of_daemon, cache_size=0)
        at_constant = clients.burgee(f"constant {transport}", of_constant, cache_size=0)
        for manner in ("blocking", "asynchronous"):
            both = [f"provider, {manner}, {name}, {transport}" for name in ("daemon", "constant")]
            for name, client in zip(both, (at_daemon, at_constant), strict=True):
                waits = manner == "blocking"
                measure = blocking(client, calls) if waits else asynchronous(client, calls, runner)
                arms.append(Arm(name, measure))
            comparisons.append(Comparison(f"daemon / constant, {manner}, {transport}", *both))
        arms.append(Arm(f"bare client, constant, {transport}", bare(of_constant, calls)))
        comparisons.append(
            Comparison(
                f"provider / bare client, both at constant, {transport}",
                f"provider, blocking, constant, {transport}",
                f"bare client, constant, {transport}",
            )
        )
    again = clients.burgee("constant socket again", constant.unix, cache_size=0)
    arms.append(Arm("the same again, blocking, constant, socket", blocking(again, calls)))
    other = clients.ofrep("ofrep", daemon.http)
    arms.append(Arm("openfeature-provider-ofrep, daemon, TCP", blocking(other, calls)))
    comparisons += [
        Comparison(
            "openfeature-provider-ofrep / ours, daemon, TCP",
            "openfeature-provider-ofrep, daemon, TCP",
            "provider, blocking, daemon, TCP",
        ),
        Comparison(
            "TCP / socket, blocking, daemon",
            "provider, blocking, daemon, TCP",
            "provider, blocking, daemon, socket",
        ),
        Comparison(
            "control: the same / the same",
            "the same again, blocking, constant, socket",
            "provider, blocking, constant, socket",
        ),
    ]
    return arms, comparisons


def main() -> None:
    """Measure and print."""
    given = options(__doc__)
    calls, passes = (20, 1) if given.quick else (50, PASSES)
    near, far = machine.cores()
    report = Report("round trip of one evaluation", given)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        definition = folder / "flags.json"
        definition.write_bytes(documents.rendered(documents.definition(FLAGS), "json"))
        daemon = stack.enter_context(servers.daemon(definition, folder, core=far))
        answers = servers.answers(daemon, clients.TARGETING_KEY)
        constant = stack.enter_context(servers.constant_server(*answers, folder, core=far))
        stack.enter_context(machine.on_core(near))
        runner = stack.enter_context(asyncio.Runner())
        stack.callback(clients.close)
        arms, comparisons = arms_of(daemon, constant, calls, runner)
        measured = interleave(arms, given.rounds, passes=passes)
    taken = {
        name: joined([[each.microseconds for each in passes] for passes in rounds])
        for name, rounds in measured.items()
    }
    own = {
        name: medians([[each.own for each in passes] for passes in rounds])
        for name, rounds in measured.items()
    }
    middles = {name: medians(rounds) for name, rounds in taken.items()}
    report.table(
        f"Microseconds a call, {calls * passes} a round; the client on core {near}, the servers on {far}",
        (
            "who asks whom",
            "median, of rounds (least to greatest)",
            "p99 of all",
            "of them on the client's core",
        ),
        [
            (name, interval(middles[name]), f"{percentile(rounds, 0.99):.0f}", interval(own[name]))
            for name, rounds in taken.items()
        ],
    )
    report.table(
        "Ratios within a round",
        ("what", "median (least to greatest)"),
        [(each.what, ratios(middles[each.over], middles[each.under])) for each in comparisons],
    )
    report.figures("median microseconds of each round", middles)
    report.figures("microseconds of the client's core of each round", own)
    report.finish()


def _expect(right: bool, who: str) -> None:
    if not right:
        raise RuntimeError(f"{who}: a wrong answer; nothing that was measured counts")


if __name__ == "__main__":
    main()
