"""What a write changed, leaf by leaf: for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from burgee.fault import Path, path_text
from burgeed.cli.presentation import print_table, value_text

_ABSENT = object()


class LeafChange(NamedTuple):
    """One leaf of a document that is another one now; None stands for there being none.

    Attributes:
        path: within the document, as faults are told: ``rollout.split.on``.
        before, after: as JSON text.
    """

    path: str
    before: str | None
    after: str | None


def leaf_changes(before: object, after: object) -> list[LeafChange]:
    """What differs between two documents; None is no document. A list of scalars counts as one leaf."""
    old, new = (_ABSENT if each is None else each for each in (before, after))
    return [LeafChange(path_text(path), _text(was), _text(now)) for path, was, now in _walk((), old, new)]


def _walk(path: Path, before: object, after: object) -> Iterator[tuple[Path, object, object]]:
    old, new = _branches(before), _branches(after)
    if old is not None and new is not None and (old or new):
        for key in (*old, *(key for key in new if key not in old)):
            yield from _walk((*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif _text(before) != _text(after):
        yield path, before, after


def _branches(value: object) -> Mapping[Any, Any] | None:
    """What a value is made of, by key or index; None for a leaf."""
    if value is _ABSENT:
        return {}
    if isinstance(value, Mapping) and value:
        return value
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return dict(enumerate(value))
    return None


def _text(value: object) -> str | None:
    return None if value is _ABSENT else value_text(value)


def print_changes(changes: Sequence[Mapping[str, Any]]) -> None:
    """A table of leaves: what they are part of, what they were, what they are."""
    rows = [
        [
            (subject(change), "strong"),
            (leaf.path, ""),
            ("none" if leaf.before is None else leaf.before, "quiet"),
            ("none" if leaf.after is None else leaf.after, "good" if leaf.after is not None else "warning"),
        ]
        for change in changes
        for leaf in leaf_changes(change.get("before"), change.get("after"))
    ]
    if rows:
        print_table(["what", "leaf", "was", "is"], rows)


def subject(change: Mapping[str, Any]) -> str:
    """What a change is about: ``flag new-checkout``, ``new-checkout for customer c-42``."""
    flag = str(change["flag"])
    of_set = f" (of {change['flagSet']})" if change.get("flagSet") else ""
    if change["kind"] == "override":
        return f"{flag} for {change['level']} {change['scope']}{of_set}"
    return f"{change['kind']} {flag}{of_set}"
