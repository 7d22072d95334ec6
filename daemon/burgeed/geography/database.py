"""Which country an address lies in, by a database in MaxMind's format, held in memory whole.

In memory, since a file that is mapped and then cut short kills the process that reads it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import blake2b
from io import BytesIO
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from burgee.instant import instant_text
from burgeed.file_state import FileState

if TYPE_CHECKING:
    import maxminddb

LARGEST_DATABASE = 2 << 30
"""Bytes; the largest that are sold have about half of it."""

LONGEST_ADDRESS = 64
"""Characters; an IPv6 address has 45 at most, with a zone some more."""

ADDRESSES_REMEMBERED = 10_000

NETWORKS_TRIED = 10_000
"""How many networks are looked at for one with a country before the database counts as one without."""

_GZIP = b"\x1f\x8b"

_PRIVATE = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::/127",
            "fc00::/7",
            "fe80::/10",
        ),
    )
)
"""RFC 1918, 4193, 4291, 6598 and their like: the same address in everyone's own network, so in no country."""


class DatabaseUnusable(Exception):
    """The file cannot be read, or holds no countries.

    Args:
        why: what is wrong, and what to do about it.
        passing: whether the same file may be read another time.
    """

    def __init__(self, why: str, *, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


class CountryDatabase:
    """The content of one file. It stays what it is, whatever becomes of the file.

    Attributes:
        digest: of the content; two databases with one digest answer alike.
        kind: what the database calls itself, such as ``GeoLite2-Country``.
        built: when it was made, as RFC 3339 text.
        failed_lookups: how many addresses led to a record that could not be read.

    Raises:
        DatabaseUnusable: the content is no database in MaxMind's format, or none of countries.
    """

    def __init__(self, content: bytes) -> None:
        # Few daemons have such a database, and each would start later for the library.
        import maxminddb

        self.digest = blake2b(content, digest_size=16).hexdigest()
        self.failed_lookups = 0
        self._known: LRUCache[str, str | None] = LRUCache(ADDRESSES_REMEMBERED)
        if content.startswith(_GZIP):
            raise DatabaseUnusable("it is compressed; unpack it, and name the .mmdb file in it")
        try:
            self._reader = maxminddb.Reader(BytesIO(content), maxminddb.MODE_FD)
            metadata = self._reader.metadata()
            self.kind = str(metadata.database_type)
            self.built = instant_text(metadata.build_epoch)
            has_countries = any(map(_country, islice(_records(self._reader), NETWORKS_TRIED)))
        except Exception as error:  # of many kinds: the library trusts the bytes that it decodes
            raise DatabaseUnusable(
                "it is damaged, cut short, or no database in MaxMind's format; name a whole .mmdb file"
            ) from error
        if not has_countries:
            raise DatabaseUnusable(
                f"it calls itself {self.kind!r}, and its records have neither country.iso_code nor "
                "registered_country.iso_code; name one of countries or cities"
            )

    def country_of(self, text: object) -> str | None:
        """Return the ISO 3166-1 alpha-2 code for an address.

        Args:
            text: an IPv4 or IPv6 address; an IPv4 address mapped into IPv6 is itself.

        Returns:
            None where the text is no address, the address is private, or the database has no country for it.
        """
        if not isinstance(text, str) or len(text) > LONGEST_ADDRESS:
            return None
        if text not in self._known:
            self._known[text] = self._look_up(text)
        return self._known[text]

    def _look_up(self, text: str) -> str | None:
        address = _address(text)
        if address is None or any(address in network for network in _PRIVATE):
            return None
        if address.version == 6 and self._reader.metadata().ip_version == 4:
            return None
        try:
            return _country(self._reader.get(address))
        except Exception:  # as above: a damaged record must not cost anyone an answer
            self.failed_lookups += 1
            return None


def read_database(path: Path) -> tuple[FileState, CountryDatabase]:
    """Read a file into memory, with the state in which it was read.

    Raises:
        DatabaseUnusable: see there.
    """
    try:
        # Without blocking: a pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise DatabaseUnusable("it is not a file; name a .mmdb file")
            content = file.read(LARGEST_DATABASE + 1)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise DatabaseUnusable(
            f"it cannot be read ({error.strerror}); name a file that can be", passing=True
        ) from error
    if len(content) > LARGEST_DATABASE:
        raise DatabaseUnusable(f"it is larger than {LARGEST_DATABASE >> 30} GiB; name a smaller one")
    if FileState.of(before) != FileState.of(after):
        raise DatabaseUnusable("it is being written; replace it by a rename instead", passing=True)
    return FileState.of(before), CountryDatabase(content)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _records(reader: maxminddb.Reader) -> Iterator[Any]:
    """The record of each network, None for one without, in the order of addresses.

    Unlike a reader's own iteration, each step ends soon, however the tree is damaged.
    """
    bits, kind = (128, IPv6Address) if reader.metadata().ip_version == 6 else (32, IPv4Address)
    number = 0
    while number < 1 << bits:
        record, prefix = reader.get_with_prefix_len(kind(number))
        yield record
        number = ((number >> (bits - prefix)) + 1) << (bits - prefix)


def _country(record: Any) -> str | None:
    """The country's code in a record; where it has none, that of the country which registered the network."""
    if not isinstance(record, dict):
        return None
    for name in ("country", "registered_country"):
        country = record.get(name)
        code = country.get("iso_code") if isinstance(country, dict) else None
        if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha():
            return code.upper()
    return None
