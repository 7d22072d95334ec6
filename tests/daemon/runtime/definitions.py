"""Definitions for the tests of the process."""

from __future__ import annotations

import json
from pathlib import Path


def write(path: Path, **variants: str) -> Path:
    """A definition of boolean flags with these default variants, put there in one step."""
    document = {"flags": {key: {"defaultVariant": name} for key, name in variants.items()}}
    aside = path.with_name(f".{path.name}.new")
    aside.write_text(json.dumps(document))
    aside.rename(path)
    return path
