"""Who may ask over TCP: pages in a browser may not, whatever name they made resolve to this machine.

A browser sends the name that its page was loaded from as ``Host`` (DNS rebinding) and the page's origin as
``Origin``; neither can be forged by a page. There is no CORS: no origin but our own is allowed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class AccessRules:
    """The values of ``Host`` and ``Origin`` that a listener accepts.

    Args:
        bound: (host, port) of each address that is listened on; an address that names no interface adds
            nothing.
        names: further host names, without ports.
    """

    def __init__(self, bound: Iterable[tuple[str, int]], names: Iterable[str] = ()) -> None:
        further = tuple(names)
        hosts: set[str] = set()
        for host, port in bound:
            for name in (*LOOPBACK_NAMES, *_own_name(host), *further):
                hosts |= _with_port(name.lower(), port)
        self.hosts = frozenset(hosts)
        self.origins = frozenset(f"http://{host}" for host in hosts)

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why the request is refused; None where it is not."""
        if headers.get("Host", "").lower() not in self.hosts:
            return "this Host is not served here; --allow-host adds one"
        origin = headers.get("Origin")
        if origin is not None and origin.lower() not in self.origins:
            return "pages of other origins may not ask here"
        if headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
            return "pages of other sites may not ask here"
        return None


def _own_name(host: str) -> tuple[str, ...]:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ()
    if address.is_unspecified:
        return ()
    return (f"[{address}]" if address.version == 6 else str(address),)


def _with_port(name: str, port: int) -> set[str]:
    return {f"{name}:{port}", name} if port == 80 else {f"{name}:{port}"}
