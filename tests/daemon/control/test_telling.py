"""What subscribers and the audit are told of a revision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from burgeed.authority.principal import Principal
from burgeed.control.commands import ToggleFlag
from burgeed.control.events import EventType
from burgeed.control.planning.locks import BrokenLock
from burgeed.control.recording import audit_events
from burgeed.control.request import WriteRequest
from burgeed.control.telling import events_of
from burgeed.revisions.values import Action, Change, EntryKey, Revision

FLAG = EntryKey("shop", "flag", "a")
KILL = EntryKey("shop", "kill", "a")
OVERRIDE = EntryKey("shop", "override", "a", "customer", "c-1")
ON: dict[str, Any] = {"variant": "on"}
WRITER = WriteRequest(ToggleFlag("shop", "a"), Principal("me", "token", token_id="t1"))


def revision(action: Action, *changes: Change, target: int | None = None) -> Revision:
    return Revision(5, 100.5, "me", action, changes, "you", "because", "r1", target)


@pytest.mark.parametrize(
    ("action", "change", "told"),
    [
        ("flag.create", Change(FLAG, None, {}), "flag.created"),
        ("flag.update", Change(FLAG, None, {}), "flag.updated"),
        ("flag.update", Change(FLAG, {}, None), "flag.updated"),
        ("flag.toggle", Change(FLAG, {}, None), "flag.toggled"),
        ("flag.rollout", Change(FLAG, {}, {"rules": []}), "flag.rollout_changed"),
        ("flag.delete", Change(FLAG, {}, None), "flag.deleted"),
        ("kill", Change(KILL, None, ON), "flag.killed"),
        ("revive", Change(KILL, ON, None), "flag.revived"),
        ("revive", Change(KILL, None, {"revive": True}), "flag.revived"),
        ("override.set", Change(OVERRIDE, None, ON), "override.set"),
        ("scope.reset", Change(OVERRIDE, ON, {"inherit": True}), "override.set"),
        ("override.remove", Change(OVERRIDE, ON, None), "override.removed"),
        ("batch", Change(OVERRIDE, ON, None), "override.removed"),
    ],
)
def test_each_change_is_told_as_what_it_is(action: Action, change: Change, told: EventType) -> None:
    [event] = events_of(revision(action, change))
    assert event.type == told
    assert (event.at, event.revision, event.actor, event.reason) == (100.5, 5, "me", "because")
    assert EntryKey(event.flag_set, change.key.kind, event.flag_key, event.level, event.scope) == change.key
    assert event.data == {"before": change.before, "after": change.after}


def test_a_rollback_is_told_after_its_changes() -> None:
    changes = (Change(FLAG, None, {}), Change(KILL, ON, None))
    told = events_of(revision("rollback", *changes, target=2))
    assert [event.type for event in told] == ["flag.updated", "flag.revived", "rolled_back"]
    assert told[-1].data == {"target": 2, "changes": 2}


@pytest.mark.parametrize(
    ("keys", "about"),
    [
        ([FLAG], (FLAG.flag_set, FLAG.flag_key, "", "")),
        ([FLAG, KILL], (FLAG.flag_set, FLAG.flag_key, "", "")),
        ([FLAG, OVERRIDE], (FLAG.flag_set, FLAG.flag_key, "", "")),
        ([OVERRIDE], (OVERRIDE.flag_set, OVERRIDE.flag_key, OVERRIDE.level, OVERRIDE.scope)),
        (
            [OVERRIDE, OVERRIDE._replace(flag_key="z")],
            (OVERRIDE.flag_set, "", OVERRIDE.level, OVERRIDE.scope),
        ),
        ([OVERRIDE, OVERRIDE._replace(level="z")], (OVERRIDE.flag_set, OVERRIDE.flag_key, "", "")),
        ([OVERRIDE, FLAG._replace(flag_key="z")], (OVERRIDE.flag_set, "", "", "")),
        ([OVERRIDE, OVERRIDE._replace(flag_set="z")], ("", "", "", "")),
    ],
)
def test_a_rollback_is_told_as_of_the_flag_or_the_scope_that_all_of_it_is_about(
    keys: list[EntryKey], about: tuple[str, ...]
) -> None:
    told = events_of(revision("rollback", *(Change(key, ON, None) for key in keys), target=2))[-1]
    assert (told.flag_set, told.flag_key, told.level, told.scope) == about


def test_the_same_revision_is_told_in_the_same_words() -> None:
    told = revision("rollback", Change(FLAG, None, {}), target=2)
    assert events_of(told) == events_of(told)


def leaves(events: Any) -> list[tuple[Any, ...]]:
    return [
        (event.action, event.leaf, event.old, event.new, event.had_old, event.has_new)
        for event in events
        if event.action not in ("token.use", "rollback")
    ]


def test_the_audit_has_one_event_for_each_leaf_that_changed() -> None:
    before = {"variants": {"x": {"a": 1, "b": 2}}, "defaultVariant": "x"}
    after = {"variants": {"x": {"a": 1, "b": 3, "c": {"d": None}}}}
    found = audit_events(revision("flag.update", Change(FLAG, before, after)), WRITER, {})
    assert leaves(found) == [
        ("flag.update", "defaultVariant", "x", None, True, False),
        ("flag.update", "variants.x.b", 2, 3, True, True),
        ("flag.update", "variants.x.c.d", None, None, False, True),
    ]
    first = found[0]
    assert (first.at, first.actor, first.on_behalf_of, first.reason) == (100.5, "me", "you", "because")
    assert (first.request_id, first.revision, first.flag_set, first.flag_key) == ("r1", 5, "shop", "a")
    assert (found[-1].action, found[-1].detail) == ("token.use", {"token": "t1"})


def test_leaves_are_compared_with_what_the_sources_say() -> None:
    covered = {FLAG: {"defaultVariant": "on"}, OVERRIDE: {"variant": "off"}}
    toggled = {"defaultVariant": "on", "state": "DISABLED"}
    found = audit_events(revision("flag.toggle", Change(FLAG, None, toggled)), WRITER, covered)
    assert leaves(found) == [("flag.toggle", "state", None, "DISABLED", False, True)]
    found = audit_events(revision("override.remove", Change(OVERRIDE, ON, None)), WRITER, covered)
    assert leaves(found) == [("override.remove", "variant", "on", "off", True, True)]


def test_what_is_set_to_what_the_sources_say_is_recorded_all_the_same() -> None:
    found = audit_events(revision("override.set", Change(OVERRIDE, None, ON)), WRITER, {OVERRIDE: ON})
    assert leaves(found) == [("override.set", "variant", None, "on", False, True)]


def test_an_empty_flag_is_a_leaf_of_its_own() -> None:
    found = audit_events(revision("flag.create", Change(FLAG, None, {})), WRITER, {})
    assert leaves(found) == [("flag.create", "", None, {}, False, True)]


def test_a_rollback_and_a_batch_record_what_each_entry_met() -> None:
    changes = (
        Change(OVERRIDE, ON, None),
        Change(OVERRIDE._replace(scope="c-2"), None, ON),
        Change(KILL, None, ON),
        Change(KILL._replace(flag_key="b"), ON, {"revive": True}),
        Change(FLAG, None, {}),
        Change(FLAG._replace(flag_key="b"), {}, {"owner": "me"}),
        Change(FLAG._replace(flag_key="c"), {"owner": "me"}, None),
    )
    peer = WriteRequest(ToggleFlag("shop", "a"), Principal("uid:1000", "peer", uid=1000))
    found = audit_events(revision("rollback", *changes, target=2), peer, {})
    assert (found[0].action, found[0].detail) == ("rollback", {"target": 2, "changes": 7})
    assert [event.action for event in found[1:]] == [
        "override.remove", "override.set", "kill", "revive", "revive",
        "flag.create", "flag.update", "flag.update", "flag.delete",
    ]  # fmt: skip


def test_who_agreed_is_recorded_with_each_leaf_and_as_a_use_of_their_token() -> None:
    both = replace(WRITER, second=Principal("other", "token", token_id="t2"))
    found = audit_events(revision("kill", Change(KILL, None, ON)), both, {})
    assert [(event.action, event.detail) for event in found] == [
        ("kill", {"second": "other"}),
        ("token.use", {"token": "t1"}),
        ("token.use", {"token": "t2"}),
    ]


def test_a_lock_that_is_broken_has_an_entry_and_stands_in_those_of_what_broke_it() -> None:
    lock = OVERRIDE._replace(level="organization", scope="acme")
    broken = BrokenLock(lock, "flags.yaml", FLAG, "flag a has no variant b")
    change = Change(FLAG, None, {"owner": "me"})
    found = audit_events(revision("flag.update", change), WRITER, {}, [broken])
    assert [(event.action, event.level, event.scope, event.detail) for event in found] == [
        ("break-glass", "organization", "acme", {"brokeLock": "flags.yaml", "by": "flag"}),
        ("flag.update", "", "", {"brokeLock": "flags.yaml"}),
        ("token.use", "", "", {"token": "t1"}),
    ]
    assert found[0].reason == "because"
