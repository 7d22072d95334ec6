"""Who may ask over TCP: pages in a browser may not, whatever name they made resolve to this machine.

A browser sends the name that its page was loaded from as ``Host`` (DNS rebinding) and the page's origin as
``Origin``; neither can be forged by a page. There is no CORS: no origin but our own is allowed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

_NAME_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]{1,5})?", re.ASCII)


class AccessRules:
    """The values of ``Host`` and ``Origin`` that a listener accepts.

    Args:
        bound: (host, port) of each address that is listened on; an address that names no interface adds
            nothing.
        names: further host names, without ports.
        covers: under TLS, whether the certificate is for a name: those are accepted too, and each with any
            port, since beyond this machine ports are mapped.
    """

    def __init__(
        self,
        bound: Iterable[tuple[str, int]],
        names: Iterable[str] = (),
        *,
        covers: Callable[[str], bool] | None = None,
    ) -> None:
        further = tuple(names)
        self._hosts: set[str] = set()
        self._names: set[str] = set()
        for host, port in bound:
            for name in (*LOOPBACK_NAMES, *_own_name(host), *further):
                self._hosts |= _with_port(name.lower(), port)
                self._names.add(name.lower())
        self._covers = covers
        self._scheme = "http://" if covers is None else "https://"

    def refusal(self, headers: Mapping[str, str]) -> str | None:
        """Why the request is refused; None where it is not."""
        if not self._is_own(headers.get("Host", "").lower()):
            return "this Host is not served here; --allow-host adds one"
        origin = headers.get("Origin")
        if origin is not None and not self._is_own_origin(origin.lower()):
            return "pages of other origins may not ask here"
        if headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
            return "pages of other sites may not ask here"
        return None

    def _is_own(self, host: str) -> bool:
        if host in self._hosts:
            return True
        if self._covers is None or (match := _NAME_AND_PORT.fullmatch(host)) is None:
            return False
        return match[1] in self._names or self._covers(match[1])

    def _is_own_origin(self, origin: str) -> bool:
        return origin.startswith(self._scheme) and self._is_own(origin.removeprefix(self._scheme))


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
