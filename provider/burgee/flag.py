"""Flags, variants, rules, segments, overrides, kills: frozen values, all times in Unix seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from burgee.condition import Condition
from burgee.expression import Expression
from burgee.fault import Path
from burgee.resolution import NO_METADATA
from burgee.value import FlagType, Value


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was defined.

    Attributes:
        source: the name of the source (its URI as given).
        file: the file's path, where it came from one.
        path: where in that document.
    """

    source: str = ""
    file: str | None = None
    path: Path = ()

    def below(self, *steps: str | int) -> Origin:
        """The origin of something inside this."""
        return Origin(self.source, self.file, (*self.path, *steps))


@dataclass(frozen=True, slots=True)
class Notes:
    """What people write beside a flag or an override; never served, never evaluated.

    Attributes:
        expires: RFC 3339 date or date-time as written; when the flag should be gone from the code.
    """

    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    expires: str = ""
    note: str = ""


NO_NOTES = Notes()


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open time [start, end) in which a rule or an override is active; None is unbounded."""

    start: float | None = None
    end: float | None = None

    def holds(self, now: float) -> bool:
        """Whether ``now`` lies inside."""
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def is_over(self, now: float) -> bool:
        """Whether it has closed for good."""
        return self.end is not None and self.end <= now

    def next_edge(self, now: float) -> float | None:
        """The next instant after ``now`` at which :meth:`holds` could change."""
        return min((edge for edge in (self.start, self.end) if edge is not None and edge > now), default=None)


ALWAYS = Window()


@dataclass(frozen=True, slots=True)
class Serve:
    """One variant for everyone."""

    variant: str


@dataclass(frozen=True, slots=True)
class Split:
    """Weighted variants.

    Attributes:
        weights: (variant, weight), in the variants' bytewise name order.
        by: the attribute that is hashed.
        seed: text put before it; None means the flag's key.
    """

    weights: tuple[tuple[str, int], ...]
    by: str
    seed: str | None = None

    @property
    def total(self) -> int:
        """The sum of the weights."""
        return sum(weight for _, weight in self.weights)

    @property
    def only(self) -> str | None:
        """The variant that has the one share there is; None where there are several."""
        shares = [variant for variant, weight in self.weights if weight]
        return shares[0] if len(shares) == 1 else None


@dataclass(frozen=True, slots=True)
class Ramp:
    """One variant for a share that grows from 0 to 100 % between two instants.

    Attributes:
        seed: text put before the key; None means the flag's key followed by ``/ramp``.
    """

    variant: str
    start: float
    complete: float
    by: str
    seed: str | None = None


Outcome: TypeAlias = Serve | Split | Ramp


@dataclass(frozen=True, slots=True)
class Rule:
    """When a condition holds inside a window, an outcome.

    Attributes:
        name: as written; empty where none was.
        condition: None holds always.
    """

    outcome: Outcome
    condition: Condition | None = None
    window: Window = ALWAYS
    name: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """A named value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as defined, before the ladder.

    Attributes:
        flag_type: every variant's type.
        variants: by name, in document order.
        default_variant: None serves the caller's default.
        enabled: False for ``state: DISABLED``.
        leaves: whether each leaf of an object flag can be asked for by itself.
        targeting: flagd's JSONLogic; a flag has rules or targeting, not both.
        requires: (flag key, variant) that must be what those flags answer.
        metadata: the flag's own, over its flag set's.
        covers: the source whose flag this one stands for, where it was changed at run time; else empty.
    """

    key: str
    flag_type: FlagType
    variants: Mapping[str, Variant]
    default_variant: str | None = None
    enabled: bool = True
    rules: tuple[Rule, ...] = ()
    targeting: Expression | None = None
    leaves: bool = False
    requires: tuple[tuple[str, str], ...] = ()
    metadata: Mapping[str, bool | str | int | float] = field(default_factory=lambda: NO_METADATA)
    notes: Notes = NO_NOTES
    origin: Origin = field(default=Origin(), compare=False)
    covers: str = field(default="", compare=False)

    @property
    def selected_source(self) -> str:
        """The source by which a selector finds it: a change at run time hides it from nobody who saw it."""
        return self.covers or self.origin.source


@dataclass(frozen=True, slots=True)
class Segment:
    """A named condition."""

    name: str
    condition: Condition
    origin: Origin = field(default=Origin(), compare=False)


@dataclass(frozen=True, slots=True)
class Level:
    """A rung of the hierarchy: its name, and the context attribute whose value is the scope."""

    name: str
    attribute: str


DEFAULT_HIERARCHY = (
    Level("customer", "customer"),
    Level("organization", "organization"),
    Level("environment", "environment"),
)
"""Most specific first."""


@dataclass(frozen=True, slots=True)
class ServeVariant:
    """The override answers with a variant."""

    variant: str


@dataclass(frozen=True, slots=True)
class ServeValue:
    """The override answers with a value of the flag's type that no variant names."""

    value: Value


@dataclass(frozen=True, slots=True)
class ApplyRules:
    """The override answers where one of its rules matches, and is passed through otherwise."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Disable:
    """The override disables the flag for its scope."""


@dataclass(frozen=True, slots=True)
class Patch:
    """RFC 7396 onto the object that lies beneath."""

    patch: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Inherit:
    """The override removes what lower layers say for this scope."""


Effect: TypeAlias = ServeVariant | ServeValue | ApplyRules | Disable | Patch | Inherit


@dataclass(frozen=True, slots=True)
class Override:
    """What a level says about a flag for one scope."""

    level: str
    scope: str
    flag_key: str
    effect: Effect
    lock: bool = False
    window: Window = ALWAYS
    notes: Notes = NO_NOTES
    origin: Origin = field(default=Origin(), compare=False)


@dataclass(frozen=True, slots=True)
class Kill:
    """What stands above every level.

    Attributes:
        variant: served to everyone; None serves the caller's default.
        revive: removes the kills of lower layers instead.
    """

    flag_key: str
    variant: str | None = None
    revive: bool = False
    notes: Notes = NO_NOTES
    origin: Origin = field(default=Origin(), compare=False)
