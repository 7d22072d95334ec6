"""Networks in CIDR notation, and whether an address lies in one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

_MAPPED_BITS = 96
"""How many bits of a mapped address stand before the IPv4 address."""

_Masks: TypeAlias = tuple[tuple[int, int, frozenset[int]], ...]


@dataclass(frozen=True, slots=True)
class Networks:
    """A set of networks, held by prefix length, so that a thousand of them cost a handful of lookups.

    IPv4 mapped into IPv6 (RFC 4291, 2.5.5.2) is IPv4, in addresses and in networks alike.

    Attributes:
        texts: as written.
        masks: (IP version, bits to drop, network numbers without these bits).
    """

    texts: tuple[str, ...]
    masks: _Masks

    def __contains__(self, text: object) -> bool:
        """Whether the text is an address in one of them."""
        if not isinstance(text, str):
            return False
        found = _address(text)
        return found is not None and any(
            version == found[0] and (found[1] >> drop) in numbers for version, drop, numbers in self.masks
        )

    def lies_within(self, other: Networks) -> bool:
        """Whether every address in one of these is in one of the other's."""
        return all(
            any(
                version == other_version and drop <= other_drop and (number >> (other_drop - drop)) in wider
                for other_version, other_drop, wider in other.masks
            )
            for version, drop, numbers in self.masks
            for number in numbers
        )


@lru_cache(maxsize=1024)
def _address(text: str) -> tuple[int, int] | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


def parse_networks(texts: Sequence[str]) -> Networks | str:
    """Read networks such as ``10.0.0.0/8`` or ``2001:db8::1``, or return the first text that is none."""
    masks: dict[tuple[int, int], set[int]] = {}
    for text in texts:
        try:
            network = _unmapped(ip_network(text))
        except ValueError:
            return text
        drop = network.max_prefixlen - network.prefixlen
        masks.setdefault((network.version, drop), set()).add(int(network.network_address) >> drop)
    held = tuple((version, drop, frozenset(numbers)) for (version, drop), numbers in sorted(masks.items()))
    return Networks(tuple(texts), held)


def _unmapped(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network
