"""The public keys that the settings pin, out of their files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from burgeed.bundles.errors import BundlesUnusable
from burgeed.signing.keys import KeyMalformed, PublicKey, read_public_key

_LONGEST_FILE = 4096
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def read_pinned_keys(paths: Iterable[Path]) -> tuple[PublicKey, ...]:
    """The public key of each file: a verifier key as ``burgee bundle key`` prints it, a PEM, or hexadecimal.

    Raises:
        BundlesUnusable: a file cannot be read, has no such key, or others may write to it.
    """
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> PublicKey:
    try:
        # A pipe put there must not hold the daemon's start.
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            content = file.read(_LONGEST_FILE + 1) if stat.S_ISREG(status.st_mode) else b""
    except OSError as error:
        raise BundlesUnusable(
            f"the source key {path} cannot be read ({error.strerror}); name a file that can be"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise BundlesUnusable(f"the source key {path} is no regular file; name the file of a public key")
    if status.st_mode & _WRITABLE_BY_OTHERS or status.st_uid not in (0, os.geteuid()):
        raise BundlesUnusable(
            f"others can write to the source key {path}, and so choose who signs; let it belong to root or "
            "to the daemon's user, and chmod go-w it"
        )
    try:
        return read_public_key(content.decode("ascii"))
    except (KeyMalformed, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, KeyMalformed) else "it is no text"
        raise BundlesUnusable(
            f"the source key {path} is no public key ({why}); put there what `burgee bundle public-key` "
            "prints"
        ) from error
