"""What answers where there is neither a daemon nor anything that it shares: a snapshot kept for bad days."""

from __future__ import annotations

from pathlib import Path

import orjson

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.errors import DefinitionError, SnapshotError
from burgee.snapshot import Generation, Snapshot
from burgee.snapshot_bytes import read
from burgee.snapshot_bytes.layout import MAGIC

from .clock import Clock, Random
from .last_snapshot import LastSnapshot
from .options import Options, OptionsError


class Fallback:
    """The last snapshot on disk, else the bootstrap file.

    Args:
        options: ``bootstrap`` and ``last_snapshot`` of them.
        clock: for pauses between writings.
        random: for jitter.

    Raises:
        OptionsError: the bootstrap file cannot be read.

    Attributes:
        bootstrap: what the bootstrap file says.
    """

    def __init__(self, options: Options, clock: Clock, random: Random) -> None:
        self.bootstrap = None if options.bootstrap is None else read_bootstrap(Path(options.bootstrap))
        self._last: LastSnapshot | None = None
        if options.last_snapshot is not None:
            self._last = LastSnapshot(Path(options.last_snapshot), clock, random)

    @property
    def keeps(self) -> bool:
        """Whether new snapshots are to be kept."""
        return self._last is not None

    def snapshot(self) -> Snapshot | None:
        """The best there is, read from disk where it is the last one."""
        last = None if self._last is None else self._last.read()
        return last or self.bootstrap

    def keep(self, data: memoryview, generation: Generation) -> None:
        """Hear of a newer snapshot from the daemon; waits for nothing."""
        if self._last is not None:
            self._last.keep(data, generation)

    def close(self) -> None:
        """Write at once what is still to be written."""
        if self._last is not None:
            self._last.close()

    def after_fork(self) -> None:
        """In a forked child: leave to the parent what it was about to write."""
        if self._last is not None:
            self._last.after_fork()


def read_bootstrap(path: Path) -> Snapshot:
    """Read a snapshot's bytes, or a definition in JSON.

    Raises:
        OptionsError: the file is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise OptionsError(f"bootstrap {path} cannot be read: {error.strerror or error}") from None
    try:
        if data.startswith(MAGIC):
            return read(memoryview(data), whole=True)
        document = orjson.loads(data)
        layer, _ = read_layer(str(path), [SourceDocument(document, str(path))])
        return compose([layer])
    except SnapshotError as error:
        raise OptionsError(f"bootstrap {path} is no usable snapshot: {error}") from None
    except orjson.JSONDecodeError as error:
        raise OptionsError(
            f"bootstrap {path} is neither a snapshot nor JSON ({error}): write one of the two"
        ) from None
    except DefinitionError as error:
        raise OptionsError(f"bootstrap {path} is no valid definition:\n{error}") from None
