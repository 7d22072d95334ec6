"""The daemon's side of the reader process: keeps one warm, and survives whatever happens to it."""

from __future__ import annotations

import asyncio
import signal
import sys
import types
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import NamedTuple, TypeVar

from burgee.errors import DefinitionError
from burgee.expectations.expectation import Expectation
from burgee.fault import Fault, Path
from burgee.layer import Layer
from burgee.wire.layer import LayerAssembler
from burgeed.reading.ending import end, gone, is_alive
from burgeed.reading.limits import FILE_SIZE_LIMIT, FRAME_LIMIT
from burgeed.reading.messages import (
    DOCUMENT,
    END,
    EXPECTATIONS,
    FAILURE,
    FAULTS,
    LENGTH,
    LINES,
    POSITIONS,
    Request,
    SourceFile,
    read_expectations,
    read_faults,
    read_positions,
    write_request,
)

_WRITE_SIZE = 256 * 1024
_T = TypeVar("_T")


class ReaderFailed(Exception):
    """The reader process died, hung or went wrong: nothing is known about the files that it was given.

    Args:
        reason: what happened, for the log and ``/status``.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Reading(NamedTuple):
    """An accepted reading.

    Attributes:
        assembler: what the layer was put together by; given to the next read, it spares what did not change.
        warnings: faults that refuse nothing, each with its file, line and column.
    """

    assembler: LayerAssembler
    layer: Layer
    warnings: tuple[Fault, ...]


class ReaderProcess:
    """One reader process, used by one caller at a time; started again when it is gone.

    Args:
        deadline: seconds that one request may take; then the process is killed.
    """

    def __init__(self, *, deadline: float = 30.0) -> None:
        self._deadline = deadline
        self._lock = asyncio.Lock()
        self._process: Process | None = None
        self._ended: list[Process] = []

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process ahead of the first read.

        Raises:
            ReaderFailed: it cannot be started.
        """
        async with self._lock:
            await self._running()

    async def close(self) -> None:
        """End the process and wait until it is gone."""
        async with self._lock:
            self._discard()
            while self._ended:
                await gone(self._ended.pop())

    async def read(
        self, source: str, files: Sequence[SourceFile], previous: LayerAssembler | None = None
    ) -> Reading:
        """Read the files of one source as one layer.

        Args:
            source: the source's name.
            files: in the order in which they count.
            previous: the assembler of the source's last reading.

        Raises:
            DefinitionError: every fault, each with its file, line and column.
            ReaderFailed: the process died or missed its deadline; the next call starts another.
        """
        request = Request("read", source, tuple(file.path for file in files))

        async def take(process: Process) -> Reading:
            assembler = LayerAssembler(source, previous)
            while True:
                kind, payload = await _reply(process)
                if kind == LINES:
                    _feed(assembler, payload)
                    await _let_others_run()
                elif kind == END:
                    return Reading(assembler, assembler.layer(), read_faults(payload))
                elif kind == FAULTS:
                    raise DefinitionError(read_faults(payload))
                else:
                    raise _unexpected(kind, payload)

        return await self._exchange(request, files, take)

    async def locate(self, file: SourceFile, paths: Sequence[Path]) -> list[tuple[int, int] | None]:
        """Find where paths stand in a file.

        Returns:
            For each path the 1-based line and column of its key (of a list item: of the value); None where
            the path leads nowhere.

        Raises:
            ReaderFailed: as for :meth:`read`.
        """

        async def take(process: Process) -> list[tuple[int, int] | None]:
            kind, payload = await _reply(process)
            if kind != POSITIONS:
                raise _unexpected(kind, payload)
            return read_positions(payload)

        return await self._exchange(Request("locate", "", (file.path,), tuple(paths)), [file], take)

    async def expectations(self, source: str, files: Sequence[SourceFile]) -> tuple[Expectation, ...]:
        """Read the ``tests`` of files that :meth:`read` has accepted.

        Raises:
            ReaderFailed: as for :meth:`read`.
        """

        async def take(process: Process) -> tuple[Expectation, ...]:
            kind, payload = await _reply(process)
            if kind != EXPECTATIONS:
                raise _unexpected(kind, payload)
            return read_expectations(payload)

        return await self._exchange(
            Request("expect", source, tuple(file.path for file in files)), files, take
        )

    async def as_json(self, file: SourceFile) -> bytes:
        """A file's document as JSON.

        Raises:
            DefinitionError: it cannot be parsed.
            ReaderFailed: as for :meth:`read`.
        """

        async def take(process: Process) -> bytes:
            kind, payload = await _reply(process)
            if kind == FAULTS:
                raise DefinitionError(read_faults(payload))
            if kind != DOCUMENT:
                raise _unexpected(kind, payload)
            return payload

        return await self._exchange(Request("convert", "", (file.path,)), [file], take)

    async def _exchange(
        self, request: Request, files: Sequence[SourceFile], take: Callable[[Process], Awaitable[_T]]
    ) -> _T:
        async with self._lock:
            answered = False
            try:
                async with asyncio.timeout(self._deadline):
                    process = await self._running()
                    await _send(process, write_request(request))
                    for file in files:
                        # One byte over the limit is enough for the reader to say so.
                        await _send(process, file.content[: FILE_SIZE_LIMIT + 1])
                    result = await take(process)
                answered = True
                return result
            except DefinitionError:
                answered = True
                raise
            except TimeoutError:
                raise ReaderFailed(
                    f"the reader did not answer within {self._deadline:g} s and was ended"
                ) from None
            except (ConnectionError, asyncio.IncompleteReadError):
                raise ReaderFailed(await self._cause_of_death()) from None
            finally:
                if not answered:
                    # Cancelled, late or broken: what is still in the pipes belongs to nobody.
                    self._discard()

    async def _running(self) -> Process:
        self._ended = [each for each in self._ended if each.returncode is None]
        if self._process is not None and not is_alive(self._process):
            self._discard()
        if self._process is None:
            try:
                # -P: the daemon's working directory is no place to import from.
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "burgeed.reading.worker"),
                    stdin=PIPE,
                    stdout=PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise ReaderFailed(f"the reader cannot be started: {error}") from error
        return self._process

    def _discard(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end(process)
            self._ended.append(process)

    async def _cause_of_death(self) -> str:
        process = self._process
        if process is None:
            return "the reader ended"
        code = await gone(process)
        if code >= 0:
            return f"the reader ended with status {code} while it was reading"
        return f"the reader was ended by {signal.Signals(-code).name} while it was reading"


async def _send(process: Process, payload: bytes) -> None:
    stream = process.stdin
    if stream is None:
        raise BrokenPipeError
    stream.write(LENGTH.pack(len(payload)))
    for start in range(0, len(payload), _WRITE_SIZE):
        stream.write(payload[start : start + _WRITE_SIZE])
        await stream.drain()
    await stream.drain()


async def _reply(process: Process) -> tuple[bytes, bytes]:
    stream = _output(process)
    (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
    if not 0 < length <= FRAME_LIMIT:
        raise ReaderFailed(f"the reader sent a frame of {length} bytes")
    payload = await stream.readexactly(length)
    return payload[:1], payload[1:]


def _output(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise BrokenPipeError
    return process.stdout


def _feed(assembler: LayerAssembler, lines: bytes) -> None:
    try:
        for line in lines.split(b"\n"):
            assembler.feed(line)
    except ValueError as error:
        raise ReaderFailed(f"the reader handed over a layer that cannot be taken: {error}") from error


def _unexpected(kind: bytes, payload: bytes) -> ReaderFailed:
    if kind == FAILURE:
        return ReaderFailed(f"the reader went wrong: {payload.decode('utf-8', 'replace').strip()}")
    return ReaderFailed(f"the reader sent an unexpected reply {kind!r}")


@types.coroutine
def _let_others_run() -> Generator[None, None, None]:
    """Give every task that is ready one turn: a checkpoint, not a wait."""
    yield
