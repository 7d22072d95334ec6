"""Burgee's version, which OpenTelemetry's instrumentation scope carries."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """The version of the distribution, or an empty text where it is not installed as one."""
    try:
        return version("burgee")
    except PackageNotFoundError:
        return ""
