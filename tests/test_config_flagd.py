"""``config/flagd.json``: a document as flagd's users have it, what it shows, and its answers."""

from __future__ import annotations

from typing import Any

import pytest

from burgee.evaluation import evaluate
from tests.support.constructs import constructs_of_targeting
from tests.support.vectors import seconds
from tests.test_config import NOW, document, layers, snapshot

WHO_SHOWS_WHAT_OF_FLAGD = {
    "type boolean": "one-page-checkout",
    "type string": "hero-image",
    "type integer": "free-shipping-from",
    "type float": "suggested-tip-percent",
    "type object": "search-ranking",
    "no default variant": "suggested-tip-percent",
    "no targeting": "legacy-gift-wrap",
    "state DISABLED": "legacy-gift-wrap",
    "metadata": "one-page-checkout",
    "$ref": "one-page-checkout",
    "if": "free-shipping-from",
    "and": "search-ranking",
    "or": "fraud-review",
    "!": "search-ranking",
    "==": "suggested-tip-percent",
    "===": "fraud-review",
    ">": "free-shipping-from",
    ">=": "fraud-review",
    "<": "fraud-review",
    "<=": "winter-sale-banner",
    "in": "free-shipping-from",
    "cat": "search-ranking",
    "substr": "suggested-tip-percent",
    "+": "free-shipping-from",
    "-": "new-returns-portal",
    "%": "order-rounding",
    "max": "order-rounding",
    "map": "free-shipping-from",
    "reduce": "free-shipping-from",
    "some": "fraud-review",
    "all": "fraud-review",
    "missing": "search-ranking",
    "missing_some": "fraud-review",
    "var": "order-rounding",
    "var with a default": "free-shipping-from",
    "$flagd.flagKey": "search-ranking",
    "$flagd.timestamp": "winter-sale-banner",
    "fractional": "hero-image",
    "fractional of a value": "search-ranking",
    "weights of rules": "new-returns-portal",
    "sem_ver": "search-ranking",
    "starts_with": "suggested-tip-percent",
    "ends_with": "one-page-checkout",
}


def shown_by_flagd(flag: str) -> set[str]:
    """What a flag of flagd's own notation shows."""
    found = document("flagd.json")
    flag_type = layers()["flagd.json"].definitions[0].flags[flag].flag_type
    return {f"type {flag_type}"} | constructs_of_targeting(found["flags"][flag], found["$evaluators"])


@pytest.mark.parametrize(("construct", "flag"), WHO_SHOWS_WHAT_OF_FLAGD.items())
def test_each_construct_of_flagd_is_shown_by_its_flag(construct: str, flag: str) -> None:
    assert construct in shown_by_flagd(flag)


def test_the_table_of_flagds_constructs_is_complete() -> None:
    shown: set[str] = set().union(*(shown_by_flagd(flag) for flag in document("flagd.json")["flags"]))
    assert shown == WHO_SHOWS_WHAT_OF_FLAGD.keys()


@pytest.mark.parametrize(
    ("flag", "context", "variant", "reason"),
    [
        ("one-page-checkout", {"email": "ada@example.com", "country": "FI"}, "on", "TARGETING_MATCH"),
        ("one-page-checkout", {"email": "ada@example.com", "country": "FR"}, "off", "TARGETING_MATCH"),
        ("one-page-checkout", {"email": "ada@example.org", "country": "FI"}, "off", "DEFAULT"),
        ("hero-image", {"targetingKey": "visitor-1"}, "harbour", "TARGETING_MATCH"),
        ("hero-image", {"targetingKey": "visitor-2"}, "regatta", "TARGETING_MATCH"),
        ("hero-image", {}, "harbour", "DEFAULT"),
        ("free-shipping-from", {"loyalty": {"tier": "gold"}}, "low", "TARGETING_MATCH"),
        ("free-shipping-from", {"basket": [{"grams": 15000}, {"grams": 6000}]}, "high", "TARGETING_MATCH"),
        ("free-shipping-from", {"basket": [{"grams": 6000}]}, "usual", "DEFAULT"),
        ("search-ranking", {"app": {"version": "5.1.9"}}, "popularity", "TARGETING_MATCH"),
        ("winter-sale-banner", {}, "false", "TARGETING_MATCH"),
        ("suggested-tip-percent", {"locale": "en-US"}, "generous", "TARGETING_MATCH"),
        ("suggested-tip-percent", {"locale": "en-GB"}, "modest", "TARGETING_MATCH"),
        ("suggested-tip-percent", {"locale": "sv-SE"}, None, "DEFAULT"),
        ("fraud-review", {"basket": [{"price": 5, "giftcard": True}]}, "always", "TARGETING_MATCH"),
        ("fraud-review", {"basket": [{"price": 5}, {"price": 9.5}]}, "skip", "TARGETING_MATCH"),
        ("fraud-review", {"basket": [{"price": 50}]}, "sample", "TARGETING_MATCH"),
        ("fraud-review", {"basket": [{"price": 50}], "email": "ada@example.com"}, "skip", "DEFAULT"),
        ("order-rounding", {"store": {"number": 8}}, "2", "TARGETING_MATCH"),
        ("legacy-gift-wrap", {}, None, "DISABLED"),
        ("suggested-tip-percent", {"locale": "en-US", "service_included": True}, "none", "TARGETING_MATCH"),
        ("support-phone", {}, "main", "DEFAULT"),
    ],
)  # fmt: skip
def test_the_flags_of_flagd_answer(
    flag: str, context: dict[str, Any], variant: str | None, reason: str
) -> None:
    got = evaluate(snapshot("flagd.json"), flag, context, now=NOW)
    assert (got.variant, got.reason) == (variant, reason)


def test_the_winter_sale_lasts_through_december() -> None:
    flags = snapshot("flagd.json")
    instants = [
        "2026-11-30T23:59:59Z",
        "2026-12-01T00:00:00Z",
        "2026-12-31T23:59:59Z",
        "2027-01-01T00:00:00Z",
    ]
    answers = [evaluate(flags, "winter-sale-banner", {}, now=seconds(each)).variant for each in instants]
    assert answers == ["false", "true", "true", "false"]


def test_the_support_phone_is_another_in_the_evening() -> None:
    flags = snapshot("flagd.json")
    instants = ["2026-11-20T17:59:59Z", "2026-11-20T18:00:00Z", "2026-11-21T00:00:00Z"]
    answers = [evaluate(flags, "support-phone", {}, now=seconds(each)).variant for each in instants]
    assert answers == ["main", "night", "main"]


def test_the_returns_portal_reaches_more_people_from_day_to_day() -> None:
    flags = snapshot("flagd.json")
    people = [f"visitor-{number}" for number in range(200)]
    reached = [
        sum(
            evaluate(flags, "new-returns-portal", {"targetingKey": each}, now=now).variant == "on"
            for each in people
        )
        for now in (1795000000, 1795600000, 1796209600)
    ]
    assert reached[0] == 0 < reached[1] < reached[2] == len(people)
