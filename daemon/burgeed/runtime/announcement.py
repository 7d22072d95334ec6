"""What is told once the daemon serves."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from burgee.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Serving:
    """Where the daemon serves, and what.

    Attributes:
        socket: the Unix socket's path.
        http: ``http://HOST:PORT``; None where it is switched off.
        management: the same for health only; None where there is none.
        ready: whether it evaluates already, or waits for a source.
        snapshot: what it serves, if it is ready.
        admin_token: of a store that was begun just now; its text is known nowhere else.
    """

    socket: str
    http: str | None
    management: str | None
    ready: bool
    snapshot: Snapshot
    admin_token: str | None = field(default=None, repr=False)

    def line(self) -> dict[str, str | int | None]:
        """What is printed for scripts; ``adminToken`` is in it only where one was made."""
        line: dict[str, str | int | None] = {
            "socket": self.socket,
            "http": self.http,
            "management": self.management,
            "pid": os.getpid(),
            "generation": str(self.snapshot.generation) if self.ready else None,
        }
        return line if self.admin_token is None else {**line, "adminToken": self.admin_token}
