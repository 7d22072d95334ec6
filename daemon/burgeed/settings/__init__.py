"""What the daemon is told: command line, then environment, then settings file, then default."""

from __future__ import annotations

from burgeed.settings.errors import Problem, SettingsError
from burgeed.settings.gathering import gather
from burgeed.settings.model import Address, Settings, SourceSetting
from burgeed.settings.options import OPTIONS, Option

__all__ = [
    "OPTIONS",
    "Address",
    "Option",
    "Problem",
    "Settings",
    "SettingsError",
    "SourceSetting",
    "gather",
]
