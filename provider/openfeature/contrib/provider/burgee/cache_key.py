"""What tells one question from another: the values of the attributes that a flag's answer depends on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import itemgetter
from typing import Any, Final, TypeAlias

from burgee.context import Context
from burgee.value import fingerprint

from . import forks

Key: TypeAlias = tuple[Hashable, ...]
Read: TypeAlias = Callable[[Context], Key]
Classes: TypeAlias = tuple[type, ...] | None

_ALONE: Final = frozenset((str, type(None)))
"""Classes whose values are equal to none of another class."""
_AMONG_THEIR_OWN: Final = _ALONE | {int, bool}
"""Classes whose values equality tells apart where they stand beside their own only."""


def reader(names: tuple[str, ...]) -> Read:
    """What reads the values of these attributes in one step; KeyError where one is missing."""
    if not names:
        return _nothing
    # `itemgetter` makes a tuple of two or more, so a single attribute is read twice.
    return itemgetter(*names * 2) if len(names) == 1 else itemgetter(*names)


def classes_of(values: Key) -> Classes:
    """The classes of values; None where all are text or null, which are equal to nothing else."""
    classes = tuple(map(type, values))
    return None if _ALONE.issuperset(classes) else classes


def key_of(values: Key, classes: Classes) -> Key:
    """What tells values of these classes apart: the bare values wherever that will do.

    Python holds True, 1 and 1.0 for equal, and -0.0 and 0.0.
    """
    if classes is None or _AMONG_THEIR_OWN.issuperset(classes):
        return values
    return tuple(map(_distinct, values))


def digest(context_json: bytes) -> Key:
    """A short name of a whole context, from its fingerprint."""
    with forks.importing():
        import hashlib  # here: it brings OpenSSL, and few answers depend on a whole context
    return (hashlib.blake2b(context_json, digest_size=16).digest(),)


def text_in(key: Key) -> int:
    """Bytes, about, that the values of a key hold on to."""
    return sum(len(value) for value in set(key) if isinstance(value, str | bytes))


def _nothing(context: Context) -> Key:
    return ()


def _distinct(value: Any) -> Hashable:
    kind = type(value)
    if kind in _AMONG_THEIR_OWN:
        return value  # type: ignore[no-any-return]
    # A copy, as long as it is: orjson's own would keep four kilobytes for each key of the cache.
    return repr(value) if kind is float else bytes(memoryview(fingerprint(value)))
