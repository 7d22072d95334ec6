"""A connection while one exchange has it, and what becomes of it afterwards."""

from __future__ import annotations

from types import TracebackType

from burgee.resolution import ErrorCode

from ..exchange import Unreachable
from .connection import Connection
from .http1 import ResponseReader
from .idle import IdleConnections


class InUse:
    """Gives the connection back where the answer came whole, and closes it otherwise.

    What broke the connection is told as Unreachable. A TimeoutError goes on as it is: the driver knows what
    the deadline was.

    Args:
        connection: its user's alone.
        reader: of the answer.
        idle: takes it for the next request.
        used_before: whether it may have ended at rest, so that a fresh one may do.
    """

    def __init__(
        self, connection: Connection, reader: ResponseReader, idle: IdleConnections, *, used_before: bool
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._idle = idle
        self._used_before = used_before

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Part with it."""
        reader, connection = self._reader, self._connection
        if error is None and reader.reusable:
            self._idle.give(connection)
            return
        failure = error
        if isinstance(error, OSError) and not isinstance(error, TimeoutError):
            code = ErrorCode.GENERAL if reader.started else ErrorCode.PROVIDER_NOT_READY
            failure = Unreachable(connection.explain(error), code=code)
        connection.close()
        if isinstance(failure, Unreachable):
            failure.stale = self._used_before and not reader.started
            if failure is not error:
                raise failure from None
