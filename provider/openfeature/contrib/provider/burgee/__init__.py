"""Burgee's OpenFeature provider: ``api.set_provider_and_wait(BurgeeProvider())``."""

from __future__ import annotations

from .options import Options, OptionsError
from .provider import BurgeeProvider

__all__ = ["BurgeeProvider", "Options", "OptionsError"]
