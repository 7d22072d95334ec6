"""Databases of countries, in MaxMind's format, as a vendor's update puts them there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

SWEDISH = "89.160.20.128"
GERMAN = "85.25.43.84"
GERMAN_6 = "2a02:d8c0::1"
REGISTERED_ONLY = "212.47.235.81"
UNKNOWN = "203.0.113.7"
PRIVATE = "10.1.2.3"

NETWORKS: Mapping[str, Any] = {
    "89.160.20.0/24": {"country": {"iso_code": "SE"}, "registered_country": {"iso_code": "GB"}},
    "85.25.43.0/24": {"country": {"iso_code": "DE", "names": {"en": "Germany"}}},
    "2a02:d8c0::/32": {"country": {"iso_code": "DE"}},
    "212.47.235.0/24": {"registered_country": {"iso_code": "FR"}, "continent": {"code": "EU"}},
    # A company's own: told of, it would make every office's private network lie in one country.
    "10.0.0.0/8": {"country": {"iso_code": "NO"}},
    "fd00::/8": {"country": {"iso_code": "NO"}},
}


def write_database(
    path: Path, networks: Mapping[str, Any] = NETWORKS, *, ip_version: int = 6, kind: str = "Test-Country"
) -> Path:
    """Write a database aside and rename it into place."""
    writer = MMDBWriter(ip_version=ip_version, ipv4_compatible=ip_version == 6, database_type=kind)
    for network, record in networks.items():
        if ip_version == 6 or ":" not in network:
            writer.insert_network(IPSet([network]), record)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    writer.to_db_file(str(aside))
    return aside.rename(path)
