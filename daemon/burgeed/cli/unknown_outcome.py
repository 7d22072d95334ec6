"""What a person is told where nobody knows whether a daemon did what it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from burgeed.cli.daemon import Silent
from burgeed.cli.session import CommandFailed, ExitCode


@contextmanager
def telling_unknown(unknown: str) -> Iterator[None]:
    """Where no answer comes, or somebody interrupts the wait, say what is not known and what tells.

    Raises:
        CommandFailed: as what is within, with that added, or for an interruption.
    """
    try:
        yield
    except CommandFailed as failure:
        if isinstance(failure.__cause__, Silent):
            raise CommandFailed(f"{failure}; {unknown}", failure.exit_code) from failure
        raise
    except KeyboardInterrupt:
        raise CommandFailed(f"interrupted; {unknown}", ExitCode.INTERRUPTED) from None
