"""The parts of the daemon together: what reaches every source, and what one that breaks does to the rest."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from burgee.fault import Path as DocumentPath
from burgee.layer import Layer
from burgeed.clock import SystemClock
from burgeed.runtime.announcement import Serving
from burgeed.runtime.failures import SidecarFailed
from burgeed.runtime.sidecar import Sidecar
from burgeed.settings import gather
from burgeed.sources.protocol import Sink


class ScriptedSource:
    """A source that delivers nothing but an empty layer, counts reloads, and breaks when it is told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.reloads = 0
        self.broken = asyncio.Event()

    async def follow(self, sink: Sink) -> None:
        sink.delivered(Layer(self.name), ())
        await self.broken.wait()
        raise RuntimeError("the source is broken")

    def reload(self) -> None:
        self.reloads += 1

    async def locate(self, file: str, paths: Sequence[DocumentPath]) -> list[tuple[int, int] | None]:
        return [None for _ in paths]


class RunningSidecar:
    """A sidecar within this process, over scripted sources."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources = {name: ScriptedSource(name) for name in ("first", "second")}
        self.announced: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        self.socket = tmp_path / "burgee.sock"
        monkeypatch.setattr("burgeed.runtime.sidecar.from_uri", lambda uri, **_: self.sources[uri])
        command_line = {
            "source": list(self.sources),
            "socket": [str(self.socket)],
            "state-dir": [str(tmp_path / "state")],
            "listen": ["none"],
        }
        sidecar = Sidecar(gather(command_line, {}), SystemClock(), self.announced.set_result)
        self.task = asyncio.create_task(sidecar.run())

    async def serving(self) -> Serving:
        return await asyncio.wait_for(asyncio.shield(self.announced), 20)


async def test_sighup_reaches_every_source_and_sigterm_ends_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = RunningSidecar(tmp_path, monkeypatch)
    serving = await sidecar.serving()
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(10):
        while not all(source.reloads for source in sidecar.sources.values()):
            await asyncio.sleep(0.005)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(sidecar.task, 10)
    assert serving.ready and [source.reloads for source in sidecar.sources.values()] == [1, 1]
    assert not sidecar.socket.exists()


async def test_a_part_that_breaks_ends_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sidecar = RunningSidecar(tmp_path, monkeypatch)
    await sidecar.serving()
    lived = sidecar.socket.exists()
    sidecar.sources["second"].broken.set()
    with pytest.raises(SidecarFailed, match="broke"):
        await asyncio.wait_for(sidecar.task, 10)
    assert lived and not sidecar.socket.exists()
