"""The sealing key of a daemon, in its state directory: the present one alone, and the seal made last.

A seal is kept in the file together with the key that follows it before it counts, and comes to the database
afterwards. So a crash between the two loses neither: what the file has and the database has not is put there
first. No seal is ever missing by a crash, and one that is missing was taken away.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import orjson

from burgeed.audit.checkpoint import Checkpoint
from burgeed.audit.errors import AuditUnavailable, KeyUnusable
from burgeed.audit.seals import (
    SEAL_KEY_BYTES,
    SEALER_BYTES,
    Seal,
    keep_seal,
    make_seal,
    newest_seal,
    next_key,
)
from burgeed.database.protocol import Transaction
from burgeed.durable_file import sync_directory, write_durably
from burgeed.private_directory import make_private_directory
from burgeed.signing.secret_file import SecretFileUnusable, read_secret, write_new_secret

SEAL_FILE = "audit-seal.key"
FIRST_SEAL_FILE = "audit-seal-first.key"


@dataclass(frozen=True, slots=True)
class FirstKey:
    """What an auditor is given: the first key of a sealer."""

    sealer: bytes
    key: bytes

    def text(self) -> str:
        """One line, with its end."""
        return f"burgee-audit-seal {self.sealer.hex()} {self.key.hex()}\n"


@dataclass(frozen=True, slots=True)
class SealingState:
    """What the file holds.

    Attributes:
        number: of the present key.
        pending: the seal made last, which may not have come to the database.
    """

    sealer: bytes
    number: int
    key: bytes
    pending: Seal | None = None


class Sealer:
    """Seals checkpoints, each with a key of its own.

    Args:
        state_dir: where the key is; it is made there where there is none, and the first one put beside it for
            the auditor.

    Attributes:
        sealer: names it.

    Raises:
        KeyUnusable: it cannot be read or made.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / SEAL_FILE
        self._first = state_dir / FIRST_SEAL_FILE
        if not self._path.exists():
            _begin(self._path, self._first)
        self.sealer = _read(self._path).sealer

    @property
    def is_first_key_here(self) -> bool:
        """Whether the first key is on this machine still: seals prove nothing against who takes that over."""
        return self._first.exists()

    def seal(self, transaction: Transaction, checkpoint: Checkpoint, made: int) -> None:
        """Seal a checkpoint within the transaction that keeps it. Blocks.

        Args:
            made: microseconds since the Unix epoch.

        Raises:
            AuditUnavailable: the key cannot be put on disk, or the database has lost seals.
        """
        try:
            # Anew each time: a command may have sealed meanwhile. Transactions that write keep them apart.
            state = _read(self._path)
        except KeyUnusable as error:
            raise AuditUnavailable(str(error)) from error
        why = _lost(transaction, state)
        if why:
            raise AuditUnavailable(f"{why}; `burgee audit accept` goes on with new keys")
        pending = state.pending
        if pending is not None and newest_seal(transaction, state.sealer) == pending.number - 1:
            keep_seal(transaction, pending)
        if pending is not None and pending.size == checkpoint.size and pending.head == checkpoint.head:
            return
        seal = make_seal(state.key, state.sealer, state.number, checkpoint, made)
        self._replace(SealingState(state.sealer, state.number + 1, next_key(state.key), seal))
        keep_seal(transaction, seal)

    def lost(self, transaction: Transaction) -> str:
        """Why the database has not all the seals that were made; empty where it has. Raises KeyUnusable."""
        return _lost(transaction, _read(self._path))

    def begin_anew(self) -> None:
        """Destroy the key and begin a new sealer: the seals go on from number 0. Blocks.

        Raises:
            KeyUnusable: the key cannot be destroyed, or no new one made.
        """
        try:
            # In this order: a first key without the other would begin the same sealer once more.
            for path in (self._first, self._path):
                destroy(path)
        except OSError as error:
            raise KeyUnusable(f"the sealing key {self._path} cannot be destroyed ({error})") from error
        _begin(self._path, self._first)
        self.sealer = _read(self._path).sealer

    def _replace(self, state: SealingState) -> None:
        """Put the next key in the place of the present one, whose bytes are overwritten."""
        try:
            former = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                length = os.fstat(former).st_size
                write_durably(self._path, _encoded(state))
                # No name leads to it any more. What a disk keeps of it beneath its file system is beyond us.
                os.pwrite(former, bytes(length), 0)
                os.fsync(former)
            finally:
                os.close(former)
        except OSError as error:
            raise AuditUnavailable(f"the sealing key {self._path} cannot be replaced ({error})") from error


