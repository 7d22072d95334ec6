"""The command line of `burgee`: one group of commands, and how each of them ends."""

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


def run(argv: Sequence[str] | None, clock: Clock | None) -> int:
    """Run one command, as :func:`burgeed.cli.main` has it."""
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
    except OSError as error:
        if error.filename is not None:
            raise
        # Files and connections have been seen to by whoever uses them: what is left is the output.
        click.echo(
            f"burgee: the outcome cannot be printed: {error.strerror}; what was asked for may be done",
            err=True,
        )
        return ExitCode.NO
