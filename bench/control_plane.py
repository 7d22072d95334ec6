"""The control plane: from a write to every subscriber, and how many writes a second.

Measured from the API's answer to the event at each of many subscribers, and from the request to the event at
the last of them. Beside it a bare aiohttp application that hands the same bytes to as many subscribers and
writes nothing down. Writes a second through the API, by one writer and by several at a time, with subscribers
and without, stand beside bare commits of about the same size to SQLite, with the same durability and in the
same directory. With ``--beside``, all of it is measured of another tree's daemon too, in the same rounds.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from harness import documents, raw_client, servers
from harness.bare_fan_out import PATH as BARE_PATH
from harness.readers import readers
from harness.report import Options, Report, options
from harness.rounds import Arm, interleave, interval, joined, medians, percentile, ratios
from harness.watchers import Seen, Watchers
from harness.writers import Written, committing, over, override, writing

from burgee.client import Client

SUBSCRIBERS = 200
LONGEST_WAIT = 10.0
PROMISE = 250
"""Milliseconds from the answer to the event, for 99 of 100."""

WRITERS = 8
BARE_COMMITS = "bare commits to SQLite"

EVENTS = "/admin/v1/events?type=override.*"
_handed_on = itertools.count(1)


def through_daemon(watchers: Watchers, count: int) -> Callable[[], list[Seen]]:
    """Writes through the API, one after the other."""
    numbers = itertools.count(1)

    def measure() -> list[Seen]:
        seen = []
        watchers.begin()
        for _ in range(count):
            path, body, marker = override(numbers)
            seen.append(watchers.write("PUT", path, body, marker))
            time.sleep(0.01)
        return seen

    return measure


def evaluated(client: Client, address: str, count: int) -> Callable[[], list[float]]:
    """From the API's answer to a client that evaluates the new value from a snapshot of its own."""
    connection = raw_client.RawConnection(address)

    def measure() -> list[float]:
        waited = []
        for _ in range(count):
            on = client.evaluate(documents.ASKED, {"customer": "c-evaluated"}).value is True
            path = f"/admin/v1/overrides/customer/c-evaluated/{documents.ASKED}"
            body = b'{"variant":"%b"}' % (b"off" if on else b"on")
            answer = connection.exchange(raw_client.request("PUT", address, path, body))
            if answer.status not in (200, 201):
                raise RuntimeError(f"the write was answered {answer.status}: {answer.body[:200]!r}")
            answered = time.perf_counter()
            while (client.evaluate(documents.ASKED, {"customer": "c-evaluated"}).value is True) is on:
                if time.perf_counter() - answered > LONGEST_WAIT:
                    raise TimeoutError(f"the client does not see the new value: {client.diagnosis}")
                time.sleep(0.0005)
            waited.append((time.perf_counter() - answered) * 1e3)
        return waited

    return measure


def through_bare(watchers: Watchers, event: bytes, count: int) -> Callable[[], list[Seen]]:
    """The same bytes, handed on."""

    def measure() -> list[Seen]:
        seen = []
        watchers.begin()
        for _ in range(count):
            marker = b"bench-%d." % next(_handed_on)
            seen.append(watchers.write("POST", BARE_PATH, event.replace(b"MARKER", marker), marker))
            time.sleep(0.01)
        return seen

    return measure


def event_like(marker: bytes) -> bytes:
    """About what the daemon tells of one override, with a place for the marker."""
    document = {
        "id": "0123456789abcdef-1234", "type": "override.set", "at": 1795283635.7565453, "revision": 1234,
        "actor": "uid:1000", "reason": marker.decode(), "flag": documents.ASKED, "level": "customer",
        "scope": "c-42", "data": {"before": {"variant": "off"}, "after": {"variant": "on"}},
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":")).encode()


def measured_writes(
    given: Options, flags: int, subscribers: int, writes: int
) -> dict[str, list[list[list[Written]]]]:
    """Writes a second, with subscribers and without, of this daemon and of the other tree's."""
    trees = {"": None} if given.beside is None else {"": None, ", the other tree": given.beside}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        definition = folder / "flags.json"
        definition.write_bytes(documents.rendered(documents.definition(flags), "json"))
        arms = []
        for (name, tree), count in itertools.product(trees.items(), (subscribers, 0)):
            own = folder / f"daemon-{len(arms)}"
            store = ["--store", f"sqlite:{own}/state/store.sqlite"]
            daemon = stack.enter_context(servers.daemon(definition, own, arguments=store, tree=tree))
            stack.enter_context(readers(daemon.unix, EVENTS, count))
            beside, numbers = f"{count or 'no'} subscribers{name}", itertools.count(1)
            arms += [
                Arm(f"one writer, {beside}", writing(daemon, numbers, 1, writes * 4)),
                Arm(f"{WRITERS} writers, {beside}", writing(daemon, numbers, WRITERS, writes)),
            ]
        bare = Arm(BARE_COMMITS, committing(folder / "bare.sqlite", writes * 20))
        return interleave([*arms, bare], given.rounds)


