"""The admin layer: what is set at run time, as the topmost layer of the store."""

from __future__ import annotations

import logging
from collections.abc import Mapping

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
        self.unreadable: dict[EntryKey, str] = {}

    def build(self, entries: Mapping[EntryKey, Entry]) -> Layer:
        """The layer of these entries. Never fails."""
        read: dict[EntryKey, tuple[Entry, Flag | Override | Kill]] = {}
        unreadable: dict[EntryKey, str] = {}
        sets: dict[str, _Parts] = {}
        for key, entry in entries.items():
            known = self._read.get(key)
            if known is None or known[0] is not entry:
                try:
                    known = entry, _object(key, entry)
                except (ValueError, KeyError, TypeError) as error:
                    unreadable[key] = str(error)
                    if key not in self.unreadable:
                        _log.error(
                            "what was set cannot be read and is left out",
                            extra={"entry": list(key), "revision": entry.revision, "error": str(error)},
                        )
                    continue
            read[key] = known
            sets.setdefault(key.flag_set, _Parts()).put(known[1])
        self._read, self.unreadable = read, unreadable
        definitions = tuple(sets[flag_set].definition(flag_set) for flag_set in sorted(sets))
        return Layer(SOURCE, definitions, stands_for_others=True)


class _Parts:
    """One flag set while it is put together."""

    def __init__(self) -> None:
        self.flags: dict[str, Flag] = {}
        self.overrides: dict[OverrideKey, Override] = {}
        self.kills: dict[str, Kill] = {}

    def put(self, found: Flag | Override | Kill) -> None:
        if isinstance(found, Flag):
            self.flags[found.key] = found
        elif isinstance(found, Kill):
            self.kills[found.flag_key] = found
        else:
            self.overrides[found.level, found.scope, found.flag_key] = found

    def definition(self, flag_set: str) -> Definition:
        metadata = {"flagSetId": flag_set} if flag_set else {}
        return Definition(flag_set, metadata, flags=self.flags, overrides=self.overrides, kills=self.kills)


def _object(key: EntryKey, entry: Entry) -> Flag | Override | Kill:
    record = {"is": entry.document}
    if key.kind == "flag":
        return read_flag_record(record, key.flag_key, SOURCE, None)
    if key.kind == "kill":
        return read_kill_record(record, key.flag_key, SOURCE, None)
    return read_override_record(record, key.level, key.scope, key.flag_key, SOURCE, None)
