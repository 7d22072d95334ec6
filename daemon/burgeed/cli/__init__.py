"""The command `burgee`: arguments to settings to runtime, and a person's questions to a daemon."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from burgeed.clock import Clock


def main(argv: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments after the command's name; the process's own where there are none.
        clock: the time that everything goes by; the machine's where there is none.

    Returns:
        The exit code, one of :class:`burgeed.cli.session.ExitCode`.
    """
    try:
        # Imported here: pip also makes the command for an application, which has nothing that it needs.
        from burgeed.cli.command_line import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in ("burgee", "burgeed"):
            raise
        sys.stderr.write(
            f"burgee: {missing.name} is not installed: the command needs burgee[daemon]; "
            "burgee alone is what an application needs\n"
        )
        return 2
    return run(argv, clock)
