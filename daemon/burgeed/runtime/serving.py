"""A run of the daemon on an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from burgeed.clock import Clock
from burgeed.runtime import logs
from burgeed.runtime.announcement import Serving
from burgeed.runtime.responsiveness import share_the_interpreter
from burgeed.runtime.sidecar import Sidecar
from burgeed.settings.model import Settings


def serve(
    settings: Settings,
    clock: Clock,
    announce: Callable[[Serving], None],
    *,
    environment: Mapping[str, str] | None = None,
    first_token: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once. SIGHUP reads all sources again.

    Args:
        announce: called once, when the daemon serves.
        environment: where systemd says where it put credentials.
        first_token: whether a store that was never used gets a token that may everything.

    Raises:
        SidecarFailed: a part could not start, or broke.
    """
    logs.configure(settings.log_format, clock.wall)
    share_the_interpreter()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        sidecar = Sidecar(settings, clock, announce, environment=environment, first_token=first_token)
        runner.run(sidecar.run())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop where it is at hand, or else None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
