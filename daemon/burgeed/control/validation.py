"""Whether changes can be: read by the core's own reader, judged against all that is served with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from burgee.definition.fields import check_key
from burgee.definition.flags import read_flag
from burgee.definition.overrides import read_kills, read_overrides
from burgee.definition.references import check_references
from burgee.definition.report import References, Report
from burgee.fault import Fault, Path, path_text
from burgee.flag import Flag, Inherit, Kill, Override
from burgee.inactivity import why_kill_inactive, why_override_inactive
from burgee.instant import instant_text, parse_instant
from burgee.layer import Definition, OverrideKey
from burgee.leaves import leaves_of
from burgeed.control.errors import Invalid
from burgeed.control.planning.view import SOURCE, View, read_kill, read_override
from burgeed.revisions.values import Change, EntryKey


def check(changes: Sequence[Change], before: View, after: View) -> tuple[str, ...]:
    """What the asker should know of changes that can be made.

    Args:
        before: what they are planned upon.
        after: the same with them made.

    Raises:
        Invalid: a document is faulty, leads nowhere, or would make something else that was set lead nowhere;
            with every fault.
    """
    report = Report()
    warnings: list[str] = []
    for flag_set in sorted({change.key.flag_set for change in changes}):
        of_set = [change for change in changes if change.key.flag_set == flag_set]
        _read(report, flag_set, of_set, after)
        report.faults += _stranded(flag_set, of_set, after)
        warnings += _beneath_stranded(flag_set, of_set, before, after)
    if report.refused:
        faults = [fault for fault in report.faults if fault.severity == "error"]
        raise Invalid(_summary(faults), faults)
    places = {place_of(change.key) for change in changes}
    noted = (fault for fault in report.faults if any(fault.path[: len(place)] == place for place in places))
    warnings += [f"{path_text(fault.path)}: {fault.message}" for fault in noted]
    for change in changes:
        warnings += _ineffective(change, before, after)
    return tuple(dict.fromkeys(warnings))


def place_of(key: EntryKey) -> Path:
    """Where an entry stands in a document."""
    match key.kind:
        case "flag":
            return ("flags", key.flag_key)
        case "kill":
            return ("kill", key.flag_key)
        case "override":
            return ("overrides", key.level, key.scope, key.flag_key)


def _read(report: Report, flag_set: str, changes: Iterable[Change], after: View) -> None:
    """Put down the faults of the new documents, and every reference of theirs that leads nowhere."""
    flags: dict[str, Flag] = {}
    overrides: dict[OverrideKey, Override] = {}
    kills: dict[str, Kill] = {}
    report.references = References()
    for key, document in ((change.key, change.after) for change in changes if change.after is not None):
        place = place_of(key)
        if not check_key(report, key.flag_key, place, "a flag's key"):
            continue
        if key.kind == "flag":
            flag = read_flag(report, key.flag_key, document, place, SOURCE)
            if flag is not None:
                flags[key.flag_key] = flag
        elif key.kind == "kill":
            kills |= read_kills(report, {key.flag_key: document}, ("kill",), SOURCE)
        else:
            nested = {key.level: {key.scope: {key.flag_key: document}}}
            overrides |= read_overrides(report, nested, ("overrides",), SOURCE)
    keys = after.flag_keys(flag_set)
    judged = Definition(
        flag_set,
        hierarchy=after.beneath.hierarchy(flag_set),
        flags=_judged_with(flag_set, flags, {key[2] for key in overrides} | kills.keys(), after),
        overrides=overrides,
    )
    check_references(report, judged, keys, after.beneath.segments(flag_set))
    # What references do not tell: where there is no flag at all, or what is stored of it is unreadable.
    levels = {level.name for level in after.beneath.hierarchy(flag_set)}
    for override in overrides.values():
        if not isinstance(override.effect, Inherit):
            why = why_override_inactive(override, after.flag(flag_set, override.flag_key), levels)
            _once(report, override.origin.path, why)
    for kill in kills.values():
        if not kill.revive:
            _once(report, kill.origin.path, why_kill_inactive(kill, after.flag(flag_set, kill.flag_key)))


def _once(report: Report, place: Path, why: str) -> None:
    """Put down why something is inactive, unless a fault says so already."""
    told = (fault.path for fault in report.faults if fault.severity == "error")
    if why and not any(path[: len(place)] == place[: len(path)] for path in told):
        report.error(place, why, "define first what it names, or do not set it")


def _judged_with(
    flag_set: str, changed: dict[str, Flag], named: Iterable[str], after: View
) -> dict[str, Flag]:
    """The changed flags, and all that they or changed overrides and kills are judged against: what they name,
    what these require in turn, and whose leaves have their keys.
    """
    found: dict[str, Flag] = {}
    waiting = [*changed, *named]
    while waiting:
        key = waiting.pop()
        flag = changed.get(key) or after.flag(flag_set, key)
        if flag is None or key in found:
            continue
        found[key] = flag
        waiting.extend(required for required, _ in flag.requires)
        if key in changed:
            waiting.extend(leaf for leaf, _ in leaves_of(flag))
    if changed:
        with_leaves = (flag for flag in after.beneath.flags(flag_set).values() if flag.leaves)
        for flag in with_leaves:
            if after.flag(flag_set, flag.key) is flag and any(leaf in changed for leaf, _ in leaves_of(flag)):
                found[flag.key] = flag
    # The changed ones last: a key that two flags claim is put down to the one that claims it anew.
    return {key: flag for key, flag in found.items() if key not in changed} | changed


def _stranded(flag_set: str, changes: Iterable[Change], after: View) -> Iterator[Fault]:
    """Faults for what was set at run time and would lead nowhere without the flag as it was."""
    levels = {level.name for level in after.beneath.hierarchy(flag_set)}
    for flag_key in _changed_flags(changes):
        flag = after.flag(flag_set, flag_key)
        for entry in after.entries_of(flag_set, flag_key):
            if entry.revision == after.state.revision or entry.key.kind == "flag":
                continue  # Judged as a change of its own.
            why = _why_inactive(entry.key, after, flag, levels)
            if why:
                message = f"it was set at run time and would lead nowhere: {why}"
                yield Fault(message, place_of(entry.key), "change it or take it back first, or with this")


def _why_inactive(key: EntryKey, after: View, flag: Flag | None, levels: set[str]) -> str:
    document = after.entry(key)
    if document is None:
        return ""
    if key.kind == "kill":
        kill = read_kill(key, document)
        return "" if kill is None or kill.revive else why_kill_inactive(kill, flag)
    override = read_override(key, document)
    if override is None or isinstance(override.effect, Inherit):
        return ""
    return why_override_inactive(override, flag, levels)


def _beneath_stranded(flag_set: str, changes: Iterable[Change], before: View, after: View) -> Iterator[str]:
    """Warnings of what sources set, or require, and what leads nowhere without the flag as it was."""
    levels = {level.name for level in after.beneath.hierarchy(flag_set)}
    lost: dict[str, Flag | None] = {}
    for flag_key in _changed_flags(changes):
        old, new = before.flag(flag_set, flag_key), after.flag(flag_set, flag_key)
        if old is not None and (new is None or not new.variants.keys() >= old.variants.keys()):
            lost[flag_key] = new
        for override in after.beneath.overrides_of(flag_set, flag_key):
            why = why_override_inactive(override, new, levels)
            if why and not why_override_inactive(override, old, levels):
                what = f"the override of a source for {override.level} `{override.scope}`"
                yield f"{what} becomes inactive: {why}"
    if lost:
        for key in after.flag_keys(flag_set):
            flag = after.flag(flag_set, key)
            for required, variant in () if flag is None else flag.requires:
                if required not in lost:
                    continue
                left = lost[required]
                if left is None or variant not in left.variants:
                    yield f"flag `{key}` requires {required}: {variant}, which it can have no more"


def _ineffective(change: Change, before: View, after: View) -> Iterator[str]:
    """Warnings of one change that does less than one may think."""
    key, document = change.key, change.after
    if document is None:
        return
    if key.kind == "flag" and change.before is None:
        flag = before.beneath.flag(key.flag_set, key.flag_key)
        if flag is not None:
            where = flag.origin.file or flag.origin.source
            yield f"the flag is covered as a whole: later edits of `{key.flag_key}` in {where} have no effect"
    if key.kind == "kill":
        return
    if after.is_killed(key.flag_set, key.flag_key):
        yield f"flag `{key.flag_key}` is killed: this has no effect until it is revived"
    if key.kind == "override":
        if "inherit" in document:
            return
        end = parse_instant(str(document.get("until", "")))
        if end is not None and end <= after.now:
            yield f"{path_text(place_of(key))}: its window is over since {instant_text(end)}"
        yield from _locked_above(key, after)


def _locked_above(key: EntryKey, after: View) -> Iterator[str]:
    names = [level.name for level in after.beneath.hierarchy(key.flag_set)]
    more_general = set(names[names.index(key.level) + 1 :] if key.level in names else ())
    for override in after.locks_of(key.flag_set, key.flag_key):
        if override.level in more_general:
            yield (
                f"flag `{key.flag_key}` is locked for {override.level} `{override.scope}`:"
                f" there, the override for {key.level} `{key.scope}` has no effect"
            )


def _changed_flags(changes: Iterable[Change]) -> list[str]:
    return [change.key.flag_key for change in changes if change.key.kind == "flag"]


def _summary(faults: Sequence[Fault]) -> str:
    first = f"{path_text(faults[0].path)}: {faults[0].message}"
    return first if len(faults) == 1 else f"{first} (and {len(faults) - 1} more)"
