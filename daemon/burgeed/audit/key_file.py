"""The audit's keys in files: read where they are safe, made where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from burgeed.audit.errors import KeyUnusable
from burgeed.audit.new_key import KEY_BYTES, new_key
from burgeed.private_directory import make_private_directory
from burgeed.signing.keys import KeyMalformed, Kind, PrivateKey, read_private_key
from burgeed.signing.secret_file import SecretFileUnusable, read_secret, write_new_secret

MASTER_FILE = "audit-master.key"
SIGNING_FILE = "audit-signing.key"
MASTER_CREDENTIAL = "burgee-audit-key"
SIGNING_CREDENTIAL = "burgee-audit-signing-key"


def read_key(path: Path, *, credential: bool = False) -> bytes:
    """32 bytes, raw or as 64 hexadecimal digits.

    Args:
        credential: whether systemd put it there: into a directory of the service's own, owned by root.

    Raises:
        KeyUnusable: it cannot be read, is no key, is not ours, or others may read it.
    """
    content = _read(path, credential)
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
    _make(path, new_key().hex().encode() + b"\n")
    return read_key(path)


def read_signing_key(path: Path, *, credential: bool = False) -> PrivateKey:
    """A signing key: 32 bytes or 64 hexadecimal digits are one of Ed25519, PEM PKCS#8 says its kind itself.

    Args and raises as :func:`read_key`.
    """
    try:
        return read_private_key(_read(path, credential))
    except KeyMalformed as error:
        raise KeyUnusable(f"the key file {path} has no signing key: {error}") from error


def read_or_make_signing_key(path: Path, kind: Kind) -> PrivateKey:
    """The signing key of a file, whatever its kind; where there is no file, a new one of ``kind``.

    Raises:
        KeyUnusable: as :func:`read_key`.
    """
    if not path.exists():
        _make(path, new_signing_content(kind))
    return read_signing_key(path)


def new_signing_content(kind: Kind) -> bytes:
    """What the file of a new signing key holds."""
    if kind == "ed25519":
        return new_key().hex().encode() + b"\n"
    return PrivateKey.new(kind).pem()


def credential_path(environment: Mapping[str, str], name: str) -> Path | None:
    """Where systemd put a credential of that name; None where it gave none."""
    directory = environment.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    path = Path(directory) / name
    return path if path.exists() else None


def _read(path: Path, credential: bool) -> bytes:
    try:
        return read_secret(path, credential=credential)
    except SecretFileUnusable as error:
        raise KeyUnusable(str(error)) from error


def _make(path: Path, content: bytes) -> None:
    """Make a file where there is none, and its directory. Raises KeyUnusable."""
    try:
        make_private_directory(path.parent)
    except OSError as error:
        raise KeyUnusable(f"the key file {path} cannot be made ({error.strerror})") from error
    try:
        write_new_secret(path, content)
    except SecretFileUnusable as error:
        raise KeyUnusable(str(error)) from error
