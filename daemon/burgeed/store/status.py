"""What each source is doing, for ``/status`` and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from burgee.fault import Fault, path_text
from burgee.instant import instant_text

State = Literal["waiting", "live", "rejected", "absent"]


class Bundles(Protocol):
    """Who knows which signed bundles are served."""

    def report(self, source: str) -> Mapping[str, object] | None:
        """The one that a source serves, as JSON has it; None before there is one."""
        ...


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One source at one time.

    Attributes:
        state: ``waiting`` before its first word; ``live`` when its content is served; ``rejected`` when its
            content has faults; ``absent`` when there is none. In the last two, what it delivered before, if
            anything, is still served.
        since: when it came into that state, in Unix seconds.
        why: what is the matter with an absent source.
        faults: of the rejected content.
        warnings: of the content that is served.
        last_delivered: when it last delivered, in Unix seconds; None before it did.
        bundle: the signed bundle whose content is served; None where nothing has to be signed.
    """

    name: str
    optional: bool
    state: State
    since: float
    why: str = ""
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    last_delivered: float | None = None
    bundle: Mapping[str, object] | None = None

    def report(self) -> dict[str, Any]:
        """This as JSON has it."""
        signed = {} if self.bundle is None else {"bundle": dict(self.bundle)}
        return {
            "name": self.name,
            "optional": self.optional,
            "state": self.state,
            "since": instant_text(self.since),
            "why": self.why,
            "lastDelivered": None if self.last_delivered is None else instant_text(self.last_delivered),
            "faults": [fault_report(fault) for fault in self.faults],
            "warnings": [fault_report(fault) for fault in self.warnings],
            **signed,
        }


def fault_report(fault: Fault) -> dict[str, Any]:
    """A fault as JSON has it."""
    return {
        "severity": fault.severity,
        "message": fault.message,
        "remedy": fault.remedy,
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "path": path_text(fault.path),
    }


class SourceStatuses:
    """The status of every source.

    Args:
        sources: (name, optional), in order.
        wall: the time now, in Unix seconds.
        bundles: knows the bundles; None where nothing has to be signed.
    """

    def __init__(
        self,
        sources: Iterable[tuple[str, bool]],
        wall: Callable[[], float],
        bundles: Bundles | None = None,
    ) -> None:
        self._wall = wall
        self._bundles = bundles
        self._by_name = {name: SourceStatus(name, optional, "waiting", wall()) for name, optional in sources}

    def __getitem__(self, name: str) -> SourceStatus:
        return self._by_name[name]

    def all(self) -> list[SourceStatus]:
        """In the sources' order."""
        if self._bundles is None:
            return list(self._by_name.values())
        # Asked for now: a bundle that was only signed anew is another one, and no source tells of it.
        return [replace(each, bundle=self._bundles.report(each.name)) for each in self._by_name.values()]

    def delivered(self, name: str, warnings: tuple[Fault, ...]) -> None:
        """The source's content is served."""
        now = self._wall()
        self._move(name, "live", why="", faults=(), warnings=warnings, last_delivered=now)

    def rejected(self, name: str, faults: tuple[Fault, ...]) -> None:
        """The source's content has faults."""
        self._move(name, "rejected", why="", faults=faults)

    def absent(self, name: str, why: str) -> None:
        """The source has no content."""
        self._move(name, "absent", why=why, faults=())

    def _move(self, name: str, state: State, **changed: Any) -> None:
        status = self._by_name[name]
        since = status.since if status.state == state else self._wall()
        self._by_name[name] = replace(status, state=state, since=since, **changed)
