"""The forms of an address, and what is said of others."""

from __future__ import annotations

import pytest
from openfeature.contrib.provider.burgee.address import (
    AddressError,
    TcpAddress,
    UnixAddress,
    default_addresses,
    parse_address,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("unix:///run/burgee/burgee.sock", UnixAddress("/run/burgee/burgee.sock")),
        ("unix:/tmp/a b%20.sock", UnixAddress("/tmp/a b%20.sock")),
        ("http://127.0.0.1:8016", TcpAddress("127.0.0.1", 8016)),
        ("http://localhost:1/", TcpAddress("localhost", 1)),
        ("http://[::1]:8016", TcpAddress("::1", 8016)),
        ("http://burgee.pod_1.svc:8016", TcpAddress("burgee.pod_1.svc", 8016)),
        ("https://burgee.pod_1.svc:8016", TcpAddress("burgee.pod_1.svc", 8016, tls=True)),
        ("https://[::1]:8016", TcpAddress("::1", 8016, tls=True)),
    ],
)
def test_an_address_is_read(text: str, expected: object) -> None:
    address = parse_address(text)
    assert address == expected and parse_address(str(address)) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no address"),
        ("burgee.sock", "no address"),
        ("/run/burgee.sock", "write unix:///run/burgee.sock"),
        ("unix://run/burgee.sock", "absolute path"),
        ("unix:" + "/long" * 30, "at most 107 bytes, this one 150"),
        ("unix:///a\0b", "NUL"),
        ("https://127.0.0.1", "names no port: write https://127.0.0.1:8016"),
        ("https://.daemon:8016", "no host name"),
        ("https://daemon..svc:8016", "no host name"),
        ("https://daemon.:8016", "no host name"),
        ("ftp://127.0.0.1:8016", "no address"),
        ("localhost:8016", "no address"),
        ("http://127.0.0.1", "names no port: write http://127.0.0.1:8016"),
        ("http://127.0.0.1:0", "names no port"),
        ("http://[::1]", r"names no port: write http://\[::1\]:8016$"),
        ("https://Daemon.svc/", "names no port: write https://daemon.svc:8016$"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("http://127.0.0.1:x", "no address"),
        ("http://:8016", "no address"),
        ("http://127.0.0.1:8016/flags", "only host and port"),
        ("http://127.0.0.1:8016?a=1", "only host and port"),
        ("http://me:secret@127.0.0.1:8016", "only host and port"),
        ("http://a\r\nb:80", "holds what no address does"),
        ("http://a b:80", "no host name"),
    ],
)
def test_another_form_is_refused_with_what_to_write_instead(text: str, says: str) -> None:
    with pytest.raises(AddressError, match=says) as caught:
        parse_address(text)
    assert any(form in str(caught.value) for form in ("unix:///", "http://", "https://", "107"))


def test_the_search_goes_from_the_users_runtime_directory_over_the_systems_to_tcp() -> None:
    assert [str(address) for address in default_addresses({"XDG_RUNTIME_DIR": "/run/user/7"})] == [
        "unix:///run/user/7/burgee/burgee.sock",
        "unix:///run/burgee/burgee.sock",
        "http://127.0.0.1:8016",
    ]


@pytest.mark.parametrize("runtime", [None, "", "relative", "/too" * 40])
def test_a_runtime_directory_that_cannot_be_is_left_out_of_the_search(runtime: str | None) -> None:
    environment = {} if runtime is None else {"XDG_RUNTIME_DIR": runtime}
    assert [str(address) for address in default_addresses(environment)] == [
        "unix:///run/burgee/burgee.sock",
        "http://127.0.0.1:8016",
    ]


def test_the_host_header_brackets_numeric_addresses_of_version_6() -> None:
    assert TcpAddress("::1", 8016).host_header == "[::1]:8016"
    assert UnixAddress("/x").host_header == "localhost"
