"""Locked overrides of sources that changes put out of force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from burgee.flag import Override
from burgee.inactivity import why_override_inactive
from burgeed.control.planning.view import View, is_locking, read_flag
from burgeed.revisions.values import Change, EntryKey


@dataclass(frozen=True, slots=True)
class BrokenLock:
    """One of them.

    Attributes:
        lock: which override it is.
        origin: the file, or else the source, that it stands in.
        by: what is changed.
        why: why it leads nowhere with the change; empty where another override covers it.
        is_new: whether it was in force before.
    """

    lock: EntryKey
    origin: str
    by: EntryKey
    why: str = ""
    is_new: bool = True

    @property
    def told(self) -> str:
        """What is locked, and where that is written, for a person."""
        lock = self.lock
        return f"flag `{lock.flag_key}` is locked for {lock.level} `{lock.scope}` in {self.origin}"


def broken_locks(changes: Iterable[Change], view: View) -> Iterator[BrokenLock]:
    """The locks that changes cover, and those that changed flags leave without what they lead to.

    Args:
        view: what the changes are planned upon.
    """
    for change in changes:
        if change.key.kind == "override":
            yield from _covered(change, view)
        elif change.key.kind == "flag":
            yield from _left_inactive(change, view)


def _covered(change: Change, view: View) -> Iterator[BrokenLock]:
    key = change.key
    beneath = view.beneath.override(key.flag_set, key.level, key.scope, key.flag_key)
    if change.after is None or beneath is None or not is_locking(beneath, view.now):
        return
    yield BrokenLock(key, _origin(beneath), key, is_new=change.before is None)


def _left_inactive(change: Change, view: View) -> Iterator[BrokenLock]:
    key = change.key
    locks = [
        each for each in view.beneath.overrides_of(key.flag_set, key.flag_key) if is_locking(each, view.now)
    ]
    if not locks:
        return
    before = view.flag(key.flag_set, key.flag_key)
    if change.after is None:
        after = view.beneath.flag(key.flag_set, key.flag_key)
    elif (after := read_flag(key, change.after)) is None:
        return  # A document that is no flag is refused by whoever reads it.
    levels = {level.name for level in view.beneath.hierarchy(key.flag_set)}
    for lock in locks:
        of_lock = EntryKey(key.flag_set, "override", key.flag_key, lock.level, lock.scope)
        if view.entry(of_lock) is not None or why_override_inactive(lock, before, levels):
            continue
        why = why_override_inactive(lock, after, levels)
        if why:
            yield BrokenLock(of_lock, _origin(lock), key, why)


def _origin(override: Override) -> str:
    return override.origin.file or override.origin.source
