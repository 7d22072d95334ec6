"""Asking a running daemon's ``/admin/v1``: as whom, for which flag set, and what it refuses."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import click

from burgeed.cli.credentials import (
    Credential,
    credential_options,
    find_credential,
    headers_of,
    shown_text,
)
from burgeed.cli.daemon import Answer, Unreachable
from burgeed.cli.downloading import DownloadRefused, download
from burgeed.cli.parameters import addresses_of, as_json, ask_daemon, daemon_address
from burgeed.cli.presentation import print_json
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.runtime.logs import visible

Function = TypeVar("Function", bound=Callable[..., Any])

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
        raise self._refused(answer)

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

    def download(self, path: str, query: Query) -> Iterator[bytes]:
        """The body of a good answer to a GET, in pieces as they come, however long it is.

        Raises:
            Refused, CommandFailed: see :meth:`ask`; where it breaks off, after what came.
        """
        addresses = addresses_of(self.session, self.socket, self.address)
        try:
            yield from download(
                addresses,
                PREFIX + path + query_text(query),
                headers=self.headers,
                tls=self.session.tls,
                deadline=self.deadline,
                monotonic=self.session.clock.monotonic,
            )
        except Unreachable as error:
            raise CommandFailed(str(error), ExitCode.UNREACHABLE) from error
        except DownloadRefused as refusal:
            raise self._refused(refusal.answer) from refusal

    def _refused(self, answer: Answer) -> Refused:
        problem = problem_of(answer)
        if self.as_json:
            print_json(problem)
        return Refused(problem, self.credential)

    @property
    def headers(self) -> dict[str, str]:
        """What says who asks."""
        return headers_of(self.credential)

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
    if any(fault.get("path") == "reason" for fault in problem.get("faults", ())):
        yield "  --reason TEXT gives it"
    revision = problem.get("revision")
    if revision:  # 0 is before the first, of which there is nothing to show
        yield f"  it changed last with revision {revision}: burgee history {revision} shows how"
    if problem.get("status") in (401, 403):
        yield f"  {shown_text(credential)}"


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
    @credential_options
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


def accounted(function: Function) -> Function:
    """Why something is done to the daemon, and for whom; received as ``reason`` and ``actor``."""
    function = click.option("--actor", metavar="TEXT", help="On whose behalf; kept beside who you are.")(
        function
    )
    return click.option("--reason", metavar="TEXT", help="Why; kept in the audit.")(function)


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
