"""Every way in which a provider gets its answers: both resolvers, over both transports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from openfeature.contrib.provider.burgee import BurgeeProvider

from tests.support.daemon import RunningDaemon

TOKEN = "sesame-for-tests"


class Way(NamedTuple):
    """How a provider is connected.

    Attributes:
        name: for reports.
        resolver: the option.
        over: ``unix`` or ``tcp``.
    """

    name: str
    resolver: str
    over: str

    def __str__(self) -> str:
        return self.name

    @property
    def evaluates_here(self) -> bool:
        """Whether the application evaluates by itself."""
        return self.resolver == "in-process"

    def address(self, daemon: RunningDaemon) -> str:
        """Where the daemon is, for this way."""
        if self.over == "unix":
            return f"unix://{daemon.socket}"
        assert daemon.http is not None
        return daemon.http

    def provider(self, daemon: RunningDaemon, **options: Any) -> BurgeeProvider:
        """A provider that goes this way, to a daemon that was started with :func:`token_options`."""
        token = TOKEN if self == DOWNLOADED else None
        return BurgeeProvider(self.address(daemon), resolver=self.resolver, token=token, **options)

    def goes_there(self, provider: BurgeeProvider) -> bool:
        """Whether an initialized provider evaluates here exactly where this way is to."""
        newest = provider._resolver._newest  # type: ignore[attr-defined]
        return not self.evaluates_here or not newest.look(newest._clock.wall()).outdated


MAPPED = Way("in-process, mapped", "in-process", "unix")
DOWNLOADED = Way("in-process, over HTTP", "in-process", "tcp")
SOCKET = Way("remote, socket", "remote", "unix")
TCP = Way("remote, TCP", "remote", "tcp")
WAYS = (MAPPED, DOWNLOADED, SOCKET, TCP)


def token_options(folder: Path) -> tuple[str, ...]:
    """Options of a daemon that gives whole snapshots to who has :data:`TOKEN`."""
    path = folder / "sync-token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return ("--sync-token-file", str(path))


class FileClockOf:
    """The wall clock that a clocked daemon reads from a file; for everything else real time.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path, real: Any) -> None:
        self._path = path
        self.monotonic: Callable[[], float] = real.monotonic
        self.wait: Callable[..., bool] = real.wait
        self.sleep: Callable[[float], Any] = real.sleep

    def wall(self) -> float:
        return float(self._path.read_text())
