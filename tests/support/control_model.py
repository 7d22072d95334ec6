"""The control plane as a plain model.

It knows dictionaries only: what is set after each revision. What is answered is worked out by the core, which
reads and composes the model's document from scratch each time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeAlias

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.errors import DefinitionError
from burgee.evaluation import evaluate
from burgee.patch import merge_patch
from burgee.snapshot import Snapshot

START = 1_800_000_000.0
"""When the machine's time begins, Unix seconds."""

Key: TypeAlias = tuple[str, str, str, str]
"""(kind, flag, level, scope)."""

Entries: TypeAlias = dict[Key, dict[str, Any]]

FILE: dict[str, Any] = {
    "segments": {"testers": {"tester": True}},
    "flags": {
        "switch": {"variants": {"on": True, "off": False}, "defaultVariant": "off"},
        "colour": {
            "variants": {"red": "r", "blue": "b", "green": "g"},
            "defaultVariant": "red",
            "rules": [{"when": {"segment": "testers"}, "serve": "green"}],
        },
        "limits": {
            "variants": {
                "small": {"seats": 1, "deep": {"beta": False}},
                "big": {"seats": 9, "deep": {"beta": True}},
            },
            "defaultVariant": "small",
        },
        "dependent": {"defaultVariant": "on", "requires": {"switch": "on"}},
        "stopped": {"defaultVariant": "on"},
    },
    "overrides": {
        "organization": {"acme": {"colour": {"variant": "blue", "lock": True}, "limits": "big"}},
        "customer": {"c-1": {"switch": {"variant": "on"}}},
        "environment": {"production": {"limits": {"patch": {"deep": {"beta": True}}}}},
    },
    "kill": {"stopped": "off"},
}
"""What the source under the changes says."""

ENTRIES = "entries"
"""The source of what is set, in the model's own snapshot."""

OWN = ("own-1", "own-2")
"""Keys of flags that only run time makes."""

FLAGS = (*FILE["flags"], *OWN)
SCOPES = {"customer": ("c-1", "c-2"), "organization": ("acme", "beta"), "environment": ("production",)}
VARIANTS = {
    "switch": ("on", "off"),
    "colour": ("red", "blue", "green"),
    "limits": ("small", "big"),
    "dependent": ("on", "off"),
    "stopped": ("on", "off"),
    "own-1": ("on", "off", "extra"),
    "own-2": ("on", "off", "extra"),
}
CONTEXTS: tuple[dict[str, Any], ...] = (
    {"targetingKey": "u-1"},
    {"targetingKey": "u-2", "customer": "c-1", "organization": "acme", "environment": "production"},
    {"targetingKey": "u-3", "customer": "c-2", "organization": "beta", "environment": "production"},
    {"targetingKey": "u-4", "customer": "c-1", "organization": "beta", "tester": True},
    {"targetingKey": "u-5", "organization": "acme", "tester": True},
)


