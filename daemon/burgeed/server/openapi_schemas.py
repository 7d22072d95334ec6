"""JSON Schemas of what the daemon answers and is asked, by their names in the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
INSTANT: Final[Schema] = {"type": "number", "description": "Unix seconds."}
OBJECT: Final[Schema] = {"type": "object"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
KEY: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 256,
    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
}


def ref(name: str) -> Schema:
    """A component."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(
    properties: Mapping[str, Schema], *, optional: tuple[str, ...] = (), closed: bool = False
) -> Schema:
    """An object all of whose properties are there but the optional ones.

    Args:
        closed: whether any other is refused, as in every body that is read.
    """
    required = [name for name in properties if name not in optional]
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = required
    return {**schema, "additionalProperties": False} if closed else schema


def array(items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": items}


def nullable(schema: Schema) -> Schema:
    """That, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def page(item: str) -> Schema:
    """A page of components."""
    return record({"items": array(ref(item)), "next": nullable(TEXT)})


ORIGIN: Final = record(
    {
        "source": TEXT,
        "path": TEXT,
        "file": TEXT,
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
    },
    optional=("file", "line", "column"),
)

ACTIONS: Final = (
    "flag.create", "flag.update", "flag.delete", "flag.toggle", "flag.rollout",
    "override.set", "override.remove", "scope.reset", "kill", "revive", "rollback", "batch",
)  # fmt: skip

SCHEMAS: Final[dict[str, Schema]] = {
    "Problem": {
        "description": "RFC 9457.",
        **record(
            {
                "type": TEXT,
                "title": TEXT,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": TEXT,
                "faults": array(
                    record({"path": TEXT, "message": TEXT, "remedy": TEXT}, optional=("remedy",))
                ),
                "revision": COUNT,
            },
            optional=("faults", "revision"),
        ),
    },
    "OfrepError": record({"key": TEXT, "errorCode": TEXT, "errorDetails": TEXT}, optional=("key",)),
    "Origin": ORIGIN,
    "ServedFlag": record(
        {
            "flagSet": TEXT,
            "key": TEXT,
            "type": {"enum": ["boolean", "string", "integer", "float", "object"]},
            "definition": ref("Flag"),
            "state": {"enum": ["enabled", "disabled", "killed"]},
            "kill": nullable(OBJECT),
            "source": TEXT,
            "origin": ref("Origin"),
            "overrides": COUNT,
            "locked": TEXTS,
            "revision": nullable(COUNT),
            "killRevision": nullable(COUNT),
        }
    ),
    "FlagPage": page("ServedFlag"),
    "ServedOverride": record(
        {
            "flagSet": TEXT,
            "level": TEXT,
            "scope": TEXT,
            "flag": TEXT,
            "override": ref("Override"),
            "source": TEXT,
            "origin": ref("Origin"),
            "active": BOOLEAN,
            "why": TEXT,
            "lock": BOOLEAN,
            "window": nullable(record({"from": nullable(TEXT), "until": nullable(TEXT), "open": BOOLEAN})),
            "coveredBy": nullable(TEXT),
            "revision": nullable(COUNT),
        }
    ),
    "OverridePage": page("ServedOverride"),
    "OverridesOfFlag": record({"flagSet": TEXT, "flag": TEXT, "overrides": array(ref("ServedOverride"))}),
    "OverridesOfScope": record(
        {
            "flagSet": TEXT,
            "level": TEXT,
            "scope": TEXT,
            "overrides": {"type": "object", "additionalProperties": ref("ServedOverride")},
        }
    ),
    "Change": record(
        {
            "flagSet": TEXT,
            "kind": {"enum": ["flag", "override", "kill"]},
            "flag": TEXT,
            "level": TEXT,
            "scope": TEXT,
            "before": nullable(OBJECT),
            "after": nullable(OBJECT),
        },
        optional=("level", "scope"),
    ),
    "Outcome": record(
        {
            "revision": COUNT,
            "action": {"enum": list(ACTIONS)},
            "changes": array(ref("Change")),
            "warnings": TEXTS,
            "flagsChanged": nullable(TEXTS),
            "generation": nullable(TEXT),
            "dryRun": BOOLEAN,
        }
    ),
    "Revision": record(
        {
            "revision": COUNT,
            "at": INSTANT,
            "action": {"enum": list(ACTIONS)},
            "actor": TEXT,
            "onBehalfOf": TEXT,
            "reason": TEXT,
            "requestId": TEXT,
            "target": nullable(COUNT),
            "changes": array(ref("Change")),
        }
    ),
    "RevisionPage": page("Revision"),
    "Difference": record({"from": COUNT, "to": COUNT, "changes": array(ref("Change"))}),
    "Explanation": record(
        {
            "answer": OBJECT,
            "rungs": array(
                record(
                    {
                        "name": TEXT,
                        "outcome": TEXT,
                        "detail": TEXT,
                        "winner": BOOLEAN,
                        "origin": ref("Origin"),
                    },
                    optional=("origin",),
                )
            ),
            "generation": nullable(TEXT),
            "past": record({"at": INSTANT, "revision": COUNT, "exact": BOOLEAN}),
            "enriched": OBJECT,
        },
        optional=("past", "enriched"),
    ),
    "AuditRecord": record(
        {
            "seq": COUNT,
            "hash": TEXT,
            "at": INSTANT,
            "action": TEXT,
            "actorId": TEXT,
            "actor": TEXT,
            "onBehalfOf": TEXT,
            "reason": TEXT,
            "requestId": TEXT,
            "revision": nullable(COUNT),
            "flagSet": TEXT,
            "flag": TEXT,
            "level": TEXT,
            "scope": TEXT,
            "leaf": TEXT,
            "detail": {},
            "erased": TEXTS,
        }
    ),
    "AuditPage": page("AuditRecord"),
    "Restriction": record(
        {
            "levels": array(KEY),
            "scopes": array({"type": "array", "prefixItems": [KEY, KEY], "minItems": 2, "maxItems": 2}),
            "flagPrefixes": array(KEY),
        },
        optional=("levels", "scopes", "flagPrefixes"),
        closed=True,
    ),
    "Token": record(
        {
            "token": {**TEXT, "description": "Its text, in the answer that made it alone."},
            "id": TEXT,
            "name": TEXT,
            "person": TEXT,
            "scopes": TEXTS,
            "restriction": ref("Restriction"),
            "createdAt": INSTANT,
            "createdBy": TEXT,
            "expiresAt": nullable(INSTANT),
            "revokedAt": nullable(INSTANT),
        },
        optional=("token",),
    ),
    "Principal": record(
        {
            "name": TEXT,
            "kind": {"enum": ["token", "peer", "anonymous"]},
            "scopes": TEXTS,
            "restriction": ref("Restriction"),
            "tokenId": TEXT,
            "uid": nullable(COUNT),
            "person": TEXT,
            "certificate": TEXT,
        }
    ),
    "Statistics": record(
        {
            "version": TEXT,
            "generation": nullable(TEXT),
            "sources": array(record({"name": TEXT, "state": TEXT})),
            "flagSets": array(OBJECT),
            "inactive": COUNT,
            "revision": nullable(COUNT),
            "runTime": nullable(OBJECT),
            "store": nullable(OBJECT),
            "tokens": nullable(OBJECT),
            "server": OBJECT,
        }
    ),
}
