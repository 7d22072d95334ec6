"""Personal data by rule: masked before it is sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burgeed.audit.masking import MASKED, Masking
from burgeed.audit.records import AuditFilter
from tests.daemon.audit.logs import event, log_at


@pytest.mark.parametrize(
    "leaf", ["email", "patch.contact.E-Mail", "a.first_name", "a.last-name", "x.PHONE", "name"]
)
def test_values_of_personal_names_are_masked(leaf: str) -> None:
    masked = Masking.of().masked(event(leaf=leaf, old="Ann", new=17))
    assert (masked.old, masked.new, masked.leaf) == (MASKED, MASKED, leaf)


def test_other_names_are_not_and_configured_ones_are() -> None:
    assert Masking.of().masked(event(leaf="a.plan", old="x", new="y")).new == "y"
    assert Masking.of(["Plan"]).masked(event(leaf="a.plan", old="x", new="y")).new == MASKED
    assert Masking.of().masked(event(leaf="email.enabled", old=True, new=False)).new is False


def test_members_within_a_value_are_masked_too() -> None:
    value: dict[str, Any] = {"user": {"email": "x", "plan": "pro"}, "list": [{"phone": 1}]}
    masked = Masking.of().masked(event(leaf="rules", new=value, detail=value))
    expected = {"user": {"email": MASKED, "plan": "pro"}, "list": [{"phone": MASKED}]}
    assert masked.new == expected and masked.detail == expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("asked by ann@example.com, urgent", f"asked by {MASKED}, urgent"),
        ("<Ann.O'Neil+x@mail.example.co.uk>", f"<{MASKED}>"),
        ("é@exämple.se", MASKED),
        ("root@localhost", MASKED),
        ("burgee@1.2.3 and @scope", "burgee@1.2.3 and @scope"),
        ("no address here", "no address here"),
    ],
)
def test_addresses_are_masked_wherever_they_stand(text: str, shown: str) -> None:
    masked = Masking.of().masked(event(leaf="x", reason=text, new=[text], old={text: 1}, detail={"a": text}))
    assert (masked.reason, masked.new, masked.old, masked.detail) == (
        shown,
        [shown],
        {shown: 1},
        {"a": shown},
    )


def test_the_name_of_a_token_in_the_details_is_told() -> None:
    masked = Masking.of().masked(event(leaf="", detail={"name": "deploy", "for": {"name": "Ann"}}))
    assert masked.detail == {"name": "deploy", "for": {"name": MASKED}}


def test_an_address_that_is_a_key_is_masked_in_the_leaf() -> None:
    assert Masking.of().masked(event(leaf="patch.ann@example\\.com.plan")).leaf == MASKED


def test_a_value_that_was_not_there_is_not_made_up() -> None:
    masked = Masking.of().masked(event(leaf="email", old=None, had_old=False, new="x"))
    assert (masked.old, masked.new) == (None, MASKED)


def test_masking_a_megabyte_takes_no_time_to_speak_of() -> None:
    # Quadratic time would be minutes: this ends only if it is not.
    for text in (
        "a" * 1_000_000 + "@",
        "@" * 1_000_000,
        "a@" * 500_000,
        "x@1 " * 250_000,
        "1@" * 500_000,
        "@@1." * 250_000,
    ):
        Masking.of().masked(event(leaf="x", reason=text))


async def test_what_is_masked_is_not_in_the_log_for_who_has_the_keys_either(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db") as log:
        await log.append(event(leaf="variants.on.email", old="a", new="b", reason="for ann@example.com"))
        [record] = (await log.audit.search(AuditFilter(), 1)).records
    assert (record.old, record.new, record.reason) == (MASKED, MASKED, f"for {MASKED}")
