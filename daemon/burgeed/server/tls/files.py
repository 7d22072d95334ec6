"""The PEM files of a certificate: read whole, once they are known to be safe."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from burgeed.file_state import FileState

LARGEST = 1024 * 1024
"""Bytes of one file; the authorities of a whole operating system fit."""


class CertificateUnusable(Exception):
    """A certificate, its key or the clients' authorities cannot be used; the text names the file, says why,
    and what to do."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where to read, in PEM.

    Attributes:
        certificate: the server's own first, then those that lead up to an authority.
        key: its private key; None where that stands in the same file.
        client_ca: the authorities of clients' certificates, and their revocation lists if there are any; None
            asks no client for one.
    """

    certificate: Path
    key: Path | None = None
    client_ca: Path | None = None

    @property
    def key_path(self) -> Path:
        """Where the key is."""
        return self.certificate if self.key is None else self.key

    def state(self) -> tuple[FileState, ...]:
        """What the file system says of them, each link followed. Raises OSError."""
        paths = (self.certificate, self.key, self.client_ca)
        return tuple(FileState.of(path.stat()) for path in paths if path is not None)


def read_pem(path: Path, *, secret: bool = False) -> bytes:
    """The content of a file.

    Args:
        secret: whether a private key is in it, which nobody but its owner and its group may read. A group
            may, since that is how Kubernetes gives a secret to a container that is not root.

    Raises:
        CertificateUnusable: it cannot be read, is none, is too large, or is open to others.
    """
    try:
        # Not blocking: a named pipe would never open.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise CertificateUnusable(f"{path} is no regular file: name a PEM file")
            if secret and found.st_mode & stat.S_IRWXO:
                mode = stat.S_IMODE(found.st_mode)
                raise CertificateUnusable(
                    f"{path} holds a private key and is open to every user of this machine "
                    f"(mode {mode:04o}): chmod 600 it, and take a new key if others have been here"
                )
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise CertificateUnusable(
            f"{path} cannot be read: {error.strerror}; put it there, readable by the daemon's user"
        ) from error
    if len(content) > LARGEST:
        raise CertificateUnusable(f"{path} is over {LARGEST} bytes: name a PEM file")
    return content


@contextmanager
def in_memory(content: bytes) -> Iterator[str]:
    """A path that leads to the content while the block runs, for what reads files alone.

    So OpenSSL gets the very bytes that were looked at, whatever has become of the file meanwhile.
    """
    descriptor = os.memfd_create("burgee-pem", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        yield f"/proc/self/fd/{descriptor}"
