"""Which flags two snapshots have to be asked about to find every context that they answer differently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple, TypeAlias

from burgee.composition import changes
from burgee.selector import Selector
from burgee.snapshot import FlagSet, Snapshot, is_shown

FlagChange: TypeAlias = Literal["added", "removed", "changed"]


class Question(NamedTuple):
    """One flag to ask both snapshots about.

    Attributes:
        flag_set_id: the set that is looked in, where the key is ambiguous; None where all are.
        is_whole: whether it is a flag, not a leaf of one.
    """

    flag_key: str
    flag_set_id: str | None
    selector: Selector
    change: FlagChange
    is_whole: bool


def questions(old: Snapshot, new: Snapshot, selector: Selector) -> list[Question]:
    """The flags that may be answered otherwise, in order of their keys.

    Raises:
        SnapshotError: a snapshot was read from bytes that are so damaged that its keys cannot be told.
    """
    found: list[Question] = []
    ids = [flag_set.flag_set_id for snapshot in (old, new) for flag_set in snapshot.selected(selector)]
    for flag_set_id in sorted(set(ids)):
        before = old.flag_sets.get(flag_set_id) or FlagSet(flag_set_id)
        after = new.flag_sets.get(flag_set_id) or FlagSet(flag_set_id)
        own = replace(selector, flag_set_id=flag_set_id)
        for key in _differing(old, new, before, after, selector):
            present = is_shown(before, key, own), is_shown(after, key, own)
            change: FlagChange = "changed" if all(present) else "added" if present[1] else "removed"
            ambiguous = len(old.candidates(key, selector)) > 1, len(new.candidates(key, selector)) > 1
            is_whole = key in before.flags or key in after.flags
            question = Question(key, flag_set_id, own, change, is_whole)
            found.append(
                question if any(ambiguous) else question._replace(flag_set_id=None, selector=selector)
            )
            if ambiguous[0] != ambiguous[1]:
                # Who asks without naming the set is told an error from now on, or none any more.
                found.append(Question(key, None, selector, "changed", is_whole))
    return sorted(dict.fromkeys(found), key=lambda each: (each.flag_key, each.flag_set_id or ""))


def _differing(
    old: Snapshot, new: Snapshot, before: FlagSet, after: FlagSet, selector: Selector
) -> Iterator[str]:
    """Keys that may be answered otherwise within one flag set, of those that the selector shows."""
    # A set's metadata is told beside every answer and is no part of any.
    plain = [
        replace(snapshot, flag_sets={flag_set.flag_set_id: replace(flag_set, metadata={})})
        for snapshot, flag_set in ((old, before), (new, after))
    ]
    changed = changes(*plain)
    shown = [
        {key for key in (*flag_set.flags, *flag_set.leaves) if is_shown(flag_set, key, selector)}
        for flag_set in (before, after)
    ]
    # A flag that came from one source and comes from another, the same otherwise, is shown no longer.
    yield from (changed & (shown[0] | shown[1])) | (shown[0] ^ shown[1])
