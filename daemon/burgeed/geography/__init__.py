"""The attribute ``country`` told from the attribute ``ip``, by a database that the user supplies."""

from __future__ import annotations

from burgeed.geography.attributes import COUNTRY, IP, needs_daemon, with_address

__all__ = ["COUNTRY", "IP", "needs_daemon", "with_address"]
