"""Whether what a layer refers to is there, and that nothing leads back to itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from burgee.chains import REQUIRES_DEPTH_LIMIT
from burgee.condition import Condition, InSegment
from burgee.definition.report import Place, Report, unknown_name
from burgee.dependencies import conditions_in
from burgee.flag import (
    DEFAULT_HIERARCHY,
    ApplyRules,
    Flag,
    Origin,
    Override,
    Patch,
    Ramp,
    Rule,
    Segment,
    ServeValue,
    Split,
)
from burgee.layer import Definition
from burgee.leaves import leaves_of
from burgee.matching import SEGMENT_DEPTH_LIMIT
from burgee.patch import has_type, unfit_patch
from burgee.value import kind_name

_PATCH_LEAF: Final = (
    "patch only leaves that every variant has, with values of their types, or null to remove one"
)


def check_references(
    report: Report,
    definition: Definition,
    flag_keys: Collection[str],
    segment_names: Collection[str],
    *,
    complete: bool = True,
) -> None:
    """Put down every reference of one flag set that leads nowhere.

    Args:
        flag_keys: keys of all flags, those with faults too; their variants are not judged.
        segment_names: names of all segments, those with faults too.
        complete: False where more of the flag set stands in what could not be read: whatever is missing here
            may be there.
    """
    if complete:
        for name, place in report.references.segments:
            if name not in segment_names:
                _unknown(report, "segment", name, segment_names, place)
        for key, place in report.references.flags:
            # A layer of overrides only refers to the flags of other layers: judged when they are composed.
            if flag_keys and key not in flag_keys:
                _unknown(report, "flag", key, flag_keys, place)
    check_variants(report, report.references.variants, definition.flags)
    if complete or definition.hierarchy is not None:
        _levels(report, definition)
    _seeds(report, definition)
    for override in definition.overrides.values():
        _effect(report, override, definition.flags.get(override.flag_key))
    _leaves(report, definition)
    _circles(report, definition)


def check_variants(
    report: Report, named: Iterable[tuple[str, str, Place]], flags: Mapping[str, Flag]
) -> None:
    """Put down every named variant that its flag, where that could be read, does not have.

    Args:
        named: (flag key, variant's name, place).
    """
    for key, variant, place in named:
        flag = flags.get(key)
        if flag is not None and variant not in flag.variants:
            _unknown(report, "variant", variant, flag.variants, place)


def _leaves(report: Report, definition: Definition) -> None:
    if not any(flag.leaves for flag in definition.flags.values()):
        return
    taken: dict[str, str] = {key: f"flag `{key}`" for key in definition.flags}
    for flag in definition.flags.values():
        for key, _ in leaves_of(flag):
            if key in taken:
                message = f"leaf `{key}` has the key of {taken[key]}"
                remedy = "rename one of the two"
                report.error((*flag.origin.path, "leaves"), message, remedy, at="key", file=flag.origin.file)
            taken.setdefault(key, f"a leaf of flag `{flag.key}`")


def _unknown(report: Report, kind: str, name: str, known: Iterable[str], place: Place) -> None:
    message, remedy = unknown_name(kind, name, known)
    report.error(place.path, message, remedy, at=place.at, file=place.file)


def _levels(report: Report, definition: Definition) -> None:
    levels = [level.name for level in definition.hierarchy or DEFAULT_HIERARCHY]
    told: set[tuple[str, str | None]] = set()
    for override in definition.overrides.values():
        path, file = override.origin.path, override.origin.file
        if override.level not in levels and (override.level, file) not in told:
            told.add((override.level, file))
            _unknown(report, "level", override.level, levels, Place(path[:2], "key", file))
        if override.lock and override.level == levels[0]:
            message = f"nothing is more specific than level `{override.level}`: the lock does nothing"
            report.warning(
                (*path, "lock"), message, "remove `lock`, or put it on a more general level", file=file
            )


def _seeds(report: Report, definition: Definition) -> None:
    for flag in definition.flags.values():
        if flag.rules:
            _seeds_of_list(report, flag.key, flag.rules, flag.origin)
    for override in definition.overrides.values():
        if not isinstance(override.effect, ApplyRules):
            continue
        rules, origin = override.effect.rules, override.origin
        _seeds_of_list(report, override.flag_key, rules, origin)
        below = definition.flags.get(override.flag_key)
        beneath = {seed for _, seed, _ in _divisions(below.key, below.rules)} if below is not None else set()
        for index, seed, outcome in _divisions(override.flag_key, rules):
            # A split answers all whom it divides: only what a ramp passes on is skewed for the flag's rules.
            if isinstance(outcome, Ramp) and seed in beneath:
                message = f"a rule of the flag's own divides by the same seed `{seed[1]}`"
                remedy = (
                    "give this ramp a `seed` of its own, or that rule divides an already skewed remainder"
                )
                report.warning((*origin.path, "rules", index), message, remedy, file=origin.file)


def _seeds_of_list(report: Report, flag_key: str, rules: Sequence[Rule], origin: Origin) -> None:
    ramped: set[tuple[str, str]] = set()
    split: set[tuple[str, str]] = set()
    for index, seed, outcome in _divisions(flag_key, rules):
        if seed in ramped:
            message = f"an earlier rule divides by the same seed `{seed[1]}`"
            remedy = "give this rule a `seed` of its own, or it divides an already skewed remainder"
            report.warning((*origin.path, "rules", index), message, remedy, file=origin.file)
        elif seed in split:
            # A split passes on nobody whom it divides, so no remainder is skewed.
            message = (
                f"an earlier rule splits by the same seed `{seed[1]}`: who comes first there comes first here"
            )
            remedy = "give this rule a `seed` of its own, unless the two shall choose the same people"
            report.warning((*origin.path, "rules", index), message, remedy, file=origin.file)
        (ramped if isinstance(outcome, Ramp) else split).add(seed)


def _divisions(flag_key: str, rules: Sequence[Rule]) -> Iterator[tuple[int, tuple[str, str], Split | Ramp]]:
    """The rules that divide: place in the list, what they divide by with its seed, outcome."""
    for index, rule in enumerate(rules):
        outcome = rule.outcome
        if isinstance(outcome, Split | Ramp):
            default = flag_key if isinstance(outcome, Split) else f"{flag_key}/ramp"
            yield index, (outcome.by, default if outcome.seed is None else outcome.seed), outcome


def _effect(report: Report, override: Override, flag: Flag | None) -> None:
    path, file = override.origin.path, override.origin.file
    match override.effect:
        case ServeValue(value) if flag is not None and not has_type(value, flag.flag_type):
            message = f"`value` is {kind_name(value)}, the flag's type is {flag.flag_type}"
            report.error((*path, "value"), message, "write a value of the flag's type", file=file)
        case Patch(patch) if flag is not None:
            unfit = unfit_patch(patch, flag)
            if unfit is not None:
                steps, message = unfit
                remedy = _PATCH_LEAF if steps else "name a variant, or write `value`"
                at: Literal["value", "key"] = "key" if steps else "value"
                report.error((*path, "patch", *steps), message, remedy, at=at, file=file)


def _circles(report: Report, definition: Definition) -> None:
    segments, flags = definition.segments, definition.flags

    def within(name: str) -> list[str]:
        return [each for each in _named_segments(segments[name].condition) if each in segments]

    def required_by(key: str) -> list[str]:
        return [each for each, _ in flags[key].requires if each in flags]

    # Most flags require nothing, and lie on no circle.
    requiring = {key: flag for key, flag in flags.items() if flag.requires}

    deep = _circle(report, "segment", segments, segments, within)
    if deep is not None and deep[1] > SEGMENT_DEPTH_LIMIT:
        origin = segments[deep[0]].origin
        message = f"segment `{deep[0]}` stands on a chain of {deep[1]}, the limit is {SEGMENT_DEPTH_LIMIT}"
        report.error(origin.path, message, "shorten the chain", at="key", file=origin.file)
    deep = _circle(report, "flag", flags, requiring, required_by)
    if deep is not None and deep[1] > REQUIRES_DEPTH_LIMIT:
        origin = flags[deep[0]].origin
        message = f"flag `{deep[0]}` stands on a chain of {deep[1]} flags"
        message += f": beyond {REQUIRES_DEPTH_LIMIT} counts as unmet"
        report.warning(origin.path, message, "shorten the chain", at="key", file=origin.file)


def _circle(
    report: Report,
    what: str,
    named: Mapping[str, Flag | Segment],
    starts: Iterable[str],
    edges: Callable[[str], list[str]],
) -> tuple[str, int] | None:
    """Put a circle down, or return the name with the longest chain beneath it and that chain's length.

    Args:
        starts: names, all those among them that lead anywhere.
    """
    circle, deepest = _first_circle(starts, edges)
    if circle:
        origin = named[circle[0]].origin
        path = " -> ".join([*circle, circle[0]])
        message = f"{what} `{circle[0]}` leads back to itself: {path}"
        report.error(origin.path, message, "break the circle", at="key", file=origin.file)
    return deepest


def _named_segments(condition: Condition) -> list[str]:
    return [each.segment for each in conditions_in(condition) if isinstance(each, InSegment)]


def _first_circle(
    names: Iterable[str], edges: Callable[[str], list[str]]
) -> tuple[list[str], tuple[str, int] | None]:
    """Depth-first without recursion: the first circle found, and the name with the longest way beneath it."""
    heights: dict[str, int] = {}
    deepest: tuple[str, int] | None = None
    for start in names:
        if start in heights:
            continue
        way, waiting = [start], [edges(start)]
        while way:
            if waiting[-1]:
                step = waiting[-1].pop()
                if step in way:
                    return way[way.index(step) :], None
                if step not in heights:
                    way.append(step)
                    waiting.append(edges(step))
                continue
            done = way.pop()
            waiting.pop()
            heights[done] = max((heights[each] + 1 for each in edges(done)), default=0)
            if deepest is None or heights[done] > deepest[1]:
                deepest = (done, heights[done])
    return [], deepest
