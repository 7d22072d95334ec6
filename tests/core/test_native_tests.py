"""Patterns, ranges of versions, networks and regions, which rules have beyond JSONLogic: laws and limits."""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee import compose, evaluate, read
from burgee.javascript import number_text
from burgee.layer import Layer
from burgee.snapshot import Snapshot

numbers = st.integers(0, 12)
versions = st.tuples(numbers, numbers, numbers)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CODES = [first + second for first in LETTERS for second in LETTERS]


def asking(operator: str, operand: Any) -> Snapshot:
    """One flag, on where the attribute ``x`` passes one test."""
    document = {
        "flags": {
            "f": {"defaultVariant": "off", "rules": [{"when": {"x": {operator: operand}}, "serve": "on"}]}
        }
    }
    return compose([Layer("native", (read(document),))])


def passes(snapshot: Snapshot, value: Any) -> bool:
    return evaluate(snapshot, "f", {"x": value}, now=0.0).value is True


def written(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))


@settings(deadline=None)
@given(versions, versions)
def test_versions_compare_number_by_number(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    held = {
        operator: passes(asking("semver", f"{operator}{written(other)}"), written(one))
        for operator in ("=", "!=", "<", "<=", ">", ">=")
    }
    assert held == {
        "=": one == other,
        "!=": one != other,
        "<": one < other,
        "<=": one <= other,
        ">": one > other,
        ">=": one >= other,
    }


@settings(deadline=None)
@given(versions, numbers, numbers)
def test_a_version_with_two_numbers_means_all_that_begin_with_them(
    version: tuple[int, int, int], major: int, minor: int
) -> None:
    bound = f"{major}.{minor}"
    inside = version[:2] == (major, minor)
    held = {
        operator: passes(asking("semver", f"{operator}{bound}"), written(version))
        for operator in ("", "=", "!=", "~", ">", "<=", ">=", "<")
    }
    above, below = version[:2] > (major, minor), version[:2] < (major, minor)
    assert held == {
        "": inside,
        "=": inside,
        "!=": not inside,
        "~": inside,
        ">": above,
        "<=": not above,
        ">=": not below,
        "<": below,
    }


@settings(deadline=None)
@given(versions, versions)
def test_a_caret_ends_where_the_leftmost_number_that_is_not_0_changes(
    version: tuple[int, int, int], bound: tuple[int, int, int]
) -> None:
    fixed = next((index for index, number in enumerate(bound) if number), 2)
    expected = version >= bound and version[: fixed + 1] == bound[: fixed + 1]
    assert passes(asking("semver", f"^{written(bound)}"), written(version)) is expected


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)), min_size=1), st.integers(0, 2**32 - 1)
)
def test_an_address_lies_in_the_networks_that_python_says_it_lies_in(
    networks: list[tuple[int, int]], number: int
) -> None:
    held = [ip_network((address, prefix), strict=False) for address, prefix in networks]
    address = ip_address(number)
    snapshot = asking("ip_in", [str(network) for network in held])
    expected = any(address in network for network in held)
    assert passes(snapshot, str(address)) is expected
    assert passes(snapshot, f"::ffff:{address}") is expected
    mapped = [f"::ffff:{each.network_address}/{each.prefixlen + 96}" for each in held]
    assert passes(asking("ip_in", mapped), str(address)) is expected


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        ("EUROZONE", "EU"),
        ("EU", "EEA"),
        ("EU", "EMEA"),
        ("BALTICS", "EU"),
        ("BENELUX", "EU"),
        ("EUROPE", "EMEA"),
        ("MENA", "EMEA"),
        ("GCC", "MENA"),
        ("ASEAN", "APAC"),
        ("ANZ", "APAC"),
        ("SOUTH_AMERICA", "LATAM"),
        ("LATAM", "AMERICAS"),
        ("NORTH_AMERICA", "AMERICAS"),
        ("154", "EUROPE"),
        ("419", "AMERICAS"),
        ("EMEA", "001"),
        ("APAC", "001"),
    ],
)
def test_a_region_lies_within_a_larger_one(part: str, whole: str) -> None:
    inner, outer = asking("in_region", part), asking("in_region", whole)
    inside = [code for code in CODES if passes(inner, code)]
    assert inside
    assert [code for code in inside if not passes(outer, code)] == []


@pytest.mark.parametrize(
    ("region", "members"),
    [
        ("EU", 27),
        ("EFTA", 4),
        ("EEA", 30),
        ("EUROZONE", 21),
        ("BALTICS", 3),
        ("DACH", 3),
        ("BENELUX", 3),
        ("GCC", 6),
    ],
)
def test_a_group_of_states_has_as_many_members_as_it_has_in_2026(region: str, members: int) -> None:
    snapshot = asking("in_region", region)
    assert sum(passes(snapshot, code) for code in CODES) == members


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("^(a+)+$", "a" * 4095 + "b"), ("(x|x)*y", "x" * 4096), ("(.*)(.*)(.*)(.*)(.*)(.*)[^a]$", "a" * 4096)],
)
def test_a_pattern_that_others_take_for_ever_on_takes_milliseconds(pattern: str, text: str) -> None:
    snapshot = asking("matches", pattern)
    passes(snapshot, "warm")
    begin = time.perf_counter()
    assert passes(snapshot, text) is False
    assert time.perf_counter() - begin < 5.0


@settings(deadline=None)
@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(max_size=2)))
)
def test_no_attribute_is_an_error(value: Any) -> None:
    tests = {"matches": "^[0-9]+$", "semver": ">=1 <2", "ip_in": ["10.0.0.0/8"], "in_region": "EU"}
    for operator, operand in tests.items():
        answer = evaluate(asking(operator, operand), "f", {"x": value}, now=0.0)
        assert answer.error_code is None


def test_a_float_is_written_with_the_digits_that_javascript_gives_it() -> None:
    written = [number_text(each) for each in (7.205759403792794e16, 1e16, 5.0, -0.0, 1e-7, 1e-6, 1e21, 0.1)]
    assert written == ["72057594037927940", "10000000000000000", "5", "0", "1e-7", "0.000001", "1e+21", "0.1"]
