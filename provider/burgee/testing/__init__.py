"""Flags with other values while a test runs, with no daemon or before one.

    from burgee.testing import override_flags

    with override_flags({"new-checkout": True}) as flags:
        ...
    assert "new-checkout" in flags.evaluated

It is the one part of ``burgee`` that needs the OpenFeature SDK; nothing else of it imports this package.
"""

from __future__ import annotations

from .answers import Override
from .overrides import Overrides, UnknownFlagError
from .overriding import override_flags

__all__ = ["Override", "Overrides", "UnknownFlagError", "override_flags"]
