"""What a command is planned upon: what is set, over what the sources say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from burgee.definition.records import read_flag_record, read_kill_record, read_override_record
from burgee.definition.rendering import render_flag, render_kill, render_override
from burgee.definition.report import did_you_mean
from burgee.flag import Flag, Kill, Override
from burgeed.control.beneath import Beneath
from burgeed.control.errors import NotFound
from burgeed.control.protocol import State
from burgeed.revisions.values import Change, Document, Entry, EntryKey

SOURCE = "admin"
"""The name of the layer of what is set at run time."""


class View:
    """One moment. What it reads it remembers; otherwise it never changes.

    Args:
        now: Unix seconds.
    """

    def __init__(self, state: State, beneath: Beneath, now: float) -> None:
        self.state = state
        self.beneath = beneath
        self.now = now
        self._read: dict[EntryKey, Flag | None] = {}
        self._of_flag: dict[tuple[str, str], list[Entry]] | None = None
        self._locks: dict[tuple[str, str], tuple[Override, ...]] = {}

    def after(self, changes: Iterable[Change]) -> View:
        """The same moment with the changes made."""
        entries = dict(self.state.entries)
        number = self.state.revision + 1
        for change in changes:
            entries.pop(change.key, None)
            if change.after is not None:
                entries[change.key] = Entry(change.key, change.after, number)
        return View(State(number, entries), self.beneath, self.now)

    def entry(self, key: EntryKey) -> Document | None:
        """What is set at run time."""
        entry = self.state.entries.get(key)
        return None if entry is None else entry.document

    def document(self, key: EntryKey) -> Document | None:
        """What stands, whichever layer it comes from."""
        return self.covered(key) if (document := self.entry(key)) is None else document

    def covered(self, key: EntryKey) -> Document | None:
        """What the sources say."""
        if key.kind == "flag":
            flag = self.beneath.flag(key.flag_set, key.flag_key)
            return None if flag is None else render_flag(flag)
        if key.kind == "kill":
            kill = self.beneath.kill(key.flag_set, key.flag_key)
            return None if kill is None else render_kill(kill)
        override = self.beneath.override(key.flag_set, key.level, key.scope, key.flag_key)
        return None if override is None else render_override(override)

    def flag(self, flag_set: str, flag_key: str) -> Flag | None:
        """The flag that is served; None where there is none, or what is stored of it cannot be read."""
        key = EntryKey(flag_set, "flag", flag_key)
        if key not in self._read:
            document = self.entry(key)
            self._read[key] = (
                self.beneath.flag(flag_set, flag_key) if document is None else read_flag(key, document)
            )
        return self._read[key]

    def flag_keys(self, flag_set: str) -> frozenset[str]:
        """Keys of all flags of a set."""
        own = (key.flag_key for key in self.state.entries if key.kind == "flag" and key.flag_set == flag_set)
        return frozenset(own).union(self.beneath.flags(flag_set))

    def is_killed(self, flag_set: str, flag_key: str) -> bool:
        """Whether a kill answers for the flag."""
        document = self.entry(EntryKey(flag_set, "kill", flag_key))
        if document is None:
            return self.beneath.kill(flag_set, flag_key) is not None
        return "revive" not in document

    def entries_of(self, flag_set: str, flag_key: str) -> Sequence[Entry]:
        """Whatever is set at run time for a flag: itself, its kill, its overrides."""
        if self._of_flag is None:
            self._of_flag = {}
            for key, entry in self.state.entries.items():
                self._of_flag.setdefault((key.flag_set, key.flag_key), []).append(entry)
        return self._of_flag.get((flag_set, flag_key), ())

    def overrides_in(self, flag_set: str, level: str, scope: str) -> frozenset[str]:
        """Keys of the flags that have an override for a scope, in any layer."""
        own = {
            key.flag_key
            for key in self.state.entries
            if (key.flag_set, key.kind, key.level, key.scope) == (flag_set, "override", level, scope)
        }
        below = {key[2] for key in self.beneath.overrides(flag_set) if key[:2] == (level, scope)}
        return frozenset(own | below)

    def locks_of(self, flag_set: str, flag_key: str) -> tuple[Override, ...]:
        """The overrides of a flag that lock it now or later."""
        if (flag_set, flag_key) not in self._locks:
            own = [each for each in self.entries_of(flag_set, flag_key) if each.key.kind == "override"]
            covered = {(entry.key.level, entry.key.scope) for entry in own}
            found = [
                each
                for each in self.beneath.overrides_of(flag_set, flag_key)
                if (each.level, each.scope) not in covered
            ]
            # Few are locked: only these are worth being read.
            read = (read_override(entry.key, entry.document) for entry in own if entry.document.get("lock"))
            found += [each for each in read if each is not None]
            self._locks[flag_set, flag_key] = tuple(each for each in found if is_locking(each, self.now))
        return self._locks[flag_set, flag_key]

    @property
    def flag_sets(self) -> frozenset[str]:
        """Ids of the flag sets that a source has, or something set at run time."""
        return self.beneath.flag_sets | {key.flag_set for key in self.state.entries}

    def need_flag_set(self, flag_set: str) -> None:
        """Raise NotFound for a set that there is not, unless there is none at all."""
        known = self.flag_sets
        if known and flag_set not in known:
            raise NotFound(_unknown("flag set", flag_set, known))

    def need_level(self, flag_set: str, level: str, entries: Iterable[EntryKey] = ()) -> None:
        """Raise NotFound for a level that there is not, and for which nothing was set either.

        Args:
            entries: what was set at another time.
        """
        known = {each.name for each in self.beneath.hierarchy(flag_set)}
        if level not in known and all(key.level != level for key in (*self.state.entries, *entries)):
            raise NotFound(_unknown("level", level, known))

    def need_flag(self, flag_set: str, flag_key: str) -> Document:
        """The flag as a document. Raises NotFound."""
        self.need_flag_set(flag_set)
        document = self.document(EntryKey(flag_set, "flag", flag_key))
        if document is None:
            raise NotFound(_unknown("flag", flag_key, self.flag_keys(flag_set)))
        return document


def is_locking(override: Override, now: float) -> bool:
    """Whether an override locks, now or from some time on."""
    return override.lock and (override.window.end is None or override.window.end > now)


def read_flag(key: EntryKey, document: Document) -> Flag | None:
    """A flag of a document that was checked; None where today's reader refuses it all the same."""
    try:
        return read_flag_record({"is": document}, key.flag_key, SOURCE, None)
    except (ValueError, KeyError, TypeError):
        return None


def read_override(key: EntryKey, document: Document) -> Override | None:
    """An override, likewise."""
    try:
        return read_override_record({"is": document}, key.level, key.scope, key.flag_key, SOURCE, None)
    except (ValueError, KeyError, TypeError):
        return None


def read_kill(key: EntryKey, document: Document) -> Kill | None:
    """A kill, likewise."""
    try:
        return read_kill_record({"is": document}, key.flag_key, SOURCE, None)
    except (ValueError, KeyError, TypeError):
        return None


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    near = did_you_mean(name, sorted(known))
    return f"there is no {kind} `{name}`" + (f"; {near}" if near else "")
