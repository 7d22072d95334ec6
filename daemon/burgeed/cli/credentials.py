"""The token that a command shows: from an option, the environment, or a file that nobody else may read."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from burgeed.cli.session import CommandFailed, ExitCode

Function = TypeVar("Function", bound=Callable[..., Any])

LONGEST_TOKEN = 4096
"""Bytes of a token file."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, and where it was found, for when it turns out to be wrong."""

    token: str = field(repr=False)
    origin: str


def credential_options(function: Function) -> Function:
    """The options that name a token; the command receives ``token`` and ``token_file``."""
    function = click.option(
        "--token",
        metavar="TEXT",
        help="A token. Others see it among the processes: rather BURGEE_TOKEN, or a file. [BURGEE_TOKEN]",
    )(function)
    return click.option(
        "--token-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="BURGEE_TOKEN_FILE",
        metavar="PATH",
        help="A file with a token, that nobody else may read. Default: $XDG_CONFIG_HOME/burgee/token, where "
        "there is one. [BURGEE_TOKEN_FILE]",
    )(function)


def headers_of(credential: Credential | None) -> dict[str, str]:
    """What tells a daemon who asks; nothing where no token is shown."""
    return {} if credential is None else {"Authorization": f"Bearer {credential.token}"}


def shown_text(credential: Credential | None) -> str:
    """Which token was shown and how to name another, for somebody who is refused."""
    shown = "no token was shown" if credential is None else f"the token is that of {credential.origin}"
    return f"{shown}; --token-file, BURGEE_TOKEN and --token name one"


def find_credential(
    token: str | None, token_file: Path | None, environment: Mapping[str, str]
) -> Credential | None:
    """The token to show: of the option, the environment, a file that is named, else the usual file.

    Raises:
        CommandFailed: a file cannot be read, or others may read it.
    """
    if token and token_file is not None and environment.get("BURGEE_TOKEN_FILE") != str(token_file):
        raise click.UsageError("--token and --token-file both name a token: give one")
    if token:
        return Credential(_checked(token, "--token"), "--token")
    if token_file is not None and environment.get("BURGEE_TOKEN_FILE") != str(token_file):
        return credential_of_file(token_file)
    if text := environment.get("BURGEE_TOKEN"):
        return Credential(_checked(text, "BURGEE_TOKEN"), "BURGEE_TOKEN")
    if token_file is not None:
        return credential_of_file(token_file)
    usual = usual_token_file(environment)
    return credential_of_file(usual) if usual is not None and os.path.lexists(usual) else None


def usual_token_file(environment: Mapping[str, str]) -> Path | None:
    """``$XDG_CONFIG_HOME/burgee/token``, by default below ``~/.config``; None without a home."""
    configuration, home = environment.get("XDG_CONFIG_HOME"), environment.get("HOME")
    if configuration and Path(configuration).is_absolute():
        return Path(configuration, "burgee", "token")
    return Path(home, ".config", "burgee", "token") if home else None


def credential_of_file(path: Path) -> Credential:
    """The token of a file. Raises CommandFailed where it cannot be read, or others may read it."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read(LONGEST_TOKEN)
    except OSError as error:
        raise CommandFailed(
            f"the token file {path} cannot be read: {error.strerror}", ExitCode.USAGE
        ) from error
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid not in (os.geteuid(), 0):
        raise CommandFailed(
            f"the token file {path} can be read or written by others: chmod 600 {shlex.quote(str(path))}",
            ExitCode.USAGE,
        )
    return Credential(_checked(content.decode("utf-8", "replace"), str(path)), str(path))


def _checked(text: str, origin: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise CommandFailed(f"{origin} holds no token: one line without spaces", ExitCode.USAGE)
    return token
