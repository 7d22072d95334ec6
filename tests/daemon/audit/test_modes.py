"""Modes: what each demands, as the table of the guide has it."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from burgeed.audit.modes import (
    DEFENSE,
    MODES,
    STANDARD,
    STRICT,
    Mode,
    clock_is_synchronised,
    refusal,
    refusal_to_start,
    runs_in_fips_mode,
)

IMPECCABLE: dict[str, Any] = {
    "actor": "ann", "person": "ann", "uid": 1000, "token_id": "t1", "over_tcp": False, "reason": "ticket 7",
    "may_audit": False, "second": "bob", "second_person": "bob", "synchronised": True,
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
@pytest.mark.parametrize(
    "operation", [None, "global kill", "rollout", "prune", "erase", "break-glass", "token"]
)
def test_who_does_everything_right_is_refused_nothing(mode: Mode, operation: Any) -> None:
    assert refusal(mode, **IMPECCABLE, operation=operation) is None


@pytest.mark.parametrize(
    ("change", "operation", "refusing"),
    [
        ({"reason": " "}, None, {STRICT, DEFENSE}),
        ({"person": "", "uid": None}, None, {STRICT, DEFENSE}),
        ({"person": ""}, None, set()),
        ({"over_tcp": True}, None, {DEFENSE}),
        ({"token_id": ""}, None, {DEFENSE}),
        ({"uid": None}, None, {DEFENSE}),
        ({"may_audit": True}, None, {DEFENSE}),
        ({"second": ""}, "prune", {STRICT, DEFENSE}),
        ({"second": ""}, "global kill", {DEFENSE}),
        ({"second": ""}, "rollout", {DEFENSE}),
        ({"second": ""}, "erase", set()),
        ({"second": "ann"}, "prune", {STRICT, DEFENSE}),
        ({"second": "ann's other token", "second_person": "ann"}, "prune", {STRICT, DEFENSE}),
        ({"synchronised": False}, "erase", {DEFENSE}),
        ({"synchronised": None}, "break-glass", {DEFENSE}),
        ({"synchronised": False}, None, set()),
    ],
)
def test_each_demand_is_made_by_the_modes_that_make_it(
    change: dict[str, Any], operation: Any, refusing: set[Mode]
) -> None:
    for mode in (STANDARD, STRICT, DEFENSE):
        why = refusal(mode, **(IMPECCABLE | change), operation=operation)
        assert (why is not None) == (mode in refusing), (mode.name, why)


def test_a_mode_starts_only_with_its_anchors_retention_and_cryptography() -> None:
    assert refusal_to_start(STANDARD, anchors=0, retention_days=90, fips=False) is None
    assert "90 days" in str(refusal_to_start(STANDARD, anchors=0, retention_days=89, fips=False))
    assert "1 external anchor" in str(refusal_to_start(STRICT, anchors=0, retention_days=365, fips=False))
    assert refusal_to_start(STRICT, anchors=1, retention_days=365, fips=False) is None
    assert "2 external anchor" in str(refusal_to_start(DEFENSE, anchors=1, retention_days=365, fips=True))
    assert "FIPS" in str(refusal_to_start(DEFENSE, anchors=2, retention_days=365, fips=False))
    assert refusal_to_start(DEFENSE, anchors=2, retention_days=365, fips=True) is None


def test_the_wheel_of_the_index_does_not_claim_fips_mode() -> None:
    from cryptography.hazmat.backends.openssl.backend import backend

    assert runs_in_fips_mode() is bool(backend._fips_enabled)


@pytest.mark.parametrize(
    ("state", "status", "synchronised"),
    [(0, 0x2001, True), (0, 0x0040, False), (5, 0x0040, False), (5, 0, False), (-1, 0, None)],
)
def test_the_kernel_says_whether_its_clock_is_synchronised(
    state: int, status: int, synchronised: bool | None
) -> None:
    class Timex(ctypes.Structure):
        _fields_ = (
            ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long), ("status", ctypes.c_int),
        )  # fmt: skip

    def adjtimex(timex: Any) -> int:
        Timex.from_buffer(timex).status = status
        return state

    assert clock_is_synchronised(adjtimex) is synchronised


def test_the_real_kernel_answers() -> None:
    assert clock_is_synchronised() in (True, False, None)
