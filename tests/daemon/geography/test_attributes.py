"""Which flags need a database, and what else they vary by: without a database."""

from __future__ import annotations

from burgee.composition import compose
from burgee.definition import read
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgeed.geography import needs_daemon, with_address
from tests.daemon.geography.definitions import DEFINITION, READ_A_COUNTRY


def composed(**fixed: str) -> Snapshot:
    return compose([Layer("flags", (read(DEFINITION),))], fixed=fixed)


def test_flags_that_could_read_a_country_need_the_daemon() -> None:
    assert needs_daemon(composed()) == READ_A_COUNTRY


def test_a_fixed_address_leaves_them_in_need_of_it_and_a_fixed_country_none() -> None:
    assert needs_daemon(composed(ip="89.160.20.128")) == READ_A_COUNTRY
    assert needs_daemon(composed(country="SE")) == frozenset()


def test_no_flags_need_nothing() -> None:
    assert needs_daemon(Snapshot()) == frozenset()


def test_the_address_joins_the_country_alone() -> None:
    assert with_address(frozenset({"country", "plan"}), ()) == {"country", "ip", "plan"}
    assert with_address(frozenset({"plan"}), ()) == {"plan"}
    assert with_address(None, ()) is None
    assert with_address(frozenset({"country"}), {"ip"}) == {"country"}
