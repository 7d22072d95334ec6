"""`burgee up` and `burgee serve`: the daemon itself."""

from __future__ import annotations

import importlib.resources
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from burgee.snapshot import Snapshot
from burgeed.cli import hints
from burgeed.cli.parameters import as_command_line, daemon_settings
from burgeed.cli.session import ENDS_SERVING, CommandFailed, ExitCode, Session
from burgeed.runtime.announcement import Serving
from burgeed.runtime.failures import SidecarFailed
from burgeed.runtime.serving import serve as serve_until_told
from burgeed.settings import Settings, SourceSetting, gather


@click.command(epilog=ENDS_SERVING)
@daemon_settings
@click.pass_obj
def serve(session: Session, /, **options: tuple[str, ...]) -> ExitCode:
    """Serve flags as a sidecar, until SIGTERM or SIGINT; SIGHUP reads all sources again.

    Prints one line of JSON with its real addresses when it serves, and logs to standard error. Each option
    may also stand in the environment (the name in brackets) or in the file that --config names; the command
    line beats the environment, which beats the file. In the environment, an option that may be repeated is
    separated by white space, or written as a JSON list.
    """
    settings = gather(as_command_line(options), session.environment)
    return _run(settings, session, lambda serving: None)


@click.command(epilog=ENDS_SERVING)
@click.argument("files", nargs=-1, metavar="[FILE]...")
@daemon_settings
@click.pass_obj
def up(session: Session, /, files: tuple[str, ...], **options: tuple[str, ...]) -> ExitCode:
    """Serve definition FILEs on this machine; a sample where none is named.

    Several are layers: later ones lie on top, those of --source above them. A directory is read as one
    definition. Everything else is as for serve.
    """
    command_line = as_command_line(options)
    if files:
        command_line["source"] = (*files, *command_line.get("source", ()))
    settings = gather(command_line, session.environment, wants_source=False, keeps_store=True)
    sample = None if settings.sources else sample_definition()
    if sample is not None:
        settings = replace(settings, sources=(SourceSetting(str(sample)),))
    return _run(settings, session, lambda serving: _explain_to_person(serving, sample), first_token=True)


def sample_definition() -> Path:
    """The definition that comes with the package."""
    return Path(str(importlib.resources.files("burgeed"))) / "samples" / "flags.yaml"


def _run(
    settings: Settings, session: Session, explain: Callable[[Serving], None], *, first_token: bool = False
) -> ExitCode:
    def announce(serving: Serving) -> None:
        click.echo(json.dumps(serving.line()))
        explain(serving)

    try:
        serve_until_told(
            settings,
            session.clock,
            announce,
            environment=session.environment,
            first_token=first_token,
        )
    except SidecarFailed as error:
        raise CommandFailed(str(error), ExitCode.USAGE if error.wrong_settings else ExitCode.NO) from error
    return ExitCode.OK


def _explain_to_person(serving: Serving, sample: Path | None) -> None:
    """On standard error, where a person reads along; scripts have the line of JSON."""
    if not sys.stderr.isatty():
        return
    click.echo("\n".join(_lines(serving, serving.snapshot, sample)), err=True)


def _lines(serving: Serving, snapshot: Snapshot, sample: Path | None) -> list[str]:
    flag = hints.first_flag(snapshot)
    if flag is None:
        return ["", "There is no flag to evaluate yet: correct the definition, and it is served at once."]
    lines = ["", "Evaluate a flag:", "", f"  {hints.curl_line(flag.key, serving.socket, serving.http)}", ""]
    lines += ["The same from Python:", ""]
    # Not indented, or Python would not take what is copied.
    lines += hints.snippet(flag, serving.socket).splitlines()
    lines += [""]
    if serving.admin_token is not None:
        lines += ["The token of this store's administrator, shown once; only its hash is kept:", ""]
        lines += [f"  {serving.admin_token}", ""]
        lines += ["Your own user needs none on the socket: burgee flag list", ""]
    if sample is not None:
        lines += [f"To write your own: cp {sample} flags.yaml, then burgee up flags.yaml"]
    lines += ["Save the definition to change it; Ctrl-C ends.", ""]
    return lines
