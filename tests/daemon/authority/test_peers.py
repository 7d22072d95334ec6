"""Uids and their roles: the daemon's own is admin, root is not, and the overflow uid is nobody."""

from __future__ import annotations

import os

import pytest

from burgeed.authority.peers import PeerRoles
from burgeed.authority.principal import Scope
from burgeed.settings.model import PeerRole


def scopes(peers: PeerRoles, uid: int) -> frozenset[Scope]:
    principal = peers.principal(uid)
    assert principal is not None
    assert (principal.kind, principal.uid, principal.name) == ("peer", uid, f"uid:{uid}")
    return principal.scopes


def test_the_daemons_own_uid_may_everything_and_no_other_anything() -> None:
    peers = PeerRoles(own_uid=1000)
    assert scopes(peers, 1000) == frozenset(Scope)
    for uid in (0, 1, 999, 1001, 65534, 2**32 - 1):
        assert scopes(peers, uid) == frozenset()


def test_the_own_uid_is_that_of_this_process() -> None:
    assert scopes(PeerRoles(), os.geteuid()) == frozenset(Scope)


def test_root_is_admin_only_where_it_is_the_daemons_own_or_stated() -> None:
    assert scopes(PeerRoles(own_uid=1000), 0) == frozenset()
    assert scopes(PeerRoles(own_uid=0), 0) == frozenset(Scope)
    assert scopes(PeerRoles([(0, "admin")], own_uid=1000), 0) == frozenset(Scope)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("reader", {"evaluate", "read"}),
        ("writer", {"evaluate", "read", "write"}),
        ("auditor", {"evaluate", "read", "audit"}),
        ("admin", {"evaluate", "read", "write", "audit", "tokens", "break-glass"}),
        ("none", set()),
    ],
)
def test_a_role_has_its_scopes_and_no_other(role: PeerRole, expected: set[str]) -> None:
    assert scopes(PeerRoles([(7, role)], own_uid=1000), 7) == expected


def test_later_ones_beat_earlier_ones_and_the_own_role_can_be_taken_away() -> None:
    peers = PeerRoles([(7, "admin"), (1000, "none"), (7, "reader")], own_uid=1000)
    assert scopes(peers, 7) == {"evaluate", "read"} and scopes(peers, 1000) == frozenset()


def test_the_overflow_uid_has_no_role_even_as_the_daemons_own_or_stated() -> None:
    stated: list[tuple[int, PeerRole]] = [(65534, "admin"), (99, "admin")]
    peers = PeerRoles(stated, own_uid=65534, overflow_uid=99)
    assert scopes(peers, 65534) == frozenset() and scopes(peers, 99) == frozenset()


def test_where_there_is_no_uid_there_is_no_peer() -> None:
    assert PeerRoles().principal(None) is None
