"""Asking a running daemon's ``/admin/v1``: as whom, for which flag set, and what it refuses."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import click

from burgeed.cli.credentials import Credential, find_credential
from burgeed.cli.daemon import Answer
from burgeed.cli.parameters import as_json, ask_daemon, daemon_address
from burgeed.cli.presentation import print_json
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.runtime.logs import visible

Query = Mapping[str, str | int | None]
"""Parameters of a query; None leaves one out."""

PREFIX = "/admin/v1"
LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class Admin:
    """The daemon that the options name, asked as whom they say.

    Attributes:
        credential: None shows no token: the daemon goes by who is at the other end of its Unix socket.
        as_json: whether the answer is printed for a script.
    """

    session: Session
    socket: str | None
    address: str | None
    deadline: float
    credential: Credential | None
    as_json: bool

    def ask(
        self,
        method: str,
        path: str,
        message: object | None = None,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send one request and return the document of its good answer.

        Args:
            path: below ``/admin/v1``; each parameter in it written by :func:`segment`.

        Raises:
            Refused: the daemon answered with a problem.
            CommandFailed: no daemon answered.
        """
        answer = ask_daemon(
            self.session,
            method,
            PREFIX + path + query_text(query or {}),
            message,
            headers={**self.headers, **(headers or {})},
            socket=self.socket,
            address=self.address,
            deadline=self.deadline,
        )
        document = answer.document()
        if 200 <= answer.status < 300:
            return document
        problem = problem_of(answer)
        if self.as_json:
            print_json(problem)
        raise Refused(problem, self.credential)

    def pages(self, path: str, query: Query, most: int) -> tuple[list[dict[str, Any]], bool]:
        """The first ``most`` items of a list, and whether there are more."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while len(items) < most:
            limit = min(LARGEST_PAGE, most - len(items))
            page = self.ask("GET", path, query={**query, "limit": limit, "cursor": cursor})
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items, False
        return items, True

    @property
    def headers(self) -> dict[str, str]:
        """What says who asks."""
        return {} if self.credential is None else {"Authorization": f"Bearer {self.credential.token}"}

    @property
    def options(self) -> str:
        """The options that name this daemon, for a command line that is told."""
        named = {"--socket": self.socket, "--address": self.address}
        told = "".join(f" {name} {shlex.quote(value)}" for name, value in named.items() if value)
        return told + self.session.tls.options(self.session.environment)


class Refused(CommandFailed):
    """The daemon answered with a problem (RFC 9457).

    Args:
        problem: its document.
        credential: what was shown.
    """

    def __init__(self, problem: dict[str, Any], credential: Credential | None) -> None:
        self.problem = problem
        super().__init__("\n".join(_lines(problem, credential)))


def _lines(problem: dict[str, Any], credential: Credential | None) -> Iterator[str]:
    title, detail = str(problem.get("title", "refused")), str(problem.get("detail", ""))
    yield visible(f"{title}: {detail}" if detail and detail != title else title)
    for fault in problem.get("faults", ()):
        at = f"{fault['path']}: " if fault.get("path") else ""
        if f"{at}{fault['message']}" not in detail:
            yield visible(f"  {at}{fault['message']}")
        if fault.get("remedy") and fault["remedy"] not in detail:
            yield visible(f"      {fault['remedy']}")
    revision = problem.get("revision")
    if revision:  # 0 is before the first, of which there is nothing to show
        yield f"  it changed last with revision {revision}: burgee history {revision} shows how"
    if problem.get("status") in (401, 403):
        shown = "no token was shown" if credential is None else f"the token is that of {credential.origin}"
        yield f"  {shown}; --token-file, BURGEE_TOKEN and --token name one"


def problem_of(answer: Answer) -> dict[str, Any]:
    """The problem that an answer tells; one made of its status where it tells none."""
    document = answer.document()
    if "title" not in document:
        document = {"title": f"HTTP {answer.status}", "detail": str(document.get("errorDetails", ""))}
    document.setdefault("status", answer.status)
    return document


def admin(function: Callable[..., ExitCode]) -> Callable[..., ExitCode]:
    """Give a command the options that say which daemon to ask, and as whom; it receives an Admin first."""

    @daemon_address
    @click.option(
        "--token-file",
        type=click.Path(dir_okay=False, path_type=Path),
        envvar="BURGEE_TOKEN_FILE",
        metavar="PATH",
        help="A file with a token, that nobody else may read. Default: $XDG_CONFIG_HOME/burgee/token, where "
        "there is one. [BURGEE_TOKEN_FILE]",
    )
    @click.option(
        "--token",
        metavar="TEXT",
        help="A token. Others see it among the processes: rather BURGEE_TOKEN, or a file. [BURGEE_TOKEN]",
    )
    @as_json
    @click.pass_obj
    @functools.wraps(function)
    def command(
        session: Session,
        /,
        socket: str | None,
        address: str | None,
        deadline: float,
        token_file: Path | None,
        token: str | None,
        as_json: bool,
        **rest: Any,
    ) -> ExitCode:
        credential = find_credential(token, token_file, session.environment)
        return function(Admin(session, socket, address, deadline, credential, as_json), **rest)

    return command


def segment(text: str) -> str:
    """One segment of a path, whatever is in it. Raises click.UsageError where nothing is, or no text."""
    if not text:
        raise click.UsageError("an argument that names something is empty")
    return quote(_well_formed(text), safe="")


def _well_formed(text: str) -> str:
    """A text that can be sent: what a shell passes on may be any bytes. Raises click.UsageError."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise click.UsageError(f"{text!r} is not text in UTF-8") from error
    return text


def query_text(query: Query, further: Sequence[tuple[str, str]] = ()) -> str:
    """A query with its question mark; empty without a parameter.

    Args:
        further: parameters that may stand there more than once.
    """
    given = [(name, _well_formed(str(value))) for name, value in query.items() if value is not None]
    return f"?{urlencode([*given, *further])}" if given or further else ""


flag_set_option = click.option(
    "--flag-set", metavar="ID", help="The flag set, by its flagSetId. Default: the only one there is."
)


def limit_option(usual: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """How much of a list to show."""
    return click.option(
        "--limit", "-n", type=click.IntRange(1), default=usual, show_default=True, help="At most so many."
    )


def print_more(more: bool, limit: int) -> None:
    """Say, on standard error, that a list goes on."""
    if more:
        click.echo(f"burgee: these are the first {limit}; --limit shows more", err=True)
