"""The admin layer: what is set at run time, as the topmost layer of the store."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from burgee.definition.records import read_flag_record, read_kill_record, read_override_record
from burgee.flag import Flag, Kill, Override
from burgee.layer import Definition, Layer, OverrideKey
from burgeed.control.planning.view import SOURCE
from burgeed.revisions.values import Entry, EntryKey

_log = logging.getLogger(__name__)


class AdminLayer:
    """Makes layers of states; an entry that has not changed stands for the very object it stood for before.

    Attributes:
        unreadable: entries that today's reader refuses, with its reason: they are left out, and what lies
            beneath them is served.
    """

    def __init__(self) -> None:
        self._read: dict[EntryKey, tuple[Entry, Flag | Override | Kill]] = {}
        self._definitions: dict[str, Definition] = {}
        self.unreadable: dict[EntryKey, str] = {}

    def build(self, entries: Mapping[EntryKey, Entry]) -> Layer:
        """The layer of these entries. Never fails."""
        sets: dict[str, _Parts] = {}
        gone = self._read.keys() - entries.keys()
        for key in (*gone, *(self.unreadable.keys() - entries.keys())):
            self._look_at(key, None)
        for key, entry in entries.items():
            found = self._look_at(key, entry)
            parts = sets.get(key.flag_set)
            if parts is None and found is not None:
                parts = sets[key.flag_set] = _Parts()
            if parts is not None and found is not None:
                parts.put(found)
        self._definitions = {flag_set: parts.definition(flag_set) for flag_set, parts in sets.items()}
        return self._layer()

    def change(self, entries: Mapping[EntryKey, Entry], keys: Iterable[EntryKey]) -> Layer:
        """The layer of entries that differ from those of the last layer in these keys alone. Never fails."""
        changed: dict[str, _Parts] = {}
        for key in keys:
            parts = changed.get(key.flag_set)
            if parts is None:
                parts = changed[key.flag_set] = _Parts(self._definitions.get(key.flag_set))
            found = self._look_at(key, entries.get(key))
            if found is None:
                parts.remove(key)
            else:
                parts.put(found)
        for flag_set, parts in changed.items():
            if parts.is_empty:
                self._definitions.pop(flag_set, None)
            else:
                self._definitions[flag_set] = parts.definition(flag_set)
        return self._layer()

    def _layer(self) -> Layer:
        definitions = tuple(self._definitions[flag_set] for flag_set in sorted(self._definitions))
        return Layer(SOURCE, definitions, stands_for_others=True)

    def _look_at(self, key: EntryKey, entry: Entry | None) -> Flag | Override | Kill | None:
        """What an entry stands for; None where it is none, or cannot be read."""
        if entry is None:
            self._read.pop(key, None)
            self.unreadable.pop(key, None)
            return None
        known = self._read.get(key)
        if known is not None and known[0] is entry:
            return known[1]
        try:
            found = _object(key, entry)
        except (ValueError, KeyError, TypeError) as error:
            if key not in self.unreadable:
                _log.error(
                    "what was set cannot be read and is left out",
                    extra={"entry": list(key), "revision": entry.revision, "error": str(error)},
                )
            self._read.pop(key, None)
            self.unreadable[key] = str(error)
            return None
        self.unreadable.pop(key, None)
        self._read[key] = entry, found
        return found


class _Parts:
    """One flag set while it is put together.

    Args:
        definition: what it leads on from; nothing of it is altered.
    """

    def __init__(self, definition: Definition | None = None) -> None:
        start = definition or Definition()
        self._flags, self._overrides, self._kills = start.flags, start.overrides, start.kills
        self._own_flags: dict[str, Flag] | None = None
        self._own_overrides: dict[OverrideKey, Override] | None = None
        self._own_kills: dict[str, Kill] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is set."""
        return not (self._flags or self._overrides or self._kills)

    def put(self, found: Flag | Override | Kill) -> None:
        if isinstance(found, Flag):
            self._changed_flags()[found.key] = found
        elif isinstance(found, Kill):
            self._changed_kills()[found.flag_key] = found
        else:
            self._changed_overrides()[found.level, found.scope, found.flag_key] = found

    def remove(self, key: EntryKey) -> None:
        if key.kind == "flag":
            self._changed_flags().pop(key.flag_key, None)
        elif key.kind == "kill":
            self._changed_kills().pop(key.flag_key, None)
        else:
            self._changed_overrides().pop((key.level, key.scope, key.flag_key), None)

    def definition(self, flag_set: str) -> Definition:
        metadata = {"flagSetId": flag_set} if flag_set else {}
        return Definition(flag_set, metadata, flags=self._flags, overrides=self._overrides, kills=self._kills)

    def _changed_flags(self) -> dict[str, Flag]:
        if self._own_flags is None:
            self._flags = self._own_flags = dict(self._flags)
        return self._own_flags

    def _changed_overrides(self) -> dict[OverrideKey, Override]:
        if self._own_overrides is None:
            self._overrides = self._own_overrides = dict(self._overrides)
        return self._own_overrides

    def _changed_kills(self) -> dict[str, Kill]:
        if self._own_kills is None:
            self._kills = self._own_kills = dict(self._kills)
        return self._own_kills


def _object(key: EntryKey, entry: Entry) -> Flag | Override | Kill:
    record = {"is": entry.document}
    if key.kind == "flag":
        return read_flag_record(record, key.flag_key, SOURCE, None)
    if key.kind == "kill":
        return read_kill_record(record, key.flag_key, SOURCE, None)
    return read_override_record(record, key.level, key.scope, key.flag_key, SOURCE, None)