def main() -> None:
    """Measure and print."""
    given = options(__doc__, rounds=7, beside=True)
    subscribers, writes, flags = (5, 2, 20) if given.quick else (SUBSCRIBERS, 20, 100)
    report = Report("the control plane", given)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        definition = folder / "flags.json"
        definition.write_bytes(documents.rendered(documents.definition(flags), "json"))
        store = ["--store", f"sqlite:{folder}/state/store.sqlite"]
        daemon = stack.enter_context(servers.daemon(definition, folder, arguments=store))
        bare = stack.enter_context(servers.bare_fan_out(folder))
        watching = Watchers(daemon.unix, EVENTS, subscribers)
        stack.callback(watching.close)
        beside = Watchers(bare.unix, BARE_PATH, subscribers)
        stack.callback(beside.close)
        streams = interleave(
            [
                Arm("daemon", through_daemon(watching, writes)),
                Arm("bare aiohttp", through_bare(beside, event_like(b"MARKER"), writes)),
                Arm("bare aiohttp again", through_bare(beside, event_like(b"MARKER"), writes)),
            ],
            given.rounds,
        )
        seen = {name: joined(rounds) for name, rounds in streams.items()}
        client = stack.enter_context(Client(daemon.unix))
        if not client.follow(30):
            raise RuntimeError(f"the client does not follow: {client.diagnosis}")
        values = interleave([Arm("burgee.client", evaluated(client, daemon.unix, writes))], given.rounds)
    rates = measured_writes(given, flags, subscribers, writes)
    after = {
        name: [[ms for each in row for ms in each.after_answer] for row in rounds]
        for name, rounds in seen.items()
    }
    everyone = {name: [[each.everyone for each in row] for row in rounds] for name, rounds in seen.items()}
    report.table(
        f"Milliseconds with {subscribers} subscribers, {writes} writes a round: median / p99 of all",
        ("", "answer to event", "request to answer", "request to the last event", "the latter / bare"),
        [
            (
                name,
                f"{percentile(after[name], 0.5):.1f} / {percentile(after[name], 0.99):.1f}",
                f"{percentile([[each.answered for each in row] for row in rounds], 0.5):.1f}",
                f"{percentile(everyone[name], 0.5):.1f} / {percentile(everyone[name], 0.99):.1f}",
                ratios(medians(everyone[name]), medians(everyone["bare aiohttp"])),
            )
            for name, rounds in seen.items()
        ],
    )
    waited = joined(values["burgee.client"])
    report.table(
        f"Milliseconds from the answer to a client that evaluates the new value, beside {subscribers} others",
        ("", "median / p99"),
        [("burgee.client", f"{percentile(waited, 0.5):.1f} / {percentile(waited, 0.99):.1f}")],
    )
    report.note(f"Promised: from the answer to the event and to the value, p99, under {PROMISE} ms.")
    passes = {name: [each[0] for each in joined(rounds)] for name, rounds in rates.items()}
    bound = [each.rate for each in passes[BARE_COMMITS]]
    report.table(
        "Writes through the API",
        ("", "writes a second", "of bare commits", "ms from request to answer", "ms of a core"),
        [
            (
                name,
                f"{interval([each.rate for each in figures]).middle:.0f}",
                ratios([each.rate for each in figures], bound),
                interval([each.latency for each in figures]),
                interval([each.core for each in figures]),
            )
            for name, figures in passes.items()
        ],
    )
    if given.beside is not None:
        others = {name: figures for name, figures in passes.items() if f"{name}, the other tree" in passes}
        report.table(
            "This daemon over the other tree's",
            ("", "writes a second", "from request to answer", "core"),
            [(name, *over(figures, passes[f"{name}, the other tree"])) for name, figures in others.items()],
        )
    report.figures(
        "milliseconds",
        {
            name: [[(each.answered, each.everyone) for each in row] for row in rounds]
            for name, rounds in seen.items()
        },
    )
    report.figures("writes", passes)
    report.finish()


if __name__ == "__main__":
    main()
