"""Secret keys in files: read where they are safe, made where there are none."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from burgeed.audit.errors import KeyUnusable

KEY_BYTES = 32
MASTER_FILE = "audit-master.key"
SIGNING_FILE = "audit-signing.key"
MASTER_CREDENTIAL = "burgee-audit-key"
SIGNING_CREDENTIAL = "burgee-audit-signing-key"

_LONGEST_FILE = 200
_SHARED = stat.S_IRWXG | stat.S_IRWXO


def read_key(path: Path, *, credential: bool = False) -> bytes:
    """32 bytes, raw or as 64 hexadecimal digits.

    Args:
        credential: whether systemd put it there: into a directory of the service's own, owned by root.

    Raises:
        KeyUnusable: it cannot be read, is no key, is not ours, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be opened ({error.strerror})") from error
    try:
        _check(path, os.fstat(descriptor), credential=credential)
        content = os.read(descriptor, _LONGEST_FILE)
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be read ({error.strerror})") from error
    finally:
        os.close(descriptor)
    if len(content) == KEY_BYTES:
        return content
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyUnusable(f"the key file {path} has neither 32 bytes nor 64 hexadecimal digits")
    return key


def read_or_make_key(path: Path) -> bytes:
    """The key of a file; where there is no file, a new random one, 0600 and on disk. Raises KeyUnusable."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
        if not path.exists() and not path.is_symlink():
            _write_new(aside, path, secrets.token_bytes(KEY_BYTES).hex().encode() + b"\n")
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be made ({error.strerror})") from error
    return read_key(path)


def credential_path(environment: Mapping[str, str], name: str) -> Path | None:
    """Where systemd put a credential of that name; None where it gave none."""
    directory = environment.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    path = Path(directory) / name
    return path if path.exists() else None


def _check(path: Path, status: os.stat_result, *, credential: bool) -> None:
    """Raise KeyUnusable unless the file is a key's file as it has to be."""
    if not stat.S_ISREG(status.st_mode):
        raise KeyUnusable(f"the key file {path} is no regular file")
    if status.st_uid not in ((os.geteuid(), 0) if credential else (os.geteuid(),)):
        raise KeyUnusable(f"the key file {path} belongs to uid {status.st_uid}, not to this process's")
    if status.st_mode & (stat.S_IRWXO if credential else _SHARED):
        raise KeyUnusable(f"the key file {path} is open to others; chmod 600 it, and take a new key")


def _write_new(aside: Path, path: Path, content: bytes) -> None:
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            # Linked, not renamed: another process that made one meanwhile wins.
            os.link(aside, path)
        except FileExistsError:
            pass
    finally:
        aside.unlink()
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
