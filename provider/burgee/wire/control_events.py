"""The stream ``GET /admin/v1/events``: what Burgee says of every change made at run time, in both directions.

One message is one JSON object with ``id`` and ``type``. As a server-sent event (WHATWG HTML standard, section
9.2) it has the id and the type in their own fields too; over a WebSocket (RFC 6455) each message is one text
frame. Three kinds are spoken: an event of the control plane; ``reset``, which says from which state on
events follow, first on a connection that does not resume; and ``heartbeat``, whose id is how far the stream
has come, so that a client with a narrow filter resumes from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeGuard

import orjson

from burgee.errors import MessageError

PATH: Final = "/admin/v1/events"
RESET: Final = "reset"
HEARTBEAT: Final = "heartbeat"
HEARTBEAT_INTERVAL: Final = 15.0
"""Seconds between heartbeats of a daemon that is not told otherwise."""

TYPES: Final = (
    "flag.created", "flag.updated", "flag.deleted", "flag.toggled", "flag.rollout_changed",
    "override.set", "override.removed", "flag.killed", "flag.revived", "rolled_back", "generation.published",
)  # fmt: skip
"""The types of events, in the words of the stream."""

Why: TypeAlias = Literal["connected", "epoch", "gap", "behind"]
"""Why a stream does not go on from where its client was. ``connected``: it did not say where that is;
``epoch``: that was another life of the daemon; ``gap``: the history does not reach back that far;
``behind``: it read too slowly.
"""

_WHYS: Final = frozenset({"connected", "epoch", "gap", "behind"})


class Position(NamedTuple):
    """How far a stream has come; an event's id, ``<epoch>-<sequence>``.

    Attributes:
        epoch: of one life of the daemon; hexadecimal digits.
        sequence: of the last event told; 0 before the first.
    """

    epoch: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.sequence}"

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """Read an id; None where it is none."""
        epoch, dash, digits = text.rpartition("-")
        if not (dash and epoch and len(text) <= 128 and digits.isascii() and digits.isdecimal()):
            return None
        return cls(epoch, int(digits))


@dataclass(frozen=True, slots=True)
class EventMessage:
    """Something was changed, or is served from now on.

    Attributes:
        type: one of :data:`TYPES`; a newer daemon may know further ones.
        at: Unix seconds.
        revision: the one that it tells of.
        level, scope: of an override's; else empty.
        data: what differs by type, named as in the JSON: ``before``, ``after``, ``flagsChanged``,
            ``generation``, ``target``.
        skipped: how many earlier events of the stream were left out in favour of this or later ones, since
            its reader was slow.
        omitted: whether ``before`` and ``after`` are left out since they are too long for a message.
    """

    position: Position
    type: str
    at: float
    revision: int
    actor: str = ""
    reason: str = ""
    flag_set: str = ""
    flag_key: str = ""
    level: str = ""
    scope: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    skipped: int = 0
    omitted: bool = False

    def document(self) -> dict[str, Any]:
        """As JSON has it; what is empty is left out."""
        document: dict[str, Any] = {
            "id": str(self.position),
            "type": self.type,
            "at": self.at,
            "revision": self.revision,
        }
        texts = {
            "actor": self.actor,
            "reason": self.reason,
            "flagSet": self.flag_set,
            "flag": self.flag_key,
            "level": self.level,
            "scope": self.scope,
        }
        document |= {name: text for name, text in texts.items() if text}
        if self.data:
            document["data"] = self.data
        if self.skipped:
            document["skipped"] = self.skipped
        if self.omitted:
            document["omitted"] = True
        return document


@dataclass(frozen=True, slots=True)
class ResetMessage:
    """What was known before may be outdated: read it anew; events follow from this state on.

    Attributes:
        revision: what events told of so far; reading the API may show a later one already.
        generation: served by then; empty where that is not known yet.
    """

    position: Position
    revision: int
    generation: str
    why: Why

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "id": str(self.position),
            "type": RESET,
            "revision": self.revision,
            "generation": self.generation,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class HeartbeatMessage:
    """The daemon is there, and this is how far the stream has come."""

    position: Position
    revision: int

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"id": str(self.position), "type": HEARTBEAT, "revision": self.revision}


Message: TypeAlias = EventMessage | ResetMessage | HeartbeatMessage


def encode(message: Message) -> bytes:
    """Write one message as JSON: one line, as a WebSocket's text frame carries it.

    Raises:
        MessageError: its data has no place in JSON.
    """
    try:
        return orjson.dumps(message.document(), option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError) as error:
        raise MessageError("PARSE_ERROR", f"an event's data has no place in JSON: {error}") from None


def server_sent(position: Position, kind: str, document: bytes) -> bytes:
    """Frame an encoded message as a server-sent event.

    Args:
        kind: the message's type.
        document: as :func:`encode` wrote it.
    """
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(position).encode(), kind.encode(), document)


def read(text: str | bytes) -> Message:
    """Read what :func:`encode` wrote, unknown fields left aside.

    Raises:
        MessageError: it is not JSON, or a field is missing or of another type.
    """
    try:
        document = orjson.loads(text)
    except ValueError as error:
        raise MessageError("PARSE_ERROR", f"a message of the stream is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MessageError("PARSE_ERROR", "a message of the stream is not an object")
    kind = document.get("type")
    position = Position.parse(_text(document, "id"))
    revision = document.get("revision")
    if not isinstance(kind, str) or not kind or position is None or not _is_count(revision):
        raise MessageError(
            "PARSE_ERROR", "a message of the stream needs a text `type`, an `id` and an integer `revision`"
        )
    if kind == HEARTBEAT:
        return HeartbeatMessage(position, revision)
    if kind == RESET:
        why = _text(document, "why")
        known: Why = why if why in _WHYS else "gap"  # type: ignore[assignment]
        return ResetMessage(position, revision, _text(document, "generation"), known)
    at, data, skipped = document.get("at"), document.get("data", {}), document.get("skipped", 0)
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(data, dict):
        raise MessageError("PARSE_ERROR", "an event needs a number `at`, and its `data` is an object")
    return EventMessage(
        position=position,
        type=kind,
        at=float(at),
        revision=revision,
        actor=_text(document, "actor"),
        reason=_text(document, "reason"),
        flag_set=_text(document, "flagSet"),
        flag_key=_text(document, "flag"),
        level=_text(document, "level"),
        scope=_text(document, "scope"),
        data=data,
        skipped=skipped if _is_count(skipped) else 0,
        omitted=document.get("omitted") is True,
    )


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
