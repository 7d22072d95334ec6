"""The directories that a daemon has to itself: asked for, they must do; by default, they may be missing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import NamedTuple

from burgeed.server.unix_socket import group_number
from burgeed.settings.model import Settings
from burgeed.store.directory import DirectoryUnusable, OwnedDirectory
from burgeed.store.generations import GenerationCounter
from burgeed.store.permissions import Permissions
from burgeed.store.shared_directory import SharedDirectory

_log = logging.getLogger(__name__)


def permissions_of(settings: Settings) -> Permissions:
    """Who may read what is shared: whoever may connect to the socket. Raises ListenError for an unknown
    group.
    """
    return Permissions.of_socket(settings.socket_mode, group_number(settings.socket_group))


def own_runtime_directory(settings: Settings) -> Callable[[], None]:
    """Make the runtime directory where there is none, and take it where it was asked for.

    Beside the socket, the socket's lock decides whose it is.

    Returns:
        What gives it back.

    Raises:
        DirectoryUnusable: one that was asked for cannot be had.
    """
    permissions = permissions_of(settings)
    try:
        permissions.make_directory(settings.runtime_dir)
    except OSError as error:
        # Where the socket is to lie there too, making that says what is wrong.
        if settings.runtime_dir_stated:
            raise DirectoryUnusable(
                f"--runtime-dir: {settings.runtime_dir} cannot be made: {error.strerror}; name another one"
            ) from error
    if not settings.runtime_dir_stated:
        return lambda: None
    try:
        return OwnedDirectory(settings.runtime_dir).release
    except DirectoryUnusable as error:
        raise DirectoryUnusable(f"--runtime-dir: {error}; name another one") from error


def open_shared_directory(settings: Settings) -> SharedDirectory:
    """Make or adopt what is shared with the processes of this machine. Raises DirectoryUnusable."""
    return SharedDirectory(settings.runtime_dir, permissions_of(settings), socket=settings.socket.name)


class StateDirectory(NamedTuple):
    """What outlasts the daemon.

    Attributes:
        counter: of generations.
        files: None where there is no directory.
    """

    counter: GenerationCounter
    files: OwnedDirectory | None


def open_state_directory(settings: Settings, stack: AsyncExitStack) -> StateDirectory:
    """The state directory with the counter of generations; the stack gives both back.

    Raises:
        DirectoryUnusable: the directory was asked for and cannot be had.
    """
    try:
        directory = OwnedDirectory(settings.state_dir)
        stack.callback(directory.release)
        opened = StateDirectory(GenerationCounter(directory), directory)
    except DirectoryUnusable as error:
        if settings.state_dir_stated:
            raise DirectoryUnusable(f"--state-dir: {error}; name another one") from error
        opened = StateDirectory(GenerationCounter(None), None)
        _log.warning(
            "no state directory: generations are numbered for this process alone; --state-dir names one",
            extra={"reason": str(error), "epoch": opened.counter.epoch},
        )
    stack.callback(opened.counter.close)
    return opened
