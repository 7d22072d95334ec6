"""`burgee health` and `burgee ready`: for probes, and for a person who wonders."""

from __future__ import annotations

import click

from burgeed.cli.parameters import as_json, ask_daemon, daemon_address
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import ExitCode, Session


@click.command()
@daemon_address
@as_json
@click.pass_obj
def health(
    session: Session, socket: str | None, address: str | None, deadline: float, as_json: bool
) -> ExitCode:
    """Ask whether the daemon lives: exit code 0 when it does, 1 when it says no, 3 when none answers."""
    return _probe(session, "/healthz", socket, address, deadline, as_json)


@click.command()
@daemon_address
@as_json
@click.pass_obj
def ready(
    session: Session, socket: str | None, address: str | None, deadline: float, as_json: bool
) -> ExitCode:
    """Ask whether the daemon is ready to evaluate: exit code 0, 1 when not yet, 3 when none answers."""
    return _probe(session, "/readyz", socket, address, deadline, as_json)


def _probe(
    session: Session, path: str, socket: str | None, address: str | None, deadline: float, as_json: bool
) -> ExitCode:
    answer = ask_daemon(session, "GET", path, socket=socket, address=address, deadline=deadline)
    document = answer.document()
    good = answer.status == 200
    if as_json:
        print_json(document)
    else:
        print_line((str(document.get("status", f"HTTP {answer.status}")), "good" if good else "error"))
        for reason in document.get("reasons", ()):
            print_line(f"  {reason}")
    return ExitCode.OK if good else ExitCode.NO
