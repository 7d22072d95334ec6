"""What differs between two JSON documents, leaf by leaf.

A leaf is a scalar, null, a list as a whole, or an object without members. Its path is the keys that lead to
it, joined by dots: ``variants.on.phase2.enhancedStorage`` for a value of a flag's variant,
``patch.phase2.enhancedStorage`` for one of an override's patch, ``rules`` for all rules of a flag, since
their order is part of what they say. Within a key ``.`` is written ``\\.``, ``\\`` is ``\\\\``, and the empty
key ``\\e``; so paths and places correspond one to one. The empty path is the document itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class LeafChange(NamedTuple):
    """One leaf that came, went or changed."""

    path: str
    had_old: bool
    old: Any
    has_new: bool
    new: Any


_STEPS = re.compile(r"(?:[^.\\]|\\.)+", re.DOTALL)


def leaf_changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[LeafChange]:
    """Every leaf that differs, in the order of ``after``, those that went first.

    ``1``, ``1.0`` and ``true`` are three different leaves.

    Args:
        before, after: JSON documents; None stands for there being none.
    """
    olds, news = _leaves(before), _leaves(after)
    gone = [LeafChange(path, True, old, False, None) for path, old in olds.items() if path not in news]
    changed = [
        LeafChange(path, path in olds, olds.get(path), True, new)
        for path, new in news.items()
        if path not in olds or not _same(olds[path], new)
    ]
    return gone + changed


def apply_leaf_changes(
    before: Mapping[str, Any] | None, changes: Iterable[LeafChange]
) -> Mapping[str, Any] | None:
    """The document after the changes: what :func:`leaf_changes` was given as ``after``."""
    leaves = _leaves(before)
    for change in changes:
        leaves.pop(change.path, None)
        if change.has_new:
            leaves[change.path] = change.new
    if not leaves:
        return None
    if "" in leaves:
        return dict(leaves[""])
    document: dict[str, Any] = {}
    for path, value in leaves.items():
        *parents, last = path_steps(path)
        within = document
        for step in parents:
            within = within.setdefault(step, {})
        within[last] = value
    return document


def path_steps(path: str) -> list[str]:
    """The keys that a path leads along."""
    return [
        "" if step == "\\e" else re.sub(r"\\(.)", r"\1", step, flags=re.DOTALL)
        for step in _STEPS.findall(path)
    ]


def _leaves(document: Mapping[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if document is not None:
        _collect("", document, found)
    return found


def _collect(path: str, value: Any, found: dict[str, Any]) -> None:
    if not isinstance(value, Mapping) or not value:
        found[path] = value
        return
    for key, within in value.items():
        step = key.replace("\\", "\\\\").replace(".", "\\.") if key else "\\e"
        _collect(f"{path}.{step}" if path else step, within, found)


def _same(one: Any, other: Any) -> bool:
    """Whether two leaves are written alike: that tells 1 from 1.0 and from true, in lists too."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | Mapping):
        return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    # -0.0 and 0.0 are written differently.
    return bool(one == other) and (not isinstance(one, float) or repr(one) == repr(other))
