"""What the processes may that connect to the Unix socket, by the uid that the kernel tells of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from burgeed.authority.principal import Principal, Scope
from burgeed.settings.model import PeerRole
from burgeed.settings.values import OVERFLOW_UID

ROLES: Mapping[PeerRole, frozenset[Scope]] = MappingProxyType(
    {
        "reader": frozenset({Scope.EVALUATE, Scope.READ}),
        "writer": frozenset({Scope.EVALUATE, Scope.READ, Scope.WRITE}),
        "auditor": frozenset({Scope.EVALUATE, Scope.READ, Scope.AUDIT}),
        "admin": frozenset(Scope),
        "none": frozenset(),
    }
)
"""The scopes of each role that ``--admin-peer`` can give."""

_OVERFLOW_UID_FILE = Path("/proc/sys/kernel/overflowuid")


class PeerRoles:
    """The roles of uids. The daemon's own uid is admin unless stated otherwise; no other has a role unstated,
    root included.

    The overflow uid never has one: it may be anybody's.

    Args:
        stated: (uid, role), later ones beat earlier ones.
        own_uid: the daemon's; by default that of this process.
        overflow_uid: by default what the kernel says.
    """

    def __init__(
        self,
        stated: Iterable[tuple[int, PeerRole]] = (),
        *,
        own_uid: int | None = None,
        overflow_uid: int | None = None,
    ) -> None:
        own = os.geteuid() if own_uid is None else own_uid
        overflow = _kernel_overflow_uid() if overflow_uid is None else overflow_uid
        roles: dict[int, PeerRole] = {own: "admin"}
        roles.update(stated)
        for nobody in (overflow, OVERFLOW_UID):
            roles.pop(nobody, None)
        self._roles = roles

    def principal(self, uid: int | None) -> Principal | None:
        """Who a peer of this uid is, whether it may anything or not; None where there is no uid."""
        if uid is None:
            return None
        scopes = ROLES[self._roles.get(uid, "none")]
        return Principal(f"uid:{uid}", "peer", scopes, uid=uid)


def _kernel_overflow_uid() -> int:
    try:
        return int(_OVERFLOW_UID_FILE.read_text())
    except (OSError, ValueError):
        return OVERFLOW_UID
