"""The immutable outcome of composing layers: everything that evaluation depends on."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from burgee.bucket import FractionalVersion, next_ramp_edge
from burgee.context import Context
from burgee.flag import DEFAULT_HIERARCHY, Flag, Kill, Level, Override, Segment, Window
from burgee.generation import NO_GENERATION, Generation
from burgee.leaves import Leaf
from burgee.resolution import NO_METADATA, Resolution
from burgee.selector import ANY, Selector

Function: TypeAlias = Callable[[Context, float], Resolution]
"""A compiled flag: (context, now in Unix seconds) -> the answer."""


class Inactive(NamedTuple):
    """An override, a kill or a patch that leads nowhere across layers, and why."""

    flag_set_id: str
    flag_key: str
    level: str
    scope: str
    why: str
    override: Override | Kill


InactiveByPlace: TypeAlias = Mapping[tuple[str, str], Inactive]
"""What leads nowhere of one flag, by level and scope; a kill by KILL and no scope."""

KILL: Final = "kill"
"""Stands for the level in what says that a kill is inactive."""

NONE_INACTIVE: Final[InactiveByPlace] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What one flag's answer could depend on, its prerequisites included.

    Attributes:
        attributes: names of context attributes, fixed ones too.
        windows: every window of its rules and overrides that has an edge.
        ramps: (start, complete) of every ramp, Unix seconds.
        segments: names of segments, nested ones too.
        flags: keys of prerequisites, indirect ones too.
        unbounded: whether it could read what no list of attributes names, such as the time.
    """

    attributes: frozenset[str]
    windows: tuple[Window, ...]
    ramps: tuple[tuple[float, float], ...]
    segments: frozenset[str]
    flags: frozenset[str]
    unbounded: bool = False

    def next_edge(self, now: float) -> float | None:
        """The first instant after ``now`` at which time alone could change the answer, Unix seconds."""
        edges = [window.next_edge(now) for window in self.windows]
        edges += [next_ramp_edge(start, complete, now) for start, complete in self.ramps]
        return min((edge for edge in edges if edge is not None), default=None)

    def last_edge(self) -> float | None:
        """The instant from which on :meth:`next_edge` finds none, Unix seconds; None where none ever is."""
        edges = [edge for window in self.windows for edge in (window.start, window.end) if edge is not None]
        return max([*edges, *(complete for _, complete in self.ramps)], default=None)


@dataclass(frozen=True, slots=True)
class FlagSet:
    """One flag set, composed.

    Attributes:
        hierarchy: most specific first.
        overrides: flag key -> level -> scope -> override; only active ones, without ``inherit``.
        kills: by flag key; only effective ones.
        locked: by flag key, the levels that have an override with a lock; only flags that have one.
        patched: by flag key, the levels that have an override with a patch; only flags that have one.
        fractional_version: the generation of flagd's ``fractional`` that targeting computes.
        leaves: leaves of object flags by their keys; a flag of the same key goes before.
        known_dependencies: what :func:`burgee.dependencies.dependencies` has worked out so far.
    """

    flag_set_id: str = ""
    metadata: Mapping[str, bool | str | int | float] = field(default_factory=lambda: NO_METADATA)
    hierarchy: tuple[Level, ...] = DEFAULT_HIERARCHY
    segments: Mapping[str, Segment] = field(default_factory=dict)
    flags: Mapping[str, Flag] = field(default_factory=dict)
    overrides: Mapping[str, Mapping[str, Mapping[str, Override]]] = field(default_factory=dict)
    kills: Mapping[str, Kill] = field(default_factory=dict)
    locked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fractional_version: FractionalVersion = 2
    leaves: Mapping[str, Leaf] = field(default_factory=dict)
    patched: Mapping[str, frozenset[str]] = field(default_factory=dict)
    known_dependencies: MutableMapping[str, Dependencies] = field(
        default_factory=dict, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All flag sets of one generation, and the settings that evaluation depends on.

    Attributes:
        generation: identity.
        flag_sets: by id.
        fixed: attributes that the daemon sets for all requests; they beat the request's.
        inactive: what compose had to leave out, with the reason.
        known_functions: what has been compiled so far, by flag key, with the selector where there is one.
        known_bulks: the functions of all flags in order of their keys, by selector.
        known_segments: the tests of segments that have been compiled so far, by flag set id.
        needs_daemon: keys of the flags that only the daemon can answer, since it tells attributes that nobody
            else can.
    """

    generation: Generation = NO_GENERATION
    flag_sets: Mapping[str, FlagSet] = field(default_factory=dict)
    fixed: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    inactive: Sequence[Inactive] = ()
    known_functions: dict[str | tuple[str, Selector], Function] = field(
        default_factory=dict, compare=False, repr=False
    )
    known_bulks: dict[Selector, list[Function]] = field(default_factory=dict, compare=False, repr=False)
    known_segments: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    needs_daemon: Container[str] = field(default=frozenset(), compare=False, repr=False)

    def candidates(self, flag_key: str, selector: Selector = ANY) -> list[FlagSet]:
        """The flag sets that hold ``flag_key`` and that the selector shows; more than one is ambiguous."""
        return [flag_set for flag_set in self.selected(selector) if is_shown(flag_set, flag_key, selector)]

    def selected(self, selector: Selector = ANY) -> list[FlagSet]:
        """The flag sets that the selector shows, in order of their ids."""
        if selector.flag_set_id is not None:
            flag_set = self.flag_sets.get(selector.flag_set_id)
            return [flag_set] if flag_set else []
        return [self.flag_sets[flag_set_id] for flag_set_id in sorted(self.flag_sets)]


def inactive_of(snapshot: Snapshot, flag_set_id: str, flag_key: str) -> InactiveByPlace:
    """What layers say of one flag that leads nowhere.

    Raises:
        SnapshotError: the snapshot's bytes are damaged there.
    """
    return {
        (each.level, each.scope): each
        for each in snapshot.inactive
        if each.flag_key == flag_key and each.flag_set_id == flag_set_id
    }


def base_key(flag_set: FlagSet, flag_key: str) -> str:
    """The key of the flag that answers: that of the object flag for a leaf, else the same."""
    if flag_key in flag_set.flags or flag_key not in flag_set.leaves:
        return flag_key
    return flag_set.leaves[flag_key].flag_key


def is_shown(flag_set: FlagSet, flag_key: str, selector: Selector) -> bool:
    """Whether the set holds the flag, from the selector's source where it names one."""
    key = base_key(flag_set, flag_key)
    if selector.source is None:
        return key in flag_set.flags
    flag = flag_set.flags.get(key)
    return flag is not None and flag.selected_source == selector.source
