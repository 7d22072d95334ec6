"""Random keys, for whatever is encrypted."""

from __future__ import annotations

import secrets

KEY_BYTES = 32
"""Of every key of the audit but those that sign."""


def new_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)
