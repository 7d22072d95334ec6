"""The command `burgee`: arguments to settings to runtime, and a person's questions to a daemon."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from burgeed.cli.commands import Commands
from burgeed.cli.session import EXIT_CODES, CommandFailed, ExitCode, Session
from burgeed.clock import Clock, SystemClock
from burgeed.settings import SettingsError


@click.group(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="burgee", prog_name="burgee", message="%(prog)s %(version)s")
def burgee() -> None:
    """Feature flags for software that is sold to organizations."""


def main(argv: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run one command.

    Args:
        argv: arguments after the command's name; the process's own where there are none.
        clock: the time that everything goes by; the machine's where there is none.

    Returns:
        The exit code, one of :class:`burgeed.cli.session.ExitCode`.
    """
    session = Session(clock or SystemClock(), dict(os.environ))
    try:
        code = burgee.main(argv, prog_name="burgee", standalone_mode=False, obj=session)
        return int(code or ExitCode.OK)
    except CommandFailed as failure:
        click.echo(f"burgee: {failure}", err=True)
        return failure.exit_code
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"burgee: {problem}", err=True)
        return ExitCode.USAGE
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
