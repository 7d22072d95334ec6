"""What an entry holds within its ciphertext, and which part of it is whose.

The payload is a JSON object under the segment's key. What is about a subject lies in it once more encrypted,
under the subject's key (AES-256-GCM, bound to log, entry and field):

- ``actor``, ``on_behalf_of`` and ``scope``: each under its own subject's key;
- ``reason`` and ``detail``, free text that may name any of them: under a key derived from the keys of *all*
  subjects of the entry, so that whichever is erased takes it away;
- ``old`` and ``new`` of an override's leaf: under the key of the scope that it is about. Erasing an employee
  leaves what was changed, and erasing a customer leaves who changed something. Those of a flag are nobody's.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from burgeed.audit.entry import NONCE_BYTES
from burgeed.audit.errors import AuditUnavailable, Unsound
from burgeed.audit.event import AuditEvent
from burgeed.audit.records import ERASED, AuditRecord
from burgeed.audit.subjects import Subject

_ROLES = ("actor", "on_behalf_of", "scope")


@dataclass(frozen=True, slots=True)
class Named:
    """The subjects of one entry; None where a field names nobody.

    Attributes:
        about: whom the detail names beside them.
    """

    actor: Subject | None
    on_behalf_of: Subject | None
    scope: Subject | None
    about: tuple[Subject, ...] = ()

    def all(self) -> list[tuple[str, Subject]]:
        """Those that are there, by role."""
        named = zip(_ROLES, (self.actor, self.on_behalf_of, self.scope), strict=True)
        further = [(f"about.{number}", subject) for number, subject in enumerate(self.about, 1)]
        return [(role, subject) for role, subject in named if subject is not None] + further


def compose_payload(event: AuditEvent, named: Named, place: bytes) -> bytes:
    """The plain text of an entry.

    Args:
        place: the log's id and the entry's number: what sealed parts are bound to.

    Raises:
        AuditUnavailable: a value is no JSON.
    """
    keys = {role: subject.key for role, subject in named.all() if subject.key is not None}
    document: dict[str, Any] = {
        "at": round(event.at * 1_000_000),
        "action": event.action,
        "requestId": event.request_id,
        "revision": event.revision,
        "flagSet": event.flag_set,
        "flag": event.flag_key,
        "level": event.level,
        "leaf": event.leaf,
        "had": [event.had_old, event.has_new],
        "subjects": {role: subject.subject_id.hex() for role, subject in named.all()},
    }
    sealed: dict[str, str] = {}
    names = {"actor": event.actor, "on_behalf_of": event.on_behalf_of, "scope": event.scope}
    for role in keys.keys() & names.keys():
        sealed[role] = _seal(keys[role], names[role], place, role)
    if event.reason or event.detail:
        said = {"reason": event.reason, "detail": dict(event.detail)}
        if keys:
            sealed["said"] = _seal(joint_key(keys.values()), said, place, "said")
        else:
            document["said"] = said
    if event.had_old or event.has_new:
        values = [event.old, event.new]
        if "scope" in keys:
            sealed["values"] = _seal(keys["scope"], values, place, "values")
        else:
            document["values"] = values
    return _json({**document, "sealed": sealed})


def read_payload(
    plain: bytes,
    place: bytes,
    key_of: Callable[[bytes], bytes | None],
    *,
    seq: int,
    digest: str,
    actor_id: str,
) -> AuditRecord:
    """The record of a plain text.

    Args:
        key_of: a subject's key by its pseudonym; None where it is erased.

    Raises:
        Unsound: a sealed part was altered.
    """
    try:
        document = orjson.loads(plain)
        subjects = {role: bytes.fromhex(hexadecimal) for role, hexadecimal in document["subjects"].items()}
        keys = {role: key_of(subject_id) for role, subject_id in subjects.items()}
        sealed, erased = document["sealed"], []
        opened: dict[str, Any] = {"said": document.get("said"), "values": document.get("values")}
        for field in sealed:
            key = _key_for(field, keys)
            if key is None:
                erased.append(field)
            else:
                opened[field] = _open(key, sealed[field], place, field)
        had_old, has_new = document["had"]
        said = {"reason": ERASED, "detail": ERASED} if "said" in erased else opened["said"] or {}
        values = (ERASED, ERASED) if "values" in erased else opened["values"] or (None, None)
        names = {
            role: (ERASED if role in erased else opened.get(role, "")) if role in subjects else ""
            for role in _ROLES
        }
        return AuditRecord(
            seq=seq,
            hash=digest,
            action=document["action"],
            at=document["at"] / 1_000_000,
            actor_id=actor_id,
            actor=names["actor"],
            on_behalf_of=names["on_behalf_of"],
            reason=said.get("reason", ""),
            request_id=document["requestId"],
            revision=document["revision"],
            flag_set=document["flagSet"],
            flag_key=document["flag"],
            level=document["level"],
            scope=names["scope"],
            leaf=document["leaf"],
            old=values[0] if had_old else None,
            new=values[1] if has_new else None,
            had_old=had_old,
            has_new=has_new,
            detail=said.get("detail", {}),
            erased=tuple(erased),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unsound(f"the content of entry {seq} is none that this version writes") from error


def joint_key(keys: Iterable[bytes]) -> bytes:
    """A key that is lost with any one of these: SHA-256 of a label and of all of them, in order.

    They are random and of one length, so that a hash is derivation enough.
    """
    return hashlib.sha256(b"burgee audit joint key\x00" + b"".join(sorted(keys))).digest()


def _key_for(field: str, keys: dict[str, bytes | None]) -> bytes | None:
    if field == "values":
        return keys["scope"]
    if field == "said":
        there = [key for key in keys.values() if key is not None]
        return joint_key(there) if len(there) == len(keys) else None
    return keys[field]


def _seal(key: bytes, value: object, place: bytes, field: str) -> str:
    nonce = secrets.token_bytes(NONCE_BYTES)
    ciphertext = AESGCM(key).encrypt(nonce, _json(value), place + field.encode())
    return base64.b64encode(nonce + ciphertext).decode("ascii")


def _open(key: bytes, sealed: str, place: bytes, field: str) -> Any:
    data = base64.b64decode(sealed, validate=True)
    try:
        plain = AESGCM(key).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], place + field.encode())
    except InvalidTag as error:
        raise Unsound(f"the sealed {field} was altered") from error
    return orjson.loads(plain)


def _json(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError) as error:
        raise AuditUnavailable(f"the event cannot be written: {error}") from error
