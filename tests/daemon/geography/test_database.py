"""What addresses a database tells the country of, and which files are none."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgeed.geography.database import CountryDatabase, DatabaseUnusable, read_database
from tests.support.country_database import GERMAN, GERMAN_6, REGISTERED_ONLY, SWEDISH, UNKNOWN, write_database


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_database(tmp_path_factory.mktemp("database") / "countries.mmdb").read_bytes()


@pytest.mark.parametrize(
    ("address", "country"),
    [
        (SWEDISH, "SE"),
        (GERMAN, "DE"),
        (GERMAN_6, "DE"),
        (GERMAN_6.upper(), "DE"),
        (f"::ffff:{SWEDISH}", "SE"),
        (f"::FFFF:{SWEDISH}", "SE"),
        (REGISTERED_ONLY, "FR"),
        (UNKNOWN, None),
        ("2001:db8::1", None),
    ],
)
def test_a_country_is_that_of_the_record_or_of_who_registered_it(
    content: bytes, address: str, country: str | None
) -> None:
    assert CountryDatabase(content).country_of(address) == country


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "127.0.0.1", "::1", "0.0.0.0"])
def test_a_private_address_lies_nowhere_even_where_the_database_says_so(content: bytes, address: str) -> None:
    assert CountryDatabase(content).country_of(address) is None


@pytest.mark.parametrize(
    "text",
    [None, True, 89, 89.16, [], {}, "", " ", f" {SWEDISH}", f"{SWEDISH}:80", "89.160.20", "089.160.20.128"],
)
def test_what_is_no_address_lies_nowhere(content: bytes, text: object) -> None:
    assert CountryDatabase(content).country_of(text) is None


def test_a_text_that_is_too_long_for_an_address_is_not_remembered(content: bytes) -> None:
    database = CountryDatabase(content)
    assert [database.country_of("1" * length) for length in (65, 1_000_000)] == [None, None]
    assert not database._known


def test_more_addresses_than_are_remembered_are_answered_all_the_same(content: bytes) -> None:
    database = CountryDatabase(content)
    for third in range(60):
        for fourth in range(256):
            database.country_of(f"89.160.{third}.{fourth}")
    assert len(database._known) == 10_000 and database.country_of(SWEDISH) == "SE"


def test_a_database_of_ipv4_addresses_knows_no_others(tmp_path: Path) -> None:
    _, database = read_database(write_database(tmp_path / "four.mmdb", ip_version=4))
    found = [database.country_of(address) for address in (SWEDISH, f"::ffff:{SWEDISH}", GERMAN_6)]
    assert (found, database.failed_lookups) == (["SE", "SE", None], 0)


def test_a_code_is_two_letters_in_capitals(tmp_path: Path) -> None:
    networks = {
        "89.160.20.0/24": {"country": {"iso_code": "se"}},
        "85.25.43.0/24": {"country": {"iso_code": "Germany"}, "registered_country": {"iso_code": "DE"}},
        "212.47.235.0/24": {"country": "FR"},
    }
    _, database = read_database(write_database(tmp_path / "odd.mmdb", networks))
    assert [database.country_of(each) for each in (SWEDISH, GERMAN, REGISTERED_ONLY)] == ["SE", "DE", None]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: b"", "no database"),
        (lambda content: content[:-40], "cut short"),
        (lambda content: content[: len(content) // 2], "cut short"),
        (lambda content: content[len(content) // 2 :], "damaged"),
        (lambda content: b"countries: none\n" * 100, "no database"),
        (gzip.compress, "unpack"),
    ],
)
def test_a_file_that_is_no_whole_database_is_refused(
    content: bytes, spoil: Callable[[bytes], bytes], said: str
) -> None:
    with pytest.raises(DatabaseUnusable, match=said):
        CountryDatabase(spoil(content))


def test_a_database_of_other_things_is_refused_by_the_name_it_gives_itself(tmp_path: Path) -> None:
    networks = {"89.160.20.0/24": {"autonomous_system_number": 29518}}
    with pytest.raises(DatabaseUnusable, match=r"'Test-ASN'.*country\.iso_code"):
        read_database(write_database(tmp_path / "asn.mmdb", networks, kind="Test-ASN"))


@pytest.mark.parametrize("ip_version", [4, 6])
def test_a_country_of_the_last_network_of_all_is_found(tmp_path: Path, ip_version: int) -> None:
    last = "223.255.255.0/24" if ip_version == 4 else "3fff:ffff::/32"
    networks = {SWEDISH: {"asn": 29518}, last: {"country": {"iso_code": "SE"}}}
    _, database = read_database(write_database(tmp_path / "last.mmdb", networks, ip_version=ip_version))
    assert database.country_of(last.partition("/")[0]) == "SE"


@pytest.mark.timeout(20)
def test_a_tree_without_an_end_is_refused_and_not_walked(tmp_path: Path) -> None:
    content = write_database(tmp_path / "tree.mmdb", {f"{SWEDISH}/32": {"asn": 1}}).read_bytes()
    nodes = content.index(bytes(16)) // 6
    # Each node leads to the next one by both of its branches, the last one nowhere.
    leads = [min(node + 1, nodes) for node in range(nodes)]
    tree = b"".join(lead.to_bytes(3, "big") * 2 for lead in leads)
    with pytest.raises(DatabaseUnusable, match="neither"):
        CountryDatabase(tree + content[nodes * 6 :])


def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, said in (("pipe", "not a file"), (".", "cannot be read|not a file"), ("gone", "No such file")):
        with pytest.raises(DatabaseUnusable, match=said):
            read_database(tmp_path / name)


@given(st.data())
def test_no_damage_makes_a_lookup_fail(content: bytes, data: st.DataObject) -> None:
    spoiled = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        spoiled[at] = data.draw(st.integers(0, 255))
    try:
        database = CountryDatabase(bytes(spoiled))
    except DatabaseUnusable:
        return
    for address in (SWEDISH, GERMAN, GERMAN_6, REGISTERED_ONLY, UNKNOWN):
        country = database.country_of(address)
        assert country is None or (len(country) == 2 and country.isupper())


def test_a_damaged_record_is_counted(content: bytes) -> None:
    spoiled = content.replace(b"\x42DE", b"\x42\xff\xfe")
    database = CountryDatabase(spoiled)
    found = [database.country_of(address) for address in (SWEDISH, GERMAN, GERMAN)]
    assert (found, database.failed_lookups) == (["SE", None, None], 1)
