"""What is over: windows that have closed for good, and flags and overrides that should be gone by now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from burgee.checks.finding import Finding, warning
from burgee.flag import ApplyRules, Flag, Notes, Origin, Rule, Window
from burgee.instant import instant_text, parse_instant
from burgee.snapshot import FlagSet

_DAY: Final = 86_400.0


def expired(flag_set: FlagSet, flag: Flag, now: float) -> Iterator[Finding]:
    """Find what of a flag, its overrides and its kill is over at ``now``."""
    what = f"flag `{flag.key}`"
    yield from _notes(flag.notes, what, flag.origin, now)
    yield from _rules(flag.rules, flag.origin, now)
    kill = flag_set.kills.get(flag.key)
    if kill is not None:
        yield from _notes(kill.notes, f"the kill of `{flag.key}`", kill.origin, now)
    for of_level in flag_set.overrides.get(flag.key, {}).values():
        for override in of_level.values():
            what = f"the override of `{flag.key}` for {override.level} `{override.scope}`"
            yield from _notes(override.notes, what, override.origin, now)
            if override.window.is_over(now):
                yield _window(override.window, what, override.origin)
            elif isinstance(override.effect, ApplyRules):
                yield from _rules(override.effect.rules, override.origin, now)


def _rules(rules: Sequence[Rule], origin: Origin, now: float) -> Iterator[Finding]:
    for index, rule in enumerate(rules):
        if rule.window.is_over(now):
            what = f"rule `{rule.name}`" if rule.name else f"rules[{index}]"
            yield _window(rule.window, what, origin.below("rules", index))


def _window(window: Window, what: str, origin: Origin) -> Finding:
    message = f"the window of {what} closed at {instant_text(window.end or 0.0)}: it never counts again"
    return warning("expired-window", origin.below("until"), message, "remove it, or give it a later `until`")


def _notes(notes: Notes, what: str, origin: Origin, now: float) -> Iterator[Finding]:
    moment = _moment(notes.expires)
    if moment is not None and moment <= now:
        message = f"{what} expired at {notes.expires}"
        yield warning("expired", origin.below("expires"), message, "remove it, or give it a later `expires`")


def _moment(text: str) -> float | None:
    """When an ``expires`` has passed, Unix seconds: of a mere date when its day is over in UTC."""
    if not text:
        return None
    if "T" in text.upper() or " " in text:
        return parse_instant(text)
    midnight = parse_instant(f"{text}T00:00:00Z")
    return None if midnight is None else midnight + _DAY
