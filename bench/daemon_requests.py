"""How many requests a second the daemon answers on one core.

Beside it, on the same core, stands a bare aiohttp handler that answers the same bytes without thinking. The
load comes from the other core, from 64 connections that are kept, each with one request on its way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from harness import documents, machine, raw_client, servers
from harness.load import Load, put_load, total
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, ratios

FLAGS = 60
CONNECTIONS = 64
PASSES = 4
CONTROL = "constant again, single, socket"
QUESTIONS = ("single", f"bulk of {FLAGS}")


def loaded(server: servers.Server, address: str, path: str, seconds: float) -> Callable[[], Load]:
    """Put load on one server, each connection asking for somebody else."""
    messages = [
        raw_client.evaluation(address, path, {"targetingKey": f"u-{number}", **documents.CONTEXT})
        for number in range(CONNECTIONS)
    ]
    return lambda: put_load(address, server.pid, messages, seconds)


def arms_of(daemon: servers.Server, constant: servers.Server, seconds: float) -> list[Arm[Load]]:
    """Both servers, over both transports, asked both questions; and one of them twice."""
    single = f"{raw_client.EVALUATE}/{documents.ASKED}"
    arms = []
    for question, path in zip(QUESTIONS, (single, raw_client.EVALUATE), strict=True):
        for transport in ("socket", "TCP"):
            for name, server in (("daemon", daemon), ("constant", constant)):
                address = server.unix if transport == "socket" else server.http
                arms.append(Arm(f"{name}, {question}, {transport}", loaded(server, address, path, seconds)))
    arms.append(Arm(CONTROL, loaded(constant, constant.unix, single, seconds)))
    return arms


def main() -> None:
    """Measure and print."""
    given = options(__doc__)
    seconds, passes = (0.1, 1) if given.quick else (0.2, PASSES)
    near, far = machine.cores()
    report = Report("requests per second of the daemon on one core", given)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        definition = folder / "flags.json"
        definition.write_bytes(documents.rendered(documents.definition(FLAGS), "json"))
        daemon = stack.enter_context(servers.daemon(definition, folder, core=far))
        answers = servers.answers(daemon, "u-1")
        constant = stack.enter_context(servers.constant_server(*answers, folder, core=far))
        stack.enter_context(machine.on_core(near))
        arms = arms_of(daemon, constant, seconds)
        measured = {
            name: [total(loads) for loads in rounds]
            for name, rounds in interleave(arms, given.rounds, passes=passes).items()
        }
    report.table(
        f"Load from {CONNECTIONS} connections (Python, epoll) on core {near}, the servers on core {far}; "
        f"{seconds * passes:g} s a round; answers of {len(answers[0])} and {len(answers[1])} bytes",
        ("who, what, over", "requests/s (least to greatest)", "µs of its core a request", "generator busy"),
        [
            (
                name,
                "{1:.0f} ({0:.0f} to {2:.0f})".format(*interval([each.rate for each in rounds])),
                interval([each.server_microseconds for each in rounds]),
                f"{interval([each.own_seconds / each.seconds for each in rounds]).middle:.0%}",
            )
            for name, rounds in measured.items()
        ],
    )
    compared = [
        (f"daemon / constant, {of}", f"daemon, {of}", f"constant, {of}")
        for of in (f"{question}, {transport}" for question in QUESTIONS for transport in ("socket", "TCP"))
    ]
    compared.append(("control: the same / the same", CONTROL, "constant, single, socket"))
    report.table(
        "Ratios within a round: median (least to greatest)",
        ("what", "requests/s", "µs of its core a request"),
        [
            (
                what,
                ratios([each.rate for each in measured[over]], [each.rate for each in measured[under]]),
                ratios(
                    [each.server_microseconds for each in measured[over]],
                    [each.server_microseconds for each in measured[under]],
                ),
            )
            for what, over, under in compared
        ],
    )
    report.figures("rounds", {name: [each._asdict() for each in rounds] for name, rounds in measured.items()})
    report.finish()


if __name__ == "__main__":
    main()
