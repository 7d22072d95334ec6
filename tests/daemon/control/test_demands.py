"""What the modes of the audit ask of a write, told from what changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from burgeed.audit.modes import DEFENSE, STANDARD, STRICT, Mode
from burgeed.authority.principal import Principal, Scope
from burgeed.control.commands import KillFlag
from burgeed.control.demands import demands_of, operations_of, why_not
from burgeed.control.planning.locks import BrokenLock
from burgeed.control.planning.plan import Plan
from burgeed.control.request import WriteRequest
from burgeed.revisions.values import Action, Change, Document, EntryKey, Kind

ANN = Principal("ann", "token", frozenset({Scope.WRITE}), token_id="1", uid=1000, person="Ann")
BEN = Principal("ben", "token", frozenset({Scope.WRITE}), token_id="2", uid=1001, person="Ben")
SHARED = Principal("pipeline", "token", frozenset({Scope.WRITE}), token_id="3")
SPLIT = {"rules": [{"name": "rollout", "split": {"on": 10, "off": 90}}]}


def change(kind: Kind, before: Document | None, after: Document | None) -> Change:
    return Change(EntryKey("", kind, "a"), before, after)


def refused(
    mode: Mode, *changes: Change, by: Principal = ANN, reason: str = "why", second: Principal | None = None
) -> str | None:
    action: Action = "rollback"
    request = WriteRequest(KillFlag("", "a", {"variant": "off"}), by, reason=reason, second=second)
    return demands_of(mode, lambda: True)(request, Plan(action, changes, ()))


KILL = change("kill", None, {"variant": "off"})
OVERRIDE = change("override", None, {"variant": "on"})


@pytest.mark.parametrize(
    ("changed", "operations"),
    [
        (KILL, ["global kill"]),
        (change("kill", {"variant": "off"}, None), ["global kill"]),
        (change("flag", None, SPLIT), ["rollout"]),
        (change("flag", SPLIT, {"rules": []}), ["rollout"]),
        (change("flag", SPLIT, {**SPLIT, "state": "DISABLED"}), []),
        (change("flag", None, {"rules": [{"when": {"a": 1}, "serve": "on"}]}), []),
        (OVERRIDE, []),
    ],
)
def test_an_operation_is_told_from_what_changes(changed: Change, operations: list[str]) -> None:
    assert list(operations_of([changed])) == operations


def test_standard_asks_for_nothing() -> None:
    assert refused(STANDARD, KILL, OVERRIDE, by=SHARED, reason="") is None


def test_strict_asks_for_a_reason_and_for_one_person() -> None:
    assert refused(STRICT, OVERRIDE) is None
    assert "reason" in (refused(STRICT, OVERRIDE, reason=" ") or "")
    assert "pipeline" in (refused(STRICT, OVERRIDE, by=SHARED) or "")


def test_defense_asks_for_a_second_person_whatever_command_kills() -> None:
    assert refused(DEFENSE, OVERRIDE) is None
    assert "two persons" in (refused(DEFENSE, OVERRIDE, KILL) or "")
    assert refused(DEFENSE, OVERRIDE, KILL, second=BEN) is None
    assert "the first" in (refused(DEFENSE, KILL, second=replace(BEN, person="Ann")) or "")


def test_defense_keeps_readers_of_the_audit_from_writing_and_not_from_making_tokens() -> None:
    both = replace(ANN, scopes=frozenset({Scope.WRITE, Scope.AUDIT, Scope.TOKENS}))
    assert "audit" in (refused(DEFENSE, OVERRIDE, by=both) or "")
    assert why_not(DEFENSE, both, "why", operation="token", apart=False, synchronised=lambda: True) is None


def test_defense_does_nothing_privileged_while_the_clock_is_wrong() -> None:
    demands = demands_of(DEFENSE, lambda: False)
    request = WriteRequest(KillFlag("", "a", {"variant": "off"}), ANN, reason="why", second=BEN)
    assert "clock" in (demands(request, Plan("kill", (KILL,), ())) or "")
    assert demands(request, Plan("override.set", (OVERRIDE,), ())) is None
    lock = BrokenLock(OVERRIDE.key, "flags.yaml", OVERRIDE.key)
    broken = Plan("override.set", (OVERRIDE,), (), broken=(lock,))
    assert "break-glass while the machine's clock" in (demands(request, broken) or "")
