"""When a context is given a country, and when it keeps its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burgeed.clock import SystemClock
from burgeed.geography.enrichment import Enrichment
from burgeed.geography.following import FollowedDatabase
from tests.support.country_database import GERMAN, SWEDISH


async def enriched(database: Path, context: dict[str, Any], **fixed: str | int) -> Any:
    followed = FollowedDatabase(database, SystemClock())
    await followed.open()
    return Enrichment(followed, fixed).enriched(context)


@pytest.mark.parametrize("country", [{}, {"country": None}])
async def test_a_context_without_a_country_is_given_that_of_its_address(
    database: Path, country: dict[str, None]
) -> None:
    assert await enriched(database, {"ip": SWEDISH, "plan": "pro", **country}) == {
        "ip": SWEDISH,
        "plan": "pro",
        "country": "SE",
    }


@pytest.mark.parametrize("country", ["DE", "", 0, False, []])
async def test_a_country_of_its_own_stays_whatever_it_is(database: Path, country: object) -> None:
    context = {"ip": SWEDISH, "country": country}
    assert await enriched(database, context) is context


@pytest.mark.parametrize("ip", [None, 5, "", "10.1.2.3", "203.0.113.7", "no address", [SWEDISH]])
async def test_an_address_that_tells_nothing_leaves_the_context_as_it_is(database: Path, ip: object) -> None:
    context = {"ip": ip}
    assert await enriched(database, context) is context


async def test_the_context_that_was_given_is_not_altered(database: Path) -> None:
    context = {"ip": SWEDISH}
    assert await enriched(database, context) == {"ip": SWEDISH, "country": "SE"} and context == {
        "ip": SWEDISH
    }


async def test_a_fixed_country_beats_the_database(database: Path) -> None:
    context = {"ip": GERMAN}
    assert await enriched(database, context, country="SE") is context


async def test_a_fixed_address_beats_that_of_the_request(database: Path) -> None:
    assert (await enriched(database, {"ip": GERMAN}, ip=SWEDISH))["country"] == "SE"
    context = {"ip": GERMAN}
    assert await enriched(database, context, ip=7) is context