def take_first_key(state_dir: Path, path: Path) -> FirstKey:
    """Take the first key out of the state directory, into a new file. Keys are made where there are none.

    Raises:
        KeyUnusable: it was taken before, or the file is there or cannot be made.
    """
    first = state_dir / FIRST_SEAL_FILE
    if not (state_dir / SEAL_FILE).exists():
        _begin(state_dir / SEAL_FILE, first)
    try:
        text = read_secret(first).decode()
        made = write_new_secret(path, text.encode())
    except SecretFileUnusable as error:
        raise KeyUnusable(f"the first sealing key was taken away before, or cannot be: {error}") from error
    if not made:
        raise KeyUnusable(f"{path} is there: name a new file")
    destroy(first)
    return read_first_key(text)


def read_first_key(text: str) -> FirstKey:
    """What an auditor was given. Raises KeyUnusable."""
    words = text.split()
    try:
        sealer, key = (bytes.fromhex(word) for word in words[1:])
    except ValueError:
        sealer = key = b""
    if words[:1] != ["burgee-audit-seal"] or (len(sealer), len(key)) != (SEALER_BYTES, SEAL_KEY_BYTES):
        raise KeyUnusable("a first sealing key is one line: burgee-audit-seal, the sealer and the key")
    return FirstKey(sealer, key)


def destroy(path: Path) -> None:
    """Overwrite a file and take it away, where it is there. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    sync_directory(path.parent)


def _lost(transaction: Transaction, state: SealingState) -> str:
    newest, pending = newest_seal(transaction, state.sealer), state.pending
    is_pending = pending is not None and newest == pending.number - 1
    if newest == state.number - 1 or (is_pending and newest == state.number - 2):
        return ""
    return f"the audit has {newest + 1} seals of this daemon, which made {state.number}"


def _begin(path: Path, first: Path) -> None:
    """Make a sealer: its first key, and then the state that begins with it.

    Whoever comes second, or comes back after a crash, goes on with the first key that is there.
    """
    made = FirstKey(secrets.token_bytes(SEALER_BYTES), secrets.token_bytes(SEAL_KEY_BYTES))
    try:
        make_private_directory(path.parent)
        write_new_secret(first, made.text().encode())
        begun = read_first_key(read_secret(first).decode("ascii", "replace"))
        write_new_secret(path, _encoded(SealingState(begun.sealer, 0, begun.key)))
    except (OSError, SecretFileUnusable) as error:
        raise KeyUnusable(f"the sealing key {path} cannot be made ({error})") from error


def _encoded(state: SealingState) -> bytes:
    pending = state.pending
    return orjson.dumps(
        {
            "sealer": state.sealer.hex(),
            "number": state.number,
            "key": state.key.hex(),
            "pending": None
            if pending is None
            else {
                "number": pending.number,
                "size": pending.size,
                "root": pending.root.hex(),
                "head": pending.head.hex(),
                "made": pending.made,
                "seal": pending.seal.hex(),
            },
        }
    )


def _read(path: Path) -> SealingState:
    """Raises KeyUnusable."""
    try:
        document = orjson.loads(read_secret(path))
        sealer, pending = bytes.fromhex(document["sealer"]), document["pending"]
        seal = None
        if pending is not None:
            root, head, mac = (bytes.fromhex(pending[name]) for name in ("root", "head", "seal"))
            seal = Seal(
                sealer, int(pending["number"]), int(pending["size"]), root, head, int(pending["made"]), mac
            )
        return SealingState(sealer, int(document["number"]), bytes.fromhex(document["key"]), seal)
    except SecretFileUnusable as error:
        raise KeyUnusable(str(error)) from error
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise KeyUnusable(f"the sealing key {path} is not as it was written") from error
