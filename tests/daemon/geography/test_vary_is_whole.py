"""An attribute that ``Burgee-Vary`` does not name never changes an answer, whatever the others are."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.geography.definitions import DEFINITION
from tests.support.country_database import GERMAN, GERMAN_6, PRIVATE, SWEDISH, UNKNOWN
from tests.support.daemon import RunningDaemon, running_daemon

VALUES: Mapping[str, tuple[Any, ...]] = {
    "country": (None, "SE", "DE", "", 5),
    "ip": (None, SWEDISH, f"::ffff:{SWEDISH}", GERMAN, GERMAN_6, PRIVATE, UNKNOWN, "none", 5),
    "plan": (None, "pro"),
    "customer": (None, "c-1"),
    "targetingKey": (None, "u-1"),
}
"""Null stands for an attribute that is not there."""


def contexts() -> Iterator[dict[str, Any]]:
    for values in itertools.product(*VALUES.values()):
        yield dict(zip(VALUES, values, strict=True))


def answers(daemon: RunningDaemon) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each context, and what it is answered for each flag with the attributes that it varies by."""
    connection = daemon.connect()
    headers = {"Content-Type": "application/json", "Burgee-Detail": "1"}
    try:
        for context in contexts():
            body = json.dumps({"context": context})
            connection.request("POST", "/ofrep/v1/evaluate/flags?eventStreams=false", body, headers)
            for item in json.loads(connection.getresponse().read())["flags"]:
                yield context, item
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("fixed", "named"),
    [
        ((), {"country", "ip"}),
        (("--context", "plan=pro"), {"country", "ip"}),
        (("--context", f"ip={SWEDISH}"), {"country"}),
        (("--context", "country=DE"), set()),
    ],
    ids=["nothing fixed", "another attribute fixed", "the address fixed", "the country fixed"],
)
def test_one_answer_for_each_choice_of_the_attributes_that_are_named(
    tmp_path: Path, flags: Path, database: Path, fixed: tuple[str, ...], named: set[str]
) -> None:
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    varies: dict[str, Any] = {}
    with running_daemon(tmp_path, "--source", flags, "--geoip", database, *fixed) as daemon:
        for context, item in answers(daemon):
            vary = varies.setdefault(item["key"], item.pop("burgee")["vary"])
            if vary is not None:
                chosen = json.dumps([[name, context[name]] for name in vary])
                found[item["key"], chosen].add(json.dumps(item, sort_keys=True))
        header = daemon.request("POST", "/ofrep/v1/evaluate/flags/rule", {}).headers["Burgee-Vary"]
    assert [(key, told) for key, told in found.items() if len(told) > 1] == []
    assert varies.keys() == DEFINITION["flags"].keys() and varies["computed"] is None
    assert set(varies["rule"]) == named and header == ",".join(sorted(named))
    assert varies["still"] == [] and "ip" not in varies["plan"]


def test_without_a_database_the_address_changes_nothing_and_is_not_named(tmp_path: Path, flags: Path) -> None:
    with running_daemon(tmp_path, "--source", flags) as daemon:
        varies = {item["key"]: item["burgee"]["vary"] for _, item in answers(daemon)}
        alike = daemon.evaluate("rule", {"ip": SWEDISH})["value"], daemon.evaluate("rule", {})["value"]
    assert (varies["rule"], alike) == (["country"], (False, False))
    assert [key for key, vary in varies.items() if vary and "ip" in vary] == ["both"]
