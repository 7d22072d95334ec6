"""What a command comes to."""

from __future__ import annotations

from dataclasses import dataclass

from burgeed.control.planning.locks import BrokenLock
from burgeed.control.planning.view import View
from burgeed.revisions.documents import canonical
from burgeed.revisions.reading import About
from burgeed.revisions.values import Action, Change, Document, EntryKey


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written.

    Attributes:
        changes: each entry once; none where everything is so already.
        touched: what the command is about, for If-Match.
        warnings: what the asker should know.
        target: of a rollback; else None.
        broken: locks that it puts out of force.
    """

    action: Action
    changes: tuple[Change, ...]
    touched: tuple[About, ...]
    warnings: tuple[str, ...] = ()
    target: int | None = None
    broken: tuple[BrokenLock, ...] = ()


def change_to(view: View, key: EntryKey, after: Document | None) -> tuple[Change, ...]:
    """The change that makes an entry such; none where it is such already.

    Raises:
        UnfitDocument: JSON cannot carry the document.
    """
    before = view.entry(key)
    if before is None and after is None:
        return ()
    if before is not None and after is not None and canonical(before) == canonical(after):
        return ()
    return (Change(key, before, after),)
