"""The control plane: from a write to every subscriber, and how many writes a second.

Measured from the API's answer to the event at each of many subscribers, and from the request to the event at
the last of them. Beside it a bare aiohttp application that hands the same bytes to as many subscribers and
writes nothing down. Writes a second through the API stand beside bare commits of about the same size to
SQLite, with the same durability and in the same directory.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from harness import documents, raw_client, servers
from harness.bare_fan_out import PATH as BARE_PATH
from harness.report import Report, options
from harness.rounds import Arm, interleave, interval, joined, medians, percentile, ratios
from harness.watchers import Seen, Watchers

from burgee.client import Client

SUBSCRIBERS = 200
LONGEST_WAIT = 10.0
PROMISE = 250
"""Milliseconds from the answer to the event, for 99 of 100."""

EVENTS = "/admin/v1/events?type=override.*"
_writes = itertools.count(1)
_handed_on = itertools.count(1)


def override() -> tuple[str, bytes, bytes]:
    """A write that changes something, or nobody would be told: path, body, and what marks its event."""
    number = next(_writes)
    path = f"/admin/v1/overrides/customer/c-{number % 50}/{documents.ASKED}?reason=bench-{number}."
    return path, b'{"variant":"%b"}' % (b"on" if number // 50 % 2 else b"off"), b"bench-%d." % number


def through_daemon(watchers: Watchers, count: int) -> Callable[[], list[Seen]]:
    """Writes through the API, one after the other."""

    def measure() -> list[Seen]:
        seen = []
        watchers.begin()
        for _ in range(count):
            path, body, marker = override()
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


def writing(address: str, writers: int, count: int) -> Callable[[], list[float]]:
    """Writes a second through the API."""

    def measure() -> list[float]:
        def write() -> None:
            connection = raw_client.RawConnection(address)
            for _ in range(count):
                path, body, _marker = override()
                answer = connection.exchange(raw_client.request("PUT", address, path, body))
                if answer.status not in (200, 201):
                    raise RuntimeError(f"the write was answered {answer.status}: {answer.body[:200]!r}")
            connection.close()

        return [_rate(write, writers, count)]

    return measure


def committing(path: Path, count: int) -> Callable[[], list[float]]:
    """Commits a second of a row for the change, one for its revision, one for its audit entry."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    for table in ("change", "revision", "audit"):
        database.execute(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, document BLOB)")

    def commit() -> None:
        for _ in range(count):
            database.execute("BEGIN IMMEDIATE")
            for table in ("change", "revision", "audit"):
                database.execute(f"INSERT INTO {table} (document) VALUES (?)", (b"x" * 400,))
            database.execute("COMMIT")

    return lambda: [_rate(commit, 1, count)]


def _rate(work: Callable[[], None], writers: int, count: int) -> float:
    if writers == 1:
        began = time.perf_counter()
        work()
        return count / (time.perf_counter() - began)
    threads = [threading.Thread(target=work) for _ in range(writers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return writers * count / (time.perf_counter() - began)


def event_like(marker: bytes) -> bytes:
    """About what the daemon tells of one override, with a place for the marker."""
    document = {
        "id": "0123456789abcdef-1234", "type": "override.set", "at": 1795283635.7565453, "revision": 1234,
        "actor": "uid:1000", "reason": marker.decode(), "flag": documents.ASKED, "level": "customer",
        "scope": "c-42", "data": {"before": {"variant": "off"}, "after": {"variant": "on"}},
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":")).encode()


def main() -> None:
    """Measure and print."""
    given = options(__doc__, rounds=7)
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
        rates = interleave(
            [
                Arm("API, one writer", writing(daemon.unix, 1, writes * 4)),
                Arm("API, 8 writers", writing(daemon.unix, 8, writes)),
                Arm("bare commits to SQLite", committing(folder / "bare.sqlite", writes * 20)),
            ],
            given.rounds,
        )
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
    per_round = {name: [each[0] for each in joined(rounds)] for name, rounds in rates.items()}
    bound = per_round["bare commits to SQLite"]
    report.table(
        "Writes a second",
        ("", "writes a second", "of bare commits"),
        [
            (name, f"{interval(figures).middle:.0f}", ratios(figures, bound))
            for name, figures in per_round.items()
        ],
    )
    report.figures(
        "milliseconds",
        {
            name: [[(each.answered, each.everyone) for each in row] for row in rounds]
            for name, rounds in seen.items()
        },
    )
    report.figures("writes a second", per_round)
    report.finish()


if __name__ == "__main__":
    main()
