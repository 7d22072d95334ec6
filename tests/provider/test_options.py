"""Options: arguments beat the environment, which beats the defaults; what cannot be is refused at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, Options, OptionsError
from openfeature.contrib.provider.burgee.tls_files import TlsFiles


def test_the_defaults_are_the_designs() -> None:
    options = Options.gather({})
    assert (options.address, options.resolver, options.deadline, options.cache_size) == (
        None,
        "remote",
        0.5,
        10_000,
    )


def test_each_option_can_come_from_the_environment() -> None:
    environment = {
        "BURGEE_ADDRESS": "http://127.0.0.1:9",
        "BURGEE_RESOLVER": "remote",
        "BURGEE_DEADLINE": "0.25",
        "BURGEE_INITIALIZE_DEADLINE": "2",
        "BURGEE_CACHE_SIZE": "5",
        "BURGEE_SELECTOR": "flagSetId=shop",
        "BURGEE_GRACE": "3",
        "BURGEE_CONNECTIONS": "7",
    }
    assert Options.gather(environment) == Options(
        "http://127.0.0.1:9", "remote", 0.25, 2.0, 5, "flagSetId=shop", 3.0, 7
    )


def test_an_argument_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURGEE_DEADLINE", "0.25")
    monkeypatch.setenv("BURGEE_ADDRESS", "http://127.0.0.1:9")
    provider = BurgeeProvider("http://127.0.0.1:10", deadline=1)
    assert (provider.options.address, provider.options.deadline) == ("http://127.0.0.1:10", 1)
    assert BurgeeProvider().options.deadline == 0.25


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Options.gather({"BURGEE_ADDRESS": "", "BURGEE_DEADLINE": ""}) == Options()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"resolver": "rpc"}, "resolver 'rpc' is unknown"),
        ({"address": "https://x"}, "names no port"),
        ({"deadline": 0}, "deadline is a number of seconds over 0, not 0"),
        ({"deadline": float("nan")}, "deadline"),
        ({"deadline": float("inf")}, "deadline"),
        ({"deadline": True}, "deadline"),
        ({"deadline": "1"}, "deadline"),
        ({"initialize_deadline": -1}, "initialize_deadline"),
        ({"deadline": 86_401}, "deadline is 86400 seconds at most, not 86401"),
        ({"initialize_deadline": 1e300}, "initialize_deadline is 86400 seconds at most"),
        ({"grace": 0}, "grace"),
        ({"cache_size": -1}, "cache_size is a whole number from 0 up, not -1"),
        ({"cache_size": 1.5}, "cache_size"),
        ({"connections": 0}, "connections is a whole number from 1 up, not 0"),
        ({"selector": "set=shop"}, "unknown selector 'set'"),
        ({"selector": "a\r\nb"}, "no HTTP header"),
        ({"selector": 5}, "selector is text"),
    ],
)
def test_an_option_that_cannot_be_is_refused_when_the_provider_is_made(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        BurgeeProvider(**given)


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"deadline.*cache_size"):
        BurgeeProvider(deadline=-1, cache_size=-1)


def test_all_variables_that_cannot_be_read_are_named_in_order_with_what_to_write_and_other_faults_too() -> (
    None
):
    environment = {
        "BURGEE_PREFETCH": "perhaps",
        "BURGEE_GRACE": "q",
        "BURGEE_CACHE_SIZE": "x",
        "BURGEE_DEADLINE": "soon",
    }
    with pytest.raises(OptionsError) as refused:
        Options.gather(environment, connections=0)
    assert str(refused.value).split("; ") == [
        "BURGEE_DEADLINE is 'soon': write seconds, such as 0.5",
        "BURGEE_CACHE_SIZE is 'x': write a whole number, such as 100",
        "BURGEE_GRACE is 'q': write seconds, such as 0.5",
        "BURGEE_PREFETCH is 'perhaps': write true or false",
        "connections is a whole number from 1 up, not 0",
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"ca": "/ca"}, "ca: for TLS, but no address is given: write https://host:8016"),
        ({"address": "http://h:1", "ca": "/ca", "certificate": "/c"}, "ca and certificate: for TLS, but a"),
        ({"address": "unix:///s", "certificate": "/c"}, "certificate: for TLS, but address is 'unix:///s'"),
    ],
)
def test_files_for_tls_need_an_address_that_speaks_it(given: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionsError, match=says):
        Options.gather({}, **given)
    Options.gather({}, **{**given, "address": "https://h:1"})


def test_files_for_tls_of_the_environment_are_for_an_address_of_the_environment() -> None:
    environment = {"BURGEE_ADDRESS": "https://h:1", "BURGEE_CA": "/ca"}
    assert Options.gather(environment, address="unix:///s").ca is None
    assert Options.gather(environment, address="https://h:2").ca == "/ca"
    with pytest.raises(OptionsError, match="ca: for TLS, but address is 'http://h:1'"):
        Options.gather({**environment, "BURGEE_ADDRESS": "http://h:1"})


def test_options_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Options().deadline = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"bootstrap": ""}, "bootstrap is the path of a file, not ''"),
        ({"last_snapshot": 5}, "last_snapshot is the path of a file, not 5"),
        ({"runtime_dir": "a\0b"}, "runtime_dir is the path of a directory"),
        ({"token": "a\nb"}, "token holds what no HTTP header can"),
        ({"token": "tökén"}, "token holds what no HTTP header can"),
        ({"prefetch": 1}, "prefetch is True or False, not 1"),
        ({"ca": ""}, "ca is the path of a file"),
        ({"certificate": 5}, "certificate is the path of a file"),
        ({"certificate_key": "/k"}, "name that as certificate, too"),
    ],
)
def test_a_path_or_a_token_that_cannot_be_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        BurgeeProvider(**given)


def test_paths_and_the_token_can_come_from_the_environment_and_paths_as_such(tmp_path: Path) -> None:
    environment = {
        "BURGEE_ADDRESS": "https://flags.example:8016",
        "BURGEE_BOOTSTRAP": "/b",
        "BURGEE_LAST_SNAPSHOT": "/l",
        "BURGEE_RUNTIME_DIR": "/r",
        "BURGEE_TOKEN": "t",
        "BURGEE_PREFETCH": "true",
        "BURGEE_CA": "/ca",
        "BURGEE_CERTIFICATE": "/c",
        "BURGEE_CERTIFICATE_KEY": "/k",
    }
    options = Options.gather(environment, bootstrap=tmp_path)
    assert options.tls_files == TlsFiles("/ca", "/c", "/k")
    assert (options.bootstrap, options.last_snapshot, options.runtime_dir) == (str(tmp_path), "/l", "/r")
    assert (options.token, options.prefetch) == ("t", True)


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(Options(token="secret"))
