"""The directories that a daemon has to itself: asked for, they must do; by default, they may be missing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from burgeed.settings.model import Settings
from burgeed.store.directory import DirectoryUnusable, OwnedDirectory
from burgeed.store.generations import GenerationCounter

_log = logging.getLogger(__name__)


def own_runtime_directory(settings: Settings) -> Callable[[], None]:
    """Take the runtime directory where one was asked for; beside the socket, the socket's lock decides.

    Returns:
        What gives it back.

    Raises:
        DirectoryUnusable: it cannot be had.
    """
    if not settings.runtime_dir_stated:
        return lambda: None
    try:
        return OwnedDirectory(settings.runtime_dir).release
    except DirectoryUnusable as error:
        raise DirectoryUnusable(f"--runtime-dir: {error}; name another one") from error


def open_counter(settings: Settings, stack: AsyncExitStack) -> GenerationCounter:
    """The counter of generations, kept in the state directory; the stack gives both back.

    Raises:
        DirectoryUnusable: the directory was asked for and cannot be had.
    """
    try:
        directory = OwnedDirectory(settings.state_dir)
        stack.callback(directory.release)
        counter = GenerationCounter(directory)
    except DirectoryUnusable as error:
        if settings.state_dir_stated:
            raise DirectoryUnusable(f"--state-dir: {error}; name another one") from error
        counter = GenerationCounter(None)
        _log.warning(
            "no state directory: generations are numbered for this process alone; --state-dir names one",
            extra={"reason": str(error), "epoch": counter.epoch},
        )
    stack.callback(counter.close)
    return counter
