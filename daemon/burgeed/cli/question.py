"""What `eval` and `explain` ask alike: which flag, for whom, when, and of whom to find out."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from burgee.bucket import FractionalVersion
from burgee.context import Context
from burgee.errors import SelectorError
from burgee.selector import ANY, Selector
from burgee.wire.ofrep import SELECTOR
from burgeed.cli.daemon import Answer
from burgeed.cli.local import LocalSources, read_sources
from burgeed.cli.parameters import (
    as_json,
    ask_daemon,
    daemon_address,
    evaluation_context,
    read_context,
    read_now,
)
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.settings import SourceSetting
from burgeed.settings.errors import UnfitValue
from burgeed.settings.options import NAMES
from burgeed.settings.values import read_fractional_version, read_source

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Question:
    """One flag and one context.

    Attributes:
        sources: read in this command's own run; empty where the daemon is asked.
        fractional_version: of flagd's ``fractional``, for sources that do not say.
        now: Unix seconds.
    """

    session: Session
    key: str
    context: Context
    selector: Selector
    selector_text: str | None
    sources: tuple[SourceSetting, ...]
    fractional_version: FractionalVersion
    now: float
    socket: str | None
    address: str | None
    deadline: float

    def ask(self, path: str, message: object, *, sockets_only: bool = False) -> Answer:
        """Post a message to the daemon."""
        return ask_daemon(
            self.session,
            "POST",
            path,
            message,
            headers={SELECTOR: self.selector_text} if self.selector_text else {},
            socket=self.socket,
            address=self.address,
            deadline=self.deadline,
            sockets_only=sockets_only,
        )

    def locally(self, find_out: Callable[[LocalSources], Awaitable[Outcome]]) -> Outcome:
        """Find the outcome out from the sources, every one of which must be without fault."""
        return asyncio.run(self._locally(find_out))

    async def _locally(self, find_out: Callable[[LocalSources], Awaitable[Outcome]]) -> Outcome:
        try:
            reading = read_sources(
                self.sources, self.session.clock, fractional_version=self.fractional_version
            )
            async with reading as sources:
                for word, setting in zip(sources.words, self.sources, strict=True):
                    if not word.accepted and not (word.why and setting.optional):
                        faults = "\n".join(str(fault) for fault in word.faults)
                        raise CommandFailed(f"{setting.uri} cannot be used: {word.why or faults}")
                return await find_out(sources)
        except (ValueError, TimeoutError) as error:
            raise CommandFailed(str(error) or "a source said nothing in time", ExitCode.USAGE) from error


def question(function: Callable[[Question, bool], ExitCode]) -> Callable[..., ExitCode]:
    """Give a command the arguments and options of a question; it receives the question and ``as_json``."""

    @click.argument("key")
    @click.argument("further", nargs=-1, metavar="[KEY=VALUE]...")
    @evaluation_context
    @click.option("--selector", metavar="TEXT", help="The flag set: flagSetId=ID or source=NAME.")
    @click.option(
        "--source",
        "sources",
        multiple=True,
        metavar="URI",
        help="Read this definition here and ask no daemon. Repeatable, later ones lie on top.",
    )
    @click.option(
        NAMES["fractional"].flag,
        metavar=NAMES["fractional"].metavar,
        help=f"With --source: {NAMES['fractional'].explanation} [{NAMES['fractional'].variable}]",
    )
    @click.option("--now", metavar="INSTANT", help="With --source: when, in RFC 3339. Default: now.")
    @daemon_address
    @as_json
    @click.pass_obj
    @functools.wraps(function)
    def command(
        session: Session,
        key: str,
        further: tuple[str, ...],
        attributes: tuple[str, ...],
        targeting_key: str | None,
        selector: str | None,
        sources: tuple[str, ...],
        fractional: str | None,
        now: str | None,
        socket: str | None,
        address: str | None,
        deadline: float,
        as_json: bool,
    ) -> ExitCode:
        if sources and (socket or address):
            raise click.UsageError("--source reads definitions here; --socket and --address ask a daemon")
        if now is not None and not sources:
            raise click.UsageError("--now needs --source: a daemon answers for its own time")
        if fractional is not None and not sources:
            raise click.UsageError("--fractional needs --source: a daemon answers by its own settings")
        asked = Question(
            session,
            key,
            read_context((*attributes, *further), targeting_key),
            _selector(selector),
            selector,
            tuple(map(_source, sources)),
            _fractional_version(fractional, session),
            read_now(now, session),
            socket,
            address,
            deadline,
        )
        return function(asked, as_json)

    return command


def failed_document(answered: Answer) -> dict[str, Any]:
    """What the daemon said instead of an answer, as an OFREP error."""
    document = answered.document()
    document.setdefault("errorCode", "GENERAL")
    document.setdefault("errorDetails", f"HTTP {answered.status}")
    return document


def _selector(text: str | None) -> Selector:
    if text is None:
        return ANY
    try:
        return Selector.parse(text)
    except SelectorError as error:
        raise click.BadParameter(str(error), param_hint="--selector") from error


def _fractional_version(text: str | None, session: Session) -> FractionalVersion:
    option = NAMES["fractional"]
    text = text or session.environment.get(option.variable) or "2"
    try:
        return read_fractional_version(text)
    except UnfitValue as unfit:
        raise click.BadParameter(f"{unfit.message}; {unfit.remedy}", param_hint=option.flag) from unfit


def _source(text: str) -> SourceSetting:
    try:
        return read_source(text)
    except UnfitValue as unfit:
        raise click.BadParameter(f"{unfit.message}; {unfit.remedy}", param_hint="--source") from unfit
