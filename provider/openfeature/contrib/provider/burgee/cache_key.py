"""What tells one question from another: the values of the attributes that a flag's answer depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeAlias

from burgee.context import Context
from burgee.value import fingerprint

Key: TypeAlias = tuple[Hashable, ...]

_MISSING = object()
_PLAIN = frozenset((str, type(None), object))
"""Classes whose values are equal to none of another class: text, null, and what is not there."""


class Attributes:
    """Some attributes of a context, as a key.

    Two contexts have one key exactly where each attribute has the same value of the same kind in both: True,
    1, 1.0 and "1" are four values, null is one, and not being there is another.

    Args:
        names: of the attributes, in any order.

    Attributes:
        quick_key: the key of a context that holds nothing but text and null where it is looked at. Of another
            context it is equal to no key of :meth:`key`, or cannot be hashed; where an attribute is missing
            it may be a KeyError, until :meth:`key` was asked. Every evaluation makes one.
    """

    __slots__ = ("_read", "names", "quick_key")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names: tuple[str, ...] | None = names
        # `itemgetter` makes a tuple of two or more, so a single attribute is read twice.
        self._read = names * 2 if len(names) == 1 else names
        self.quick_key: Callable[[Context], Key] = itemgetter(*self._read) if names else _nothing

    def key(self, context: Context, context_json: bytes) -> Key:
        """The key of any context; ``context_json`` is its fingerprint."""
        try:
            key = self.quick_key(context)
        except KeyError:
            # Attributes that are missing once are missing often, and exceptions are dear.
            self.quick_key = self._with_gaps
            key = self._with_gaps(context)
        return key if is_quick(key) else tuple(map(_kinded, key))

    def _with_gaps(self, context: Context) -> Key:
        return tuple(map(context.get, self._read, repeat(_MISSING)))


class WholeContext:
    """All of a context, where no list of attributes says what counts. JSON keeps the kinds apart."""

    names: tuple[str, ...] | None = None

    def quick_key(self, context: Context) -> Key:
        """There is none."""
        raise KeyError

    def key(self, context: Context, context_json: bytes) -> Key:
        """A digest of the context's fingerprint."""
        return digest(context_json)


def is_quick(key: Key) -> bool:
    """Whether what ``Attributes.quick_key`` made is the very key."""
    return _PLAIN.issuperset(map(type, key))


def digest(context_json: bytes) -> Key:
    """A short name of a whole context, from its fingerprint."""
    return (hashlib.blake2b(context_json, digest_size=16).digest(),)


def _nothing(context: Context) -> Key:
    return ()


def _kinded(value: Any) -> Hashable:
    kind = type(value)
    if kind in _PLAIN:
        return value  # type: ignore[no-any-return]
    if kind is float:
        return (float, repr(value))  # -0.0 and 0.0 are equal, and yet two texts
    if kind is int or kind is bool:
        return (kind, value)
    return fingerprint(value)
