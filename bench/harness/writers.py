"""Writes through the API by one connection or several at a time, and bare commits beside them."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from harness import documents, raw_client
from harness.machine import running_seconds
from harness.rounds import Interval, ratios
from harness.servers import Server


def override(numbers: Iterator[int]) -> tuple[str, bytes, bytes]:
    """A write that changes something, or nobody would be told: path, body, and what marks its event.

    Args:
        numbers: one after the other; each daemon has its own.
    """
    number = next(numbers)
    path = f"/admin/v1/overrides/customer/c-{number % 50}/{documents.ASKED}?reason=bench-{number}."
    return path, b'{"variant":"%b"}' % (b"on" if number // 50 % 2 else b"off"), b"bench-%d." % number


class Written(NamedTuple):
    """One pass of writers.

    Attributes:
        rate: writes a second.
        latency: milliseconds from request to answer, median.
        core: milliseconds of a core that the daemon took for each.
    """

    rate: float
    latency: float
    core: float


def writing(server: Server, numbers: Iterator[int], writers: int, count: int) -> Callable[[], list[Written]]:
    """Writes through the API, by so many connections at a time."""

    def measure() -> list[Written]:
        waited: list[float] = []

        def write() -> None:
            connection = raw_client.RawConnection(server.unix)
            for _ in range(count):
                path, body, _ = override(numbers)
                asked = time.perf_counter()
                answer = connection.exchange(raw_client.request("PUT", server.unix, path, body))
                waited.append((time.perf_counter() - asked) * 1e3)
                if answer.status not in (200, 201):
                    raise RuntimeError(f"the write was answered {answer.status}: {answer.body[:200]!r}")
            connection.close()

        before = running_seconds(server.pid)
        rate = writes_a_second(write, writers, count)
        core = (running_seconds(server.pid) - before) / (writers * count) * 1e3
        return [Written(rate, statistics.median(waited), core)]

    return measure


def committing(path: Path, count: int) -> Callable[[], list[Written]]:
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

    def measure() -> list[Written]:
        rate = writes_a_second(commit, 1, count)
        return [Written(rate, 1e3 / rate, 0.0)]

    return measure


def writes_a_second(work: Callable[[], None], writers: int, count: int) -> float:
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


def over(these: Sequence[Written], others: Sequence[Written]) -> list[Interval]:
    """The ratios of each column."""
    columns = zip(zip(*these, strict=True), zip(*others, strict=True), strict=True)
    return [ratios(these_of, others_of) for these_of, others_of in columns]
