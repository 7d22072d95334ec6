"""Which engines there are, and which of them can run here."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from engines.engine import Engine, Loading, check

RULES, TARGETING, BY_HAND = "Burgee, rules", "Burgee, flagd documents", "InMemoryProvider, hand-written"
OWN = (RULES, TARGETING)

_ENGINES = {
    RULES: ("burgee_native", "engine_of_rules"),
    TARGETING: ("burgee_native", "engine_of_targeting"),
    BY_HAND: ("in_memory", "engine"),
    "flagd": ("flagd", "engine"),
    "GrowthBook": ("growthbook_engine", "engine"),
    "LaunchDarkly": ("launchdarkly", "engine"),
    "Unleash": ("unleash", "engine"),
    "Statsig": ("statsig", "engine"),
}

SNAPSHOT, LINES = "Burgee, snapshot", "Burgee, layer lines"
DOCUMENT, FLAGD_DOCUMENT = "Burgee, document", "Burgee, flagd document"
LOADINGS = {
    SNAPSHOT: ("burgee_native", "SnapshotLoading", {}),
    LINES: ("burgee_native", "LineLoading", {}),
    DOCUMENT: ("burgee_native", "DocumentLoading", {"targeting": False}),
    FLAGD_DOCUMENT: ("burgee_native", "DocumentLoading", {"targeting": True}),
    "flagd": ("flagd", "CoreLoading", {}),
    "GrowthBook": ("growthbook_engine", "FeatureLoading", {}),
    "LaunchDarkly": ("launchdarkly", "StoreLoading", {}),
    "Unleash": ("unleash", "StateLoading", {}),
    "Statsig": ("statsig", "InstanceLoading", {}),
}


class Missing(NamedTuple):
    """An engine that cannot run here, and why."""

    name: str
    why: str


def engines() -> tuple[list[Engine], list[Missing]]:
    """Every engine that can run here, its answers checked; and the others.

    Raises:
        WrongAnswer: an engine runs but does not answer what it has to.
    """
    found, missing = [], []
    for name, (module, make) in _ENGINES.items():
        try:
            engine: Engine = getattr(import_module(f"engines.{module}"), make)()
        except ImportError as problem:
            missing.append(Missing(name, str(problem)))
            continue
        check(name, engine.native, engine.user)
        found.append(engine)
    return found, missing


def loading(name: str) -> Loading:
    """How the engine of a row takes flags over.

    Raises:
        ImportError: its packages are missing.
    """
    module, make, arguments = LOADINGS[name]
    made: Loading = getattr(import_module(f"engines.{module}"), make)(**arguments)
    return made
