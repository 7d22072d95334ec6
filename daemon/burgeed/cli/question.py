"""What `eval` and `explain` ask alike: which flag, for whom, when, and of whom to find out."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from burgee.bucket import FractionalVersion
from burgee.context import Context
from burgee.errors import SelectorError
from burgee.selector import ANY, Selector
from burgee.wire.ofrep import SELECTOR
from burgeed.cli.credentials import (
    Credential,
    credential_options,
    find_credential,
    headers_of,
    shown_text,
)
from burgeed.cli.daemon import Answer
from burgeed.cli.daemon_options import daemon_option, read_countries, read_fractional
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
from burgeed.geography.enrichment import Enrichment
from burgeed.settings import SourceSetting
from burgeed.settings.errors import UnfitValue
from burgeed.settings.values import read_source

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Question:
    """One flag and one context.

    Attributes:
        sources: read in this command's own run; empty where the daemon is asked.
        fractional_version: of flagd's ``fractional``, for sources that do not say.
        countries: tells the country from the address, for sources; None where nothing does.
        now: Unix seconds.
        credential: what is shown to the daemon; None shows no token.
        past: further options of the command, by name, as they were given.
    """

    session: Session
    key: str
    context: Context
    selector: Selector
    selector_text: str | None
    sources: tuple[SourceSetting, ...]
    fractional_version: FractionalVersion
    countries: Enrichment | None
    now: float
    socket: str | None
    address: str | None
    deadline: float
    credential: Credential | None = None
    past: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told_country(self) -> str | None:
        """The country that the database tells for a context that has none of its own."""
        return None if self.countries is None else self.countries.country_for(self.context)

    @property
    def full_context(self) -> Context:
        """The context with the country that the database tells."""
        return self.context if self.countries is None else self.countries.enriched(self.context)

    def ask(self, path: str, message: object) -> Answer:
        """Post a message to the daemon."""
        return ask_daemon(
            self.session,
            "POST",
            path,
            message,
            headers=headers_of(self.credential)
            | ({SELECTOR: self.selector_text} if self.selector_text else {}),
            socket=self.socket,
            address=self.address,
            deadline=self.deadline,
        )

    def refusal(self, answered: Answer) -> dict[str, Any]:
        """What the daemon said instead of an answer, a problem (RFC 9457) too, as an OFREP error."""
        document = answered.document()
        not_ready = document.get("type") == "/problems/not-ready"
        document.setdefault("errorCode", "PROVIDER_NOT_READY" if not_ready else "GENERAL")
        document.setdefault("errorDetails", document.get("detail") or f"HTTP {answered.status}")
        if answered.status in (401, 403):
            document["errorDetails"] = f"{document['errorDetails']} ({shown_text(self.credential)})"
        return document

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
    @daemon_option("fractional", "With --source: ")
    @daemon_option("geoip", "With --source: ")
    @click.option("--now", metavar="INSTANT", help="With --source: when, in RFC 3339. Default: now.")
    @daemon_address
    @credential_options
    @as_json
    @click.pass_obj
    @functools.wraps(function)
    def command(
        session: Session,
        /,
        key: str,
        further: tuple[str, ...],
        attributes: tuple[str, ...],
        targeting_key: str | None,
        selector: str | None,
        sources: tuple[str, ...],
        fractional: str | None,
        geoip: str | None,
        now: str | None,
        socket: str | None,
        address: str | None,
        deadline: float,
        token_file: Path | None,
        token: str | None,
        as_json: bool,
        **past: Any,
    ) -> ExitCode:
        if sources and (socket or address or token):
            raise click.UsageError(
                "--source reads definitions here; --socket, --address and --token are for asking a daemon"
            )
        if now is not None and not sources:
            raise click.UsageError("--now needs --source: a daemon answers for its own time")
        if fractional is not None and not sources:
            raise click.UsageError("--fractional needs --source: a daemon answers by its own settings")
        if geoip is not None and not sources:
            raise click.UsageError("--geoip needs --source: a daemon asks its own database")
        asked = Question(
            session,
            key,
            read_context((*attributes, *further), targeting_key),
            _selector(selector),
            selector,
            tuple(map(_source, sources)),
            read_fractional(fractional, session) if sources else 2,
            read_countries(geoip, session) if sources else None,
            read_now(now, session),
            socket,
            address,
            deadline,
            None if sources else find_credential(token, token_file, session.environment),
            {name: each for name, each in past.items() if each is not None},
        )
        return function(asked, as_json)

    return command


def _selector(text: str | None) -> Selector:
    if text is None:
        return ANY
    try:
        return Selector.parse(text)
    except SelectorError as error:
        raise click.BadParameter(str(error), param_hint="--selector") from error


def _source(text: str) -> SourceSetting:
    try:
        return read_source(text)
    except UnfitValue as unfit:
        raise click.BadParameter(f"{unfit.message}; {unfit.remedy}", param_hint="--source") from unfit
