"""A daemon's runtime directory as a daemon leaves it: a head, snapshots, and which of them is current."""

from __future__ import annotations

import mmap
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.generation import Generation
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import write
from burgee.wire.head import (
    CURRENT,
    HEAD_NAME,
    HEAD_SIZE,
    HEARTBEAT,
    MAGIC,
    MAGIC_OFFSET,
    SEQUENCE,
    SNAPSHOTS_DIRECTORY,
    SOCKET_NAME_OFFSET,
    SOCKET_NAME_WORD,
    VERSION,
    VERSION_WORD,
)

EPOCH = "0123456789abcdef"


def snapshot_of(document: Mapping[str, Any], number: int, epoch: str = EPOCH) -> Snapshot:
    """A definition, composed as generation ``number``."""
    layer, _ = read_layer("flags.json", [SourceDocument(document, "flags.json")])
    return compose([layer], generation=Generation(epoch, number))


def snapshot_bytes(
    document: Mapping[str, Any], number: int, epoch: str = EPOCH, *, needs_daemon: Collection[str] = ()
) -> bytes:
    """The same as bytes."""
    return write(snapshot_of(document, number, epoch), needs_daemon=frozenset(needs_daemon)).data


class RuntimeDirectory:
    """What a daemon shares.

    Attributes:
        path: the directory.
        number: of the generation published last.
    """

    def __init__(self, path: Path, *, epoch: str = EPOCH, socket_name: str = "") -> None:
        self.path = path
        self.epoch = epoch
        self.number = 0
        self._files = 0
        self.snapshots = path / SNAPSHOTS_DIRECTORY
        self.snapshots.mkdir(parents=True, exist_ok=True)
        self.make_head(socket_name)

    @property
    def head(self) -> Path:
        """The head's path."""
        return self.path / HEAD_NAME

    @property
    def current(self) -> Path:
        """The link to the newest snapshot."""
        return self.snapshots / CURRENT

    def make_head(self, socket_name: str = "") -> None:
        """Make a new head, in place of the one before."""
        page = bytearray(HEAD_SIZE)
        page[MAGIC_OFFSET : MAGIC_OFFSET + len(MAGIC)] = MAGIC
        name = os.fsencode(socket_name)
        page[SOCKET_NAME_OFFSET : SOCKET_NAME_OFFSET + len(name)] = name
        words = memoryview(page).cast("Q")
        words[VERSION_WORD] = VERSION
        words[SOCKET_NAME_WORD] = len(name)
        self._rename_into(self.head, bytes(page))
        with self.head.open("r+b") as file:
            self._words = memoryview(mmap.mmap(file.fileno(), HEAD_SIZE)).cast("Q")

    def beat(self, beats: int = 1) -> None:
        """Live on."""
        self._words[HEARTBEAT] += beats

    def move(self) -> None:
        """Say that something was published."""
        self._words[SEQUENCE] += 1

    def publish(self, document: Mapping[str, Any], *, needs_daemon: Collection[str] = ()) -> Generation:
        """Publish a definition as the next generation, as a daemon does."""
        self.number += 1
        data = snapshot_bytes(document, self.number, self.epoch, needs_daemon=needs_daemon)
        self.publish_bytes(data)
        return Generation(self.epoch, self.number)

    def publish_bytes(self, data: bytes, mode: int = 0o600) -> Path:
        """Publish any bytes."""
        self._files += 1
        path = self.snapshots / f"{self.epoch}-{self.number}-{self._files}.snapshot"
        self._rename_into(path, data, mode)
        link = self.snapshots / "link"
        link.symlink_to(path.name)
        link.rename(self.current)
        self.move()
        self.beat()
        return path

    def withdraw(self) -> None:
        """Leave no snapshot, as a daemon whose disk is full."""
        self.current.unlink()
        self.move()
        self.beat()

    def _rename_into(self, path: Path, data: bytes, mode: int = 0o600) -> None:
        aside = path.with_name("aside")
        aside.write_bytes(data)
        aside.chmod(mode)
        aside.rename(path)
