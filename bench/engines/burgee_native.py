"""Burgee: its own rules, and flagd documents with targeting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time as wall
from typing import Any

import orjson
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import ErrorCode, FlagResolutionDetails
from openfeature.provider import AbstractProvider, Metadata

from burgee.composition import compose
from burgee.definition import SourceDocument, read_layer
from burgee.evaluation import evaluate, evaluate_all
from burgee.layer import Layer
from burgee.resolution import Resolution
from burgee.snapshot import Generation, Snapshot
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

KEPT = 10_000
"""How many details the provider keeps."""

Details = FlagResolutionDetails[Any]


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


class InProcessProvider(AbstractProvider):
    """Evaluates in this process. Only for this benchmark: the real one is still to be built.

    Most answers were made when their flag was compiled, and come again and again: their details are kept.

    Args:
        snapshot: what is evaluated.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._kept: dict[int, tuple[Resolution, Details]] = {}

    def get_metadata(self) -> Metadata:
        """Its name."""
        return Metadata("burgee, in process")

    def _resolve(
        self, flag_key: str, default_value: Any, evaluation_context: EvaluationContext | None = None
    ) -> Details:
        given: dict[str, Any] = {}
        if evaluation_context is not None:
            given = {**evaluation_context.attributes}
            if evaluation_context.targeting_key is not None:
                given["targetingKey"] = evaluation_context.targeting_key
        found = evaluate(self._snapshot, flag_key, given, now=wall())
        kept = self._kept.get(id(found))
        if kept is not None:
            return kept[1]
        if found.error_code is not None:
            return FlagResolutionDetails(default_value, ErrorCode(found.error_code), found.error_message)
        value = found.value if found.has_value else default_value
        made = FlagResolutionDetails(value, None, None, found.reason, found.variant, found.metadata)
        if found.has_value:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            # The resolution is held too, so that no other can have its id.
            self._kept[id(found)] = found, made
        return made

    resolve_boolean_details = _resolve
    resolve_string_details = _resolve
    resolve_integer_details = _resolve
    resolve_float_details = _resolve

    def resolve_object_details(
        self, flag_key: str, default_value: Any, evaluation_context: EvaluationContext | None = None
    ) -> Details:
        """An object value is the caller's to alter: each caller is given a copy of its own."""
        found = self._resolve(flag_key, default_value, evaluation_context)
        copied = _copied(found.value)
        return FlagResolutionDetails(
            copied, found.error_code, found.error_message, found.reason, found.variant, found.flag_metadata
        )


def _copied(value: Any) -> Any:
    if value.__class__ is dict:
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if value.__class__ is list else value


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
