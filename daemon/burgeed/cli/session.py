"""What every command is given, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from burgeed.cli.tls_files import TlsFiles
from burgeed.clock import Clock


class ExitCode(IntEnum):
    """What a command's end says to a script."""

    OK = 0
    NO = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


EXIT_CODES = (
    "Exit codes: 0 yes, done; 1 the answer is no: faults, an evaluation's error, not ready, could not start; "
    "2 wrong usage or settings; 3 no daemon reached; 130 interrupted."
)

ENDS_ASKING = (
    "Exit codes: 0 answered; 1 the daemon refuses, and says why; 2 wrong usage; 3 no daemon reached; "
    "130 interrupted."
)
"""For a command that asks a running daemon for something."""

ENDS_WRITING = (
    "Exit codes: 0 done, or so already; 1 the daemon refuses, and says why; 2 wrong usage; 3 no daemon "
    "reached, or its answer was lost; 130 interrupted, or answered with no."
)
"""For one that has a running daemon change something."""

ENDS_HERE = (
    "Exit codes: 0 done; 1 it cannot be done, and why is told; 2 wrong usage or settings; 130 interrupted, "
    "or answered with no."
)
"""For one that asks no daemon."""

ENDS_SERVING = "Exit codes: 0 ended as it was told to; 1 could not start; 2 wrong usage or settings."
"""For the daemon itself."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the command.

    Attributes:
        environment: the process's environment variables.
        tls: for a daemon that speaks TLS; set by the options that name its files.
    """

    clock: Clock
    environment: Mapping[str, str]
    tls: TlsFiles = TlsFiles()  # noqa: RUF009 - it is as unchangeable as a number


class CommandFailed(Exception):
    """The command cannot do what it was asked; the text is all that a person needs to know."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.NO) -> None:
        super().__init__(message)
        self.exit_code = exit_code