class Model:
    """What is set, after each revision.

    Attributes:
        past: entries by revision, from 0; the last is the present.
        now: Unix seconds.
    """

    def __init__(self) -> None:
        self.past: list[Entries] = [{}]
        self.now = START
        self._composed: tuple[Entries, Snapshot] | None = None

    @property
    def entries(self) -> Entries:
        """What is set now."""
        return self.past[-1]

    @property
    def revision(self) -> int:
        """The present one."""
        return len(self.past) - 1

    def planned(self, command: Mapping[str, Any]) -> tuple[str, Entries]:
        """The slug of the refusal, empty for none, and what is set afterwards."""
        entries = copy.deepcopy(self.entries)
        slug: str = getattr(self, "_" + command["verb"])(entries, command)
        if not slug and not command.get("break_glass") and self._covers_lock(entries):
            slug = "locked"
        if not slug and "if_match" in command and self._last_change(command) > command["if_match"]:
            slug = "stale"
        if not slug and entries != self.entries and leads_nowhere(entries):
            slug = "invalid"
        return slug, entries if not slug else copy.deepcopy(self.entries)

    def answers(self, context: Mapping[str, Any]) -> dict[str, tuple[str | None, Any]]:
        """What every flag answers now."""
        if self._composed is None or self._composed[0] is not self.entries:
            self._composed = self.entries, composed(self.entries)
        snapshot = self._composed[1]
        found = {}
        for key in snapshot.flag_sets[""].flags:
            resolution = evaluate(snapshot, key, dict(context), now=self.now)
            found[key] = (resolution.variant, resolution.value)
        return found

    def _covers_lock(self, entries: Entries) -> bool:
        for level, scopes in FILE["overrides"].items():
            for scope, flags in scopes.items():
                for flag, document in flags.items():
                    key = ("override", flag, level, scope)
                    if not isinstance(document, dict) or not document.get("lock"):
                        continue
                    if key in entries and entries[key] != self.entries.get(key):
                        return True
                    variant = document["variant"]
                    if key not in self.entries and self._loses_variant(entries, flag, variant):
                        return True
        return False

    def _loses_variant(self, entries: Entries, flag: str, variant: str) -> bool:
        before, after = self._flag(self.entries, flag), self._flag(entries, flag)
        had = before is not None and variant in before["variants"]
        return had and (after is None or variant not in after["variants"])

    def _last_change(self, command: Mapping[str, Any]) -> int:
        key = ("override", command["flag"], command["level"], command["scope"])
        changed = (
            number
            for number in range(1, len(self.past))
            if self.past[number].get(key) != self.past[number - 1].get(key)
        )
        return max(changed, default=0)

    def _flag(self, entries: Entries, flag: str) -> dict[str, Any] | None:
        found = entries.get(("flag", flag, "", ""), FILE["flags"].get(flag))
        return None if found is None else copy.deepcopy(found)

    def _put_flag(self, entries: Entries, flag: str, document: dict[str, Any]) -> str:
        entries.pop(("flag", flag, "", ""), None)
        beneath = composed({}).flag_sets[""].flags.get(flag)
        changed: Entries = {("flag", flag, "", ""): document}
        try:
            now = composed(changed).flag_sets[""].flags[flag]
        except DefinitionError:
            # Such as a rollout to a variant that the flag has not any more.
            return "invalid"
        if now != beneath:
            entries.update(changed)
        return ""

    def _create(self, entries: Entries, command: Mapping[str, Any]) -> str:
        if self._flag(entries, command["flag"]) is not None:
            return "already-exists"
        entries["flag", command["flag"], "", ""] = dict(command["document"])
        return ""

    def _replace(self, entries: Entries, command: Mapping[str, Any]) -> str:
        return self._put_flag(entries, command["flag"], dict(command["document"]))

    def _delete(self, entries: Entries, command: Mapping[str, Any]) -> str:
        if self._flag(entries, command["flag"]) is None:
            return "not-found"
        return "" if entries.pop(("flag", command["flag"], "", ""), None) is not None else "invalid"

    def _toggle(self, entries: Entries, command: Mapping[str, Any]) -> str:
        document = self._flag(entries, command["flag"])
        if document is None:
            return "not-found"
        enabled = document.get("state", "ENABLED") == "ENABLED"
        wanted = not enabled if command["enabled"] is None else command["enabled"]
        if wanted != enabled:
            document["state"] = "ENABLED" if wanted else "DISABLED"
            self._put_flag(entries, command["flag"], document)
        return ""

    def _rollout(self, entries: Entries, command: Mapping[str, Any]) -> str:
        document = self._flag(entries, command["flag"])
        if document is None:
            return "not-found"
        rules = [each for each in document.pop("rules", []) if each.get("name") != "rollout"]
        if command["rollout"] is not None:
            rules.append({"name": "rollout", **command["rollout"]})
        if rules:
            document["rules"] = rules
        return self._put_flag(entries, command["flag"], document)

    def _kill(self, entries: Entries, command: Mapping[str, Any]) -> str:
        if self._flag(entries, command["flag"]) is None:
            return "not-found"
        entries["kill", command["flag"], "", ""] = dict(command["document"])
        return ""

    def _revive(self, entries: Entries, command: Mapping[str, Any]) -> str:
        key = ("kill", command["flag"], "", "")
        if key not in entries and self._flag(entries, command["flag"]) is None:
            return "not-found"
        entries.pop(key, None)
        if command["flag"] in FILE["kill"]:
            entries[key] = {"revive": True}
        return ""

    def _set(self, entries: Entries, command: Mapping[str, Any]) -> str:
        return self._many(entries, {"items": [command]})

    def _many(self, entries: Entries, command: Mapping[str, Any]) -> str:
        for item in command["items"]:
            key = ("override", item["flag"], item["level"], item["scope"])
            document = item["document"]
            if document is None:
                entries.pop(key, None)
            elif item.get("merge"):
                merged: Any = merge_patch(entries.get(key, {}), document)
                entries[key] = merged
            else:
                entries[key] = {"variant": document} if isinstance(document, str) else dict(document)
        return ""

    def _reset(self, entries: Entries, command: Mapping[str, Any]) -> str:
        level, scope = command["level"], command["scope"]
        beneath = FILE["overrides"].get(level, {}).get(scope, {})
        flags = FLAGS if command["flag"] is None else (command["flag"],)
        known = set(beneath) | {
            key[1] for key in entries if key[0] == "override" and key[2:] == (level, scope)
        }
        if command["flag"] is not None and command["flag"] not in known:
            return "not-found" if self._flag(entries, command["flag"]) is None else ""
        for flag in flags:
            entries.pop(("override", flag, level, scope), None)
            if flag in beneath:
                entries["override", flag, level, scope] = {"inherit": True}
        return ""

    def _clear(self, entries: Entries, command: Mapping[str, Any]) -> str:
        for key in [key for key in entries if key[2:] == (command["level"], command["scope"])]:
            del entries[key]
        return ""

    def _rollback(self, entries: Entries, command: Mapping[str, Any]) -> str:
        if command["revision"] > self.revision:
            return "not-found"
        then = self.past[command["revision"]]
        if command["what"] == "flag" and self._flag(entries, command["flag"]) is None:
            is_known = any(key[1] == command["flag"] for key in (*entries, *then))
            return self._take_back(entries, then, command) if is_known else "not-found"
        return self._take_back(entries, then, command)

    def _take_back(self, entries: Entries, then: Entries, command: Mapping[str, Any]) -> str:
        def is_meant(key: Key) -> bool:
            if command["what"] == "flag":
                return key[1] == command["flag"]
            return command["what"] == "all" or key[2:] == (command["level"], command["scope"])

        for key in [key for key in entries if is_meant(key)]:
            del entries[key]
        entries.update({key: copy.deepcopy(each) for key, each in then.items() if is_meant(key)})
        return ""


def composed(entries: Entries) -> Snapshot:
    """The file with the entries on top, read from scratch."""
    flags = {key[1]: document for key, document in entries.items() if key[0] == "flag"}
    overrides: dict[str, dict[str, dict[str, Any]]] = {}
    for (kind, flag, level, scope), document in entries.items():
        if kind == "override":
            overrides.setdefault(level, {}).setdefault(scope, {})[flag] = document
    kills = {key[1]: document for key, document in entries.items() if key[0] == "kill"}
    # Two layers over the file: a document that has flags has to have all that it refers to.
    with_flags = {"segments": FILE["segments"], "flags": {**FILE["flags"], **flags}}
    with_others = {"overrides": overrides, "kill": kills}
    documents = {"file": FILE, "flags": with_flags, ENTRIES: with_others}
    return compose([read_layer(source, [SourceDocument(each)])[0] for source, each in documents.items()])


def leads_nowhere(entries: Entries) -> bool:
    """Whether an entry would be inactive."""
    return any(each.override.origin.source == ENTRIES for each in composed(entries).inactive)
