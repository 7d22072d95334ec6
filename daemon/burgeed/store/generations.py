"""Numbering generations so that no number is ever given to two different snapshots of an epoch."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable

import orjson

from burgee.generation import Generation
from burgeed.store.directory import DirectoryUnusable, OwnedDirectory

FILE = "generation.json"

RESERVED_AT_ONCE = 1000
"""How many numbers are written down as used before the first of them is. A publication then costs no write,
and a daemon that was killed goes on after all of them."""

_log = logging.getLogger(__name__)


def random_epoch() -> str:
    """Text that no other daemon has."""
    return secrets.token_hex(8)


class GenerationCounter:
    """Counts generations, in a state directory where there is one.

    Where the directory fails, the epoch ends: numbers that cannot be written down could be given twice.

    Args:
        directory: None counts within a new epoch for this process alone.
        new_epoch: makes the epoch of a new directory.

    Raises:
        DirectoryUnusable: the directory's file cannot be read, or is not what this class writes.
    """

    def __init__(
        self, directory: OwnedDirectory | None, *, new_epoch: Callable[[], str] = random_epoch
    ) -> None:
        self._directory = directory
        self._new_epoch = new_epoch
        self._number = 0
        self._reserved = 0
        self._epoch = ""
        if directory is not None:
            self._epoch, self._number = _read(directory)
            self._reserved = self._number
        self._epoch = self._epoch or new_epoch()

    @property
    def epoch(self) -> str:
        """The epoch that numbers are counted in now."""
        return self._epoch

    def next(self) -> Generation:
        """One more."""
        self._number += 1
        if self._directory is not None and self._number > self._reserved:
            self._write(self._directory, self._number + RESERVED_AT_ONCE - 1)
        return Generation(self._epoch, self._number)

    def close(self) -> None:
        """Write the number down exactly, so that the next daemon goes on right after it."""
        if self._directory is not None and self._number < self._reserved:
            self._write(self._directory, self._number)

    def _write(self, directory: OwnedDirectory, number: int) -> None:
        try:
            directory.write(FILE, orjson.dumps({"epoch": self._epoch, "number": number}))
            self._reserved = number
        except OSError as error:
            self._directory = None
            self._epoch = self._new_epoch()
            _log.warning(
                "the state directory cannot be written to: a new epoch, for this process alone",
                extra={"error": error.strerror, "epoch": self._epoch},
            )


def _read(directory: OwnedDirectory) -> tuple[str, int]:
    """The epoch and the last number used; an empty epoch where nothing was written yet."""
    path = directory.path / FILE
    try:
        content = directory.read(FILE)
    except OSError as error:
        raise DirectoryUnusable(f"{path} cannot be read: {error.strerror}") from error
    if content is None:
        return "", 0
    try:
        document = orjson.loads(content)
        epoch, number = document["epoch"], document["number"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise DirectoryUnusable(f"{path} is damaged; remove it to begin a new epoch") from error
    if not isinstance(epoch, str) or not epoch or not isinstance(number, int) or number < 0:
        raise DirectoryUnusable(f"{path} is damaged; remove it to begin a new epoch")
    return epoch, number
