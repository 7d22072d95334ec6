"""Forks: what every provider does when its process is forked, without ever holding up the fork.

``os.fork`` copies one thread. In the child the others are gone, with whatever locks they held, and the
sockets are shared with the parent. So one hook for all providers gives each its locks anew and drops what
belongs to the parent; what needs a thread is started when the provider is used next, since many a child
only executes another program.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Protocol
from weakref import WeakSet

LONGEST_WAIT = 0.2
"""Seconds that a fork waits for an event that is being told to the SDK, or for a step of a TLS handshake."""
LONGEST_IMPORT = 5.0
"""Seconds that a fork waits for an import under way: longer, since that comes to an end, and a child that got
half of a module would wait for ever."""

_logger = logging.getLogger("openfeature.contrib.provider.burgee")


class Inherited(Protocol):
    """A part of a provider that a child gets from its parent."""

    def after_fork(self) -> None:
        """In the child: give up what belongs to the parent, without waiting for anything."""
        ...


class ForkWatch:
    """One provider's view of forks.

    Args:
        parts: told of a fork in the child, in this order.
        resume: starts again, in the child, what needs a thread; may be called when there is nothing to start.

    Attributes:
        forked: the process is the child of a fork, and nobody has used the provider in it yet. Every call
            looks at it, so it is a plain attribute.
    """

    def __init__(self, *parts: Inherited, resume: Callable[[], None]) -> None:
        self.forked = False
        self._parts = parts
        self._resume = resume
        self._process = os.getpid()
        _watches.add(self)

    def catch_up(self) -> None:
        """Start again what the fork ended; to be called once ``forked`` is seen."""
        self.forked = False
        self._resume()

    def postfork(self) -> None:
        """Do now what would be done at the next use; nothing in a process that is no child."""
        if self._process != os.getpid():  # a fork that told Python nothing of itself
            self.after_fork()
        self.catch_up()

    def after_fork(self) -> None:
        """Hear of a fork, in the child."""
        self._process = os.getpid()
        for part in self._parts:
            try:
                part.after_fork()
            except Exception:
                _logger.exception("%s was not made ready for the forked process", type(part).__name__)
        self.forked = True


_watches: WeakSet[ForkWatch] = WeakSet()
_emission = threading.RLock()
_cryptography = threading.RLock()
_importing = threading.RLock()
_holders: dict[int, list[threading.RLock]] = {}
"""What each thread that forks has taken."""


def emission() -> threading.RLock:
    """The lock under which events are told to the SDK.

    The SDK holds locks of its own while it takes one. No fork comes in between, so no child inherits them
    locked by us.
    """
    return _emission


def cryptography() -> threading.RLock:
    """The lock for steps of TLS that use what a whole process has in common; none of them waits.

    OpenSSL has locks of its own there, and what a fork copies while they are held stays locked.
    """
    return _cryptography


def importing() -> threading.RLock:
    """The lock under which modules are imported by a call, or by a thread of the provider's own.

    Python marks a module that is being imported as its thread's, and in a forked child that thread is gone.
    """
    return _importing


def _before() -> None:
    locks = ((_emission, LONGEST_WAIT), (_cryptography, LONGEST_WAIT), (_importing, LONGEST_IMPORT))
    _holders[threading.get_ident()] = [lock for lock, wait in locks if lock.acquire(timeout=wait)]


def _after_in_parent() -> None:
    for lock in _holders.pop(threading.get_ident(), ()):
        lock.release()


def _after_in_child() -> None:
    global _emission, _cryptography, _importing
    _emission = threading.RLock()
    _cryptography = threading.RLock()
    _importing = threading.RLock()
    _holders.clear()
    for watch in list(_watches):
        watch.after_fork()


os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
