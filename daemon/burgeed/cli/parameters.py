"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from burgee.context import TARGETING_KEY, Context
from burgee.instant import parse_instant
from burgeed.cli.daemon import Answer, Unreachable, ask, daemon_addresses
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.cli.tls_files import flag_of, variable_of
from burgeed.settings import OPTIONS, Address
from burgeed.settings.errors import UnfitValue
from burgeed.settings.values import read_attribute

Function = TypeVar("Function", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def daemon_settings(function: Function) -> Function:
    """Every option of the daemon; the command receives each as a tuple of texts under its own name."""
    return evaluation_settings(*(option.name for option in OPTIONS))(function)


def evaluation_settings(*names: str) -> Callable[[Function], Function]:
    """Some options of the daemon; the command receives each as a tuple of texts under its own name."""

    def decorate(function: Function) -> Function:
        for option in reversed([option for option in OPTIONS if option.name in names]):
            function = click.option(
                option.flag,
                option.name.replace("-", "_"),
                multiple=True,
                metavar=option.metavar,
                help=f"{option.explanation} [{option.variable}]",
            )(function)
        return function

    return decorate


def as_command_line(options: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """What :func:`daemon_settings` gave a command, as settings take it."""
    return {name.replace("_", "-"): texts for name, texts in options.items() if texts}


def daemon_address(function: Function) -> Function:
    """Which daemon to ask, and how long to wait for it; the session gets the files for TLS."""
    for name, what in reversed(_TLS_FILES.items()):
        function = click.option(
            flag_of(name),
            name,
            type=click.Path(dir_okay=False, path_type=Path),
            expose_value=False,
            callback=_take_tls_file,
            metavar="PATH",
            help=f"With https: {what} [{variable_of(name)}]",
        )(function)
    function = click.option(
        "--deadline",
        type=click.FloatRange(min=0, min_open=True),
        default=5.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for the whole answer.",
    )(function)
    function = click.option(
        "--address",
        metavar="URL",
        help="The daemon: unix://PATH, http://HOST:PORT or https://HOST:PORT. Default: the usual places. "
        "[BURGEE_ADDRESS]",
    )(function)
    return click.option("--socket", metavar="PATH", help="The daemon's Unix socket. [BURGEE_SOCKET]")(
        function
    )


_TLS_FILES = {
    "ca": "the authorities that the daemon's certificate has to come from, in PEM. Default: the system's.",
    "certificate": "what is shown to a daemon that wants a client's certificate, in PEM.",
    "certificate_key": "its private key, not encrypted. Default: in the same file.",
}


def _take_tls_file(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    session, name = context.obj, parameter.name
    if not isinstance(session, Session) or name is None:
        return
    named = path or session.environment.get(variable_of(name))
    if named:
        context.obj = replace(session, tls=replace(session.tls, **{name: Path(named)}))


def evaluation_context(function: Function) -> Function:
    """The context that a flag is evaluated for."""
    function = click.option("--targeting-key", metavar="TEXT", help="Who the flag is for.")(function)
    return click.option(
        "--context",
        "-c",
        "attributes",
        multiple=True,
        metavar="KEY=VALUE",
        help="An attribute, a JSON scalar or else text; or a whole context as a JSON object. Repeatable; "
        "further KEY=VALUE may follow as arguments.",
    )(function)


def read_context(attributes: Iterable[str], targeting_key: str | None) -> Context:
    """The context that the options of :func:`evaluation_context` describe, later ones over earlier."""
    context: dict[str, Any] = {}
    for text in attributes:
        if text.startswith("{"):
            context |= _read_object(text)
            continue
        try:
            key, value = read_attribute(text)
        except UnfitValue as unfit:
            raise click.BadParameter(f"{unfit.message}; {unfit.remedy}", param_hint="--context") from unfit
        # The targeting key is text by OpenFeature's own type, whatever it looks like.
        context[key] = text.partition("=")[2] if key == TARGETING_KEY else value
    if targeting_key is not None:
        context[TARGETING_KEY] = targeting_key
    return context


def _read_object(text: str) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"not a JSON object: {error}", param_hint="--context") from error
    return dict(document)


def read_now(text: str | None, session: Session) -> float:
    """The instant to evaluate at, in Unix seconds: the one stated, or now."""
    if text is None:
        return session.clock.wall()
    instant = parse_instant(text)
    if instant is None:
        raise click.BadParameter(
            f"{text!r} is no RFC 3339 instant; write 2026-12-01T00:00:00Z", param_hint="--now"
        )
    return instant


def addresses_of(session: Session, socket: str | None, address: str | None) -> list[Path | Address]:
    """Where the daemon may be that the options of :func:`daemon_address` name."""
    if socket and address:
        raise click.UsageError("--socket and --address both name the daemon: give one")
    try:
        return [Path(socket)] if socket else daemon_addresses(address, session.environment)
    except UnfitValue as unfit:
        raise click.BadParameter(f"{unfit.message}; {unfit.remedy}", param_hint="--address") from unfit


def ask_daemon(
    session: Session,
    method: str,
    path: str,
    message: object | None = None,
    *,
    headers: Mapping[str, str] | None = None,
    socket: str | None,
    address: str | None,
    deadline: float,
) -> Answer:
    """Ask the daemon that the options of :func:`daemon_address` name.

    Raises:
        CommandFailed: with the exit code for an unreachable daemon.
    """
    addresses = addresses_of(session, socket, address)
    if session.tls.certificate_key is not None and session.tls.certificate is None:
        raise click.UsageError("--certificate-key is the key of a certificate: name that with --certificate")
    try:
        return ask(
            addresses,
            method,
            path,
            message,
            headers=headers,
            tls=session.tls,
            deadline=deadline,
            monotonic=session.clock.monotonic,
        )
    except Unreachable as error:
        raise CommandFailed(str(error), ExitCode.UNREACHABLE) from error
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise click.UsageError(f"what is asked is not text in UTF-8: {error}") from error
