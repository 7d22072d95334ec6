"""Erasing a subject beside the audit: from the history, from what sources delivered, from tokens and files.

What is in force is its writers' alone: while it names the subject, erasing is refused and says how to take it
back. So who may erase changes nothing that is served, and nothing that is served is left out.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain
from typing import Final

from burgee.definition.rendering import render_condition, render_flag, render_override
from burgee.fault import path_text
from burgee.flag import DEFAULT_HIERARCHY, Origin
from burgee.layer import Layer
from burgeed.audit.erasure import Erasing, Reached
from burgeed.audit.errors import InForce
from burgeed.audit.subjects import PERSON
from burgeed.authority import erasing as tokens
from burgeed.authority.erasing import Holder
from burgeed.clock import Clock
from burgeed.database.protocol import Database, Transaction
from burgeed.revisions import erasing as history
from burgeed.revisions import foundation_erasing as foundations
from burgeed.revisions.foundation_erasing import Prepared, Rewritten, content_of
from burgeed.revisions.naming import Subject

SHOWN: Final = 5
"""Places that a refusal names; the others are counted."""

LEFT_SHOWN: Final = 20
"""Places that an outcome names; the others are counted."""

PREPARED_BYTES: Final = 256 * 1024 * 1024
"""Of foundations rewritten before the transaction; the rest is rewritten within it."""

_log = logging.getLogger(__name__)


class HistoryReach:
    """See :class:`burgeed.audit.erasure.Reach`.

    Args:
        served: the layers of the sources, where a daemon serves them; else none are known.
        leftovers: each removes something that lies outside of the database.
    """

    tables: tuple[str, ...] = ("revisions", "changes", "entries", "idempotency", "beneath", "tokens")

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        served: Callable[[], Sequence[Layer]] = tuple,
        leftovers: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._served = served
        self._leftovers = list(leftovers)

    def also(self, leftover: Callable[[], Awaitable[None]]) -> None:
        """Have one more thing removed when somebody is erased."""
        self._leftovers.append(leftover)

    async def prepare(self, kind: str, name: str) -> Erasing:
        """See :meth:`Reach.prepare`."""
        layers = self._served()
        recorded = await self._database.read(foundations.newest)
        attributes = await asyncio.to_thread(_attributes, kind, layers, recorded)
        pseudonym = f"erased-{secrets.token_hex(16)}"
        subject = Subject(kind, name, pseudonym, acts=kind == PERSON, attributes=attributes)
        served = await asyncio.to_thread(lambda: list(_served_places(layers, subject)))
        if served:
            raise _in_force(subject, served)
        prepared = await self._rewritten_foundations(subject)
        return lambda transaction: self._erase(transaction, subject, prepared)

    async def finish(self) -> None:
        """See :meth:`Reach.finish`."""
        for leftover in self._leftovers:
            try:
                await leftover()
            except Exception as error:
                _log.warning("who was erased may be left in files", extra={"error": repr(error)})

    async def _rewritten_foundations(self, subject: Subject) -> Prepared:
        """Those that there are now; it may take longer than a transaction should."""
        prepared: dict[str, Rewritten | None] = {}
        size = 0
        for digest in await self._database.read(foundations.digests):
            content = await self._database.read(lambda transaction, of=digest: content_of(transaction, of))  # type: ignore[misc]
            if content is None:
                continue
            try:
                found = await asyncio.to_thread(foundations.without, content, subject)
            except ValueError:
                continue  # damaged: told of in the transaction
            size += 0 if found is None else len(found.content)
            if size > PREPARED_BYTES:
                break
            prepared[digest] = found
        return prepared

    def _erase(self, transaction: Transaction, subject: Subject, prepared: Prepared) -> Reached:
        now = self._clock.wall()
        holder = Holder(subject.kind, subject.name, subject.acts)
        good = tokens.find(transaction, holder, now)
        standing = history.in_force(transaction, subject)
        standing += [f"token {each} (`burgee token revoke {each}`)" for each in good.in_force]
        if standing:
            raise _in_force(subject, standing)
        rewritten = history.erase(transaction, subject)
        count, unreadable = foundations.erase(transaction, subject, prepared)
        count += tokens.erase(transaction, holder, subject.pseudonym, now)
        if not rewritten.revisions and not count:
            return Reached()
        left = [f"token {each}, made by them" for each in good.made] + unreadable
        left += [
            f"the name of token {each}"
            for each, name in tokens.find(transaction, holder, now).names.items()
            if subject.text(name) != name
        ]
        left += rewritten.left
        return Reached(subject.pseudonym, len(rewritten.revisions), tuple(_shortened(left, LEFT_SHOWN)))


def _attributes(level: str, layers: Sequence[Layer], recorded: Sequence[bytes]) -> frozenset[str]:
    """What a level's scopes are taken from, as far as anything that is served, or was, says."""
    hierarchies = [definition.hierarchy or () for layer in layers for definition in layer.definitions]
    stated = {each.attribute for each in chain(DEFAULT_HIERARCHY, *hierarchies) if each.name == level}
    return frozenset(stated.union(*(foundations.attributes_in(content, level) for content in recorded)))


def _served_places(layers: Sequence[Layer], subject: Subject) -> Iterator[str]:
    for layer in layers:
        for definition in layer.definitions:
            for override in definition.overrides.values():
                is_theirs = (override.level, override.scope) == (subject.kind, subject.name)
                if is_theirs or subject.is_condition_of(render_override(override)):
                    yield _place(override.origin)
            for flag in definition.flags.values():
                if subject.is_condition_of(render_flag(flag)):
                    yield _place(flag.origin)
            for segment in definition.segments.values():
                condition = render_condition(segment.condition)
                if subject.condition(condition) != condition:
                    yield _place(segment.origin)


def _place(origin: Origin) -> str:
    return f"{path_text(origin.path)} in {origin.file or origin.source} (take it out there)"


def _in_force(subject: Subject, places: Sequence[str]) -> InForce:
    what = "; ".join(_shortened(places, SHOWN))
    return InForce(f"{subject.kind} {subject.name} cannot be erased while what is in force names it: {what}")


def _shortened(places: Sequence[str], shown: int) -> list[str]:
    more = len(places) - shown
    return [*places[:shown], *([f"and {more} more"] if more > 0 else [])]
