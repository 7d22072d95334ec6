"""Writers that remember what was acknowledged to them, and what a daemon may show afterwards.

Each writer has an organization of its own and sets two integer flags of it to the same rising number, in one
request. So three things can be told from outside: whether an acknowledged number is lost, whether a request
was half applied, and whether something appears that nobody asked for.
"""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.support.daemon import RunningDaemon

DEFINITION = """\
flags:
  limit: {variants: {none: 0, some: 1}, defaultVariant: none}
  ceiling: {variants: {none: 0, some: 1}, defaultVariant: none}
"""

FLAGS = ("limit", "ceiling")


@dataclass
class Writer:
    """One organization's writer.

    Attributes:
        acknowledged: the last number for which the daemon answered 200.
        asked: the last number that was asked for; one more than ``acknowledged`` where no answer came.
        revisions: those that were acknowledged, in order.
        refused: answers other than 200.
    """

    organization: str
    acknowledged: int = 0
    asked: int = 0
    revisions: list[int] = field(default_factory=list)
    refused: list[tuple[int, Any]] = field(default_factory=list)

    def write(self, connection: http.client.HTTPConnection) -> None:
        """Ask for the next number. Raises OSError or HTTPException where no answer comes."""
        self.asked = max(self.asked, self.acknowledged) + 1
        message = {flag: {"value": self.asked} for flag in FLAGS}
        connection.request(
            "PATCH",
            f"/admin/v1/overrides/organization/{self.organization}?reason=durability",
            json.dumps(message),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status == 200:
            self.acknowledged = self.asked
            self.revisions.append(answer["revision"])
        else:
            self.refused.append((response.status, answer))

    def check(self, daemon: RunningDaemon) -> None:
        """Assert that the daemon shows and serves the last acknowledged number, or the one asked for last."""
        context = {"organization": self.organization}
        served = {daemon.evaluate(flag, context)["value"] for flag in FLAGS}
        assert len(served) == 1, f"{self.organization} was half written: {served}"
        [number] = served
        assert number in (self.acknowledged, self.asked), (
            f"{self.organization}: {number} is served, {self.acknowledged} was acknowledged, "
            f"{self.asked} was asked for last"
        )
        self.acknowledged = number


class Writers:
    """Several writers, each in a thread with a connection of its own, until the daemon is gone."""

    def __init__(self, number: int) -> None:
        self.writers = [Writer(f"o-{index}") for index in range(number)]

    def start(self, daemon: RunningDaemon) -> list[threading.Thread]:
        """Let them write; their threads end when a connection fails."""
        threads = [
            threading.Thread(target=_until_it_fails, args=(writer, daemon), daemon=True)
            for writer in self.writers
        ]
        for thread in threads:
            thread.start()
        return threads

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged in all."""
        return sum(len(writer.revisions) for writer in self.writers)

    def check(self, daemon: RunningDaemon) -> None:
        """Assert of each writer what :meth:`Writer.check` does, and that no revision was given twice."""
        for writer in self.writers:
            writer.check(daemon)
            assert not writer.refused, writer.refused
            assert writer.revisions == sorted(set(writer.revisions))
        given = [number for writer in self.writers for number in writer.revisions]
        assert len(given) == len(set(given))


def _until_it_fails(writer: Writer, daemon: RunningDaemon) -> None:
    connection = daemon.connect(timeout=20.0)
    try:
        while True:
            writer.write(connection)
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()
