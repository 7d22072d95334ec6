"""Burgee: its own rules, and flagd documents with targeting."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
from openfeature.contrib.provider.burgee.clock import SystemClock
from openfeature.contrib.provider.burgee.forks import ForkWatch
from openfeature.contrib.provider.burgee.held import Held
from openfeature.contrib.provider.burgee.in_process import InProcessResolver
from openfeature.contrib.provider.burgee.newest_snapshot import NewestSnapshot
from openfeature.contrib.provider.burgee.resolver import Resolver
from openfeature.contrib.provider.burgee.resolving_provider import ResolvingProvider
from openfeature.contrib.provider.burgee.shared.head import NO_COUNTERS
from openfeature.provider import Metadata

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate, evaluate_all
from burgee.generation import Generation
from burgee.layer import Layer
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read, write
from burgee.wire.layer import LayerAssembler, layer_lines
from engines import flagd_documents
from engines.engine import Engine, Question
from engines.workloads import (
    LADDER,
    MANY_FLAGS,
    MEMBERS,
    OBJECT,
    ON_OFF,
    SHARES,
    WORKLOADS,
    TwoConditions,
    User,
)

NOW = 1_795_000_000.0
"""Seconds since the Unix epoch."""


def engine_of_rules() -> Engine:
    """Burgee with rules of its own."""
    return _engine("Burgee, rules", rules_document(), "Rules in Burgee's own notation.")


def engine_of_targeting() -> Engine:
    """Burgee with flagd's targeting."""
    remark = "The very document that the flagd row reads."
    return _engine("Burgee, flagd documents", flagd_documents.document(), remark)


def context_of(user: User) -> dict[str, Any]:
    """A user as the core takes it."""
    return {"targetingKey": user.key, **user.attributes}


def _engine(name: str, document: Mapping[str, Any], remark: str) -> Engine:
    one = snapshot_of(document)
    keys = {flag.key for flag in MANY_FLAGS}
    bulk = {**document, "flags": {key: flag for key, flag in document["flags"].items() if key in keys}}
    native = {
        workload.name: Question(
            "evaluate(snapshot, key, user, now=now)",
            {"evaluate": evaluate, "snapshot": one, "key": workload.key, "now": NOW},
            lambda resolution: resolution.value,
        )
        for workload in WORKLOADS[:-1]
    }
    native["W7"] = Question(
        "evaluate_all(snapshot, user, now=now)",
        {"evaluate_all": evaluate_all, "snapshot": snapshot_of(bulk), "now": NOW},
        lambda answers: [each.value for each in answers],
    )
    return Engine(name, ("mmh3",), remark, context_of, native, InProcessProvider(one))


def snapshot_of(document: Mapping[str, Any]) -> Snapshot:
    """Read and compose one document."""
    layer, _ = read_layer("bench", [SourceDocument(document, None)])
    return _composed(layer)


def _composed(layer: Layer) -> Snapshot:
    return compose([layer], generation=Generation("bench", 1))


def rules_document() -> dict[str, Any]:
    """The seven flags in Burgee's own notation."""
    ladder = [
        {
            "when": {"country": list(rule.countries), "plan": rule.plan, "seats": {"gte": rule.seats}},
            "serve": rule.serves,
        }
        for rule in LADDER
    ]
    names = ["none", *(rule.serves for rule in LADDER)]
    return {
        "flags": {
            "static": {"variants": ON_OFF, "defaultVariant": "on"},
            "targeted": _targeted(MANY_FLAGS[0]),
            "divided": {
                "variants": {name: name for name in SHARES},
                "defaultVariant": "a",
                "rules": [{"split": SHARES}],
            },
            "ladder": {
                "variants": {name: name for name in names},
                "defaultVariant": "none",
                "rules": ladder,
            },
            "members": {
                "defaultVariant": "off",
                "rules": [{"when": {"targetingKey": MEMBERS}, "serve": "on"}],
            },
            "object": {"variants": {"usual": OBJECT}, "defaultVariant": "usual"},
            **_many(MANY_FLAGS)["flags"],
        }
    }


def _many(flags: Sequence[TwoConditions]) -> dict[str, Any]:
    return {"flags": {flag.key: _targeted(flag) for flag in flags}}


def _targeted(flag: TwoConditions) -> dict[str, Any]:
    when = {"email": {"ends_with": flag.suffix}, "plan": flag.plan}
    return {"variants": ON_OFF, "defaultVariant": "off", "rules": [{"when": when, "serve": "on"}]}


class InProcessProvider(ResolvingProvider):
    """Burgee's provider as it evaluates in process, on a snapshot that stands still: without a daemon.

    Args:
        snapshot: what is evaluated.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        resolver = InProcessResolver(cast(NewestSnapshot, _Still(snapshot)), _nobody, "", SystemClock())
        super().__init__(resolver, ForkWatch(resume=lambda: None))
        self._metadata = Metadata("burgee, in process")

    def get_metadata(self) -> Metadata:
        """Its name."""
        return self._metadata


class _Still:
    """The newest snapshot there will be."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.held = Held(snapshot, outdated=False, counters=NO_COUNTERS, sequence=0)
        self.held.live = True
        self.held.since, self.held.until = -math.inf, math.inf


def _nobody() -> Resolver:
    raise RuntimeError("there is no daemon to ask")


class DocumentLoading:
    """Takes a document over: JSON, validated, composed; nothing is compiled."""

    def __init__(self, *, targeting: bool) -> None:
        self._many = flagd_documents.many if targeting else _many

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """One JSON document."""
        return orjson.dumps(self._many(flags))

    def take(self, content: bytes, previous: Snapshot | None) -> Snapshot:
        """Read and compose."""
        return snapshot_of(orjson.loads(content))

    def is_on(self, taken: Snapshot, key: str, user: User) -> bool:
        """Ask for one flag."""
        return evaluate(taken, key, context_of(user), now=NOW).value is True


class SnapshotLoading:
    """Takes a snapshot over, whole and checked, as a provider that downloads it does."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """A snapshot's bytes."""
        return write(snapshot_of(_many(flags))).data

    def take(self, content: bytes, previous: Snapshot | None) -> Snapshot:
        """Check every byte; what nobody asks for is not decoded."""
        return read(memoryview(content), whole=True)

    def is_on(self, taken: Snapshot, key: str, user: User) -> bool:
        """Ask for one flag."""
        return evaluate(taken, key, context_of(user), now=NOW).value is True


class LineLoading:
    """Takes the lines over that the reader process hands to the daemon."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """A layer's lines."""
        layer, _ = read_layer("bench", [SourceDocument(_many(flags), None)])
        return b"\n".join(layer_lines(layer))

    def take(
        self, content: bytes, previous: tuple[LayerAssembler, Snapshot] | None
    ) -> tuple[LayerAssembler, Snapshot]:
        """Put the layer together, unchanged lines from what stood there before, and compose."""
        assembler = LayerAssembler("bench", previous[0] if previous else None)
        for line in content.split(b"\n"):
            assembler.feed(line)
        return assembler, _composed(assembler.layer())

    def is_on(self, taken: tuple[LayerAssembler, Snapshot], key: str, user: User) -> bool:
        """Ask for one flag."""
        return evaluate(taken[1], key, context_of(user), now=NOW).value is True
