"""Putting a file in place whole, or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def put(path: Path, data: bytes) -> None:
    """Write a file aside, sync it, and rename it over what is there. Raises OSError."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with aside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
