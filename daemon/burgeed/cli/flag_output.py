"""Flags and overrides as a command prints them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from burgeed.cli.change_output import leaf_changes
from burgeed.cli.presentation import print_line, print_none, print_table, value_text

STATES = {"enabled": "good", "disabled": "warning", "killed": "error"}


def print_flags(items: Iterable[Mapping[str, Any]]) -> None:
    """A table of flags."""
    rows = [
        [
            (each["key"], "strong"),
            (each["type"], ""),
            (each["state"], STATES.get(each["state"], "")),
            (str(each["definition"].get("defaultVariant", "")), ""),
            (str(each["overrides"]), ""),
            (str(each["definition"].get("owner", "")), ""),
            (each["source"], "quiet"),
        ]
        for each in items
    ]
    if rows:
        print_table(["key", "type", "state", "default", "overrides", "owner", "source"], rows)
    else:
        print_none("there is no such flag")


def print_flag(flag: Mapping[str, Any], overrides: Iterable[Mapping[str, Any]]) -> None:
    """One flag with everything that is said about it."""
    print_line((flag["key"], "strong"), "  ", (flag["state"], STATES.get(flag["state"], "")))
    kill = flag.get("kill")
    if kill:
        what = "the code's default" if kill.get("code_default") else str(kill.get("variant"))
        print_line(("  killed: ", "error"), f"everyone is served {what}", (f", by {kill['source']}", "quiet"))
    print_line(("  from ", "quiet"), _where(flag["origin"]))
    if flag.get("revision") is not None:
        print_line(("  set with revision ", "quiet"), str(flag["revision"]))
    for leaf in leaf_changes(None, flag["definition"]):
        print_line((f"  {leaf.path} ", "quiet"), leaf.after or "")
    rows = [_override_row(each) for each in overrides]
    if rows:
        print_line("")
        print_overrides_table(rows)


def print_overrides(items: Iterable[Mapping[str, Any]]) -> None:
    """A table of overrides, of any flags."""
    rows = [[*_override_row(each)[:2], (each["flag"], "strong"), *_override_row(each)[2:]] for each in items]
    if rows:
        print_table(["level", "scope", "flag", "says", "", "source"], rows)
    else:
        print_none("there is no such override")


def print_overrides_table(rows: list[list[tuple[str, str]]]) -> None:
    """A table of overrides of one flag."""
    print_table(["level", "scope", "says", "", "source"], rows)


def _override_row(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    active = item["active"]
    return [
        (item["level"], ""),
        (item["scope"], "strong"),
        (override_text(item["override"]), "" if active else "quiet"),
        ("active", "good") if active else (f"not active: {item['why']}", "warning"),
        (item["source"], "quiet"),
    ]


def override_text(override: Mapping[str, Any]) -> str:
    """What an override says, on one line: ``on``, ``patch={"dark":true} lock=true until=...``."""
    if override.keys() == {"variant"}:
        return str(override["variant"])
    return " ".join(
        f"{name}={value if isinstance(value, str) else value_text(value)}" for name, value in override.items()
    )


def _where(origin: Mapping[str, Any]) -> str:
    parts = [origin.get("file") or origin["source"], origin.get("line"), origin.get("column")]
    return ":".join(str(part) for part in parts if part is not None)
