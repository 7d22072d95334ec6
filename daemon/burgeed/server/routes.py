"""Routes of evaluation, of providers and daemons downstream, and of health."""

from __future__ import annotations

from typing import Final

from burgee.wire.tracking import PATH as TRACK_PATH
from burgeed.authority.principal import Scope
from burgeed.server.admin.parameters import SELECTOR, header, query
from burgeed.server.health import Health
from burgeed.server.ofrep import Evaluations
from burgeed.server.openapi_schemas import COUNT, KEY, OBJECT, TEXT, TEXTS, array, nullable, record, ref
from burgeed.server.refetch import PATH as REFETCH_PATH
from burgeed.server.route import OPEN, Handler, Route
from burgeed.server.snapshot_download import PATH as SNAPSHOT_PATH
from burgeed.server.snapshot_download import SnapshotDownload
from burgeed.server.streams import Streams
from burgeed.server.tracking import Tracking

FLAGS: Final = "/ofrep/v1/evaluate/flags"
SYNC_EVENTS_PATH: Final = "/sync/v1/events"
OPENAPI_PATH: Final = "/openapi.json"

QUESTION: Final = {"type": "object", "properties": {"context": ref("EvaluationContext")}}
DETAIL: Final = header("Burgee-Detail", "`1` adds to each item what a cache needs to know.", TEXT)
HOLDS: Final = header("If-None-Match", "The entity tag of what is held.", TEXT)
LAST_EVENT: Final = header("Last-Event-ID", "The id of the last event that was heard.", TEXT)
EVENT_STREAM: Final = {200: {**TEXT, "contentMediaType": "text/event-stream"}}

READINESS: Final = {"status": {"enum": ["ready", "not ready"]}, "reasons": TEXTS}
SERVED: Final = {"version": TEXT, "generation": nullable(TEXT), "sources": array(OBJECT), "server": OBJECT}

SCHEMAS: Final = {
    "EvaluationContext": {
        "type": "object",
        "properties": {"targetingKey": nullable(TEXT)},
        "description": "Attributes of whom an answer is for.",
    },
    "Evaluation": record(
        {
            "key": TEXT,
            "value": {},
            "reason": TEXT,
            "variant": TEXT,
            "metadata": OBJECT,
            "errorCode": TEXT,
            "errorDetails": TEXT,
            "burgee": OBJECT,
        },
        optional=("value", "reason", "variant", "metadata", "errorCode", "errorDetails", "burgee"),
    ),
    "TrackedEvent": record(
        {
            "name": KEY,
            "time": {"type": "string", "format": "date-time"},
            "targetingKey": TEXT,
            "context": OBJECT,
            "value": {"type": "number"},
            "attributes": OBJECT,
        },
        optional=("targetingKey", "context", "value", "attributes"),
    ),
    "BulkEvaluation": record(
        {"flags": array(ref("Evaluation")), "metadata": OBJECT, "eventStreams": array(OBJECT)},
        optional=("metadata", "eventStreams"),
    ),
}


def evaluation_routes(evaluations: Evaluations, streams: Streams) -> tuple[Route, ...]:
    """OFREP."""
    return (
        Route(
            "POST", FLAGS + "/{key}", evaluations.single, "evaluateFlag", Scope.EVALUATE,
            "Evaluate one flag.",
            parameters=(SELECTOR, DETAIL), request=QUESTION,
            responses={200: ref("Evaluation"), 404: ref("Evaluation")},
            headers=("Burgee-Generation", "Burgee-Vary", "Burgee-Until"),
        ),
        *(
            Route(
                "POST", path, evaluations.bulk, operation, Scope.EVALUATE,
                "Evaluate all flags.",
                parameters=(
                    SELECTOR, DETAIL, HOLDS,
                    query("eventStreams", "`false` leaves out where changes are announced.", TEXT),
                    query("flagConfigEtag", "`etag` of the event that made the client ask.", TEXT),
                ),
                request=QUESTION, responses={200: ref("BulkEvaluation"), 304: None},
                headers=("ETag", "Burgee-Generation"),
            )
            for path, operation in ((FLAGS, "evaluateFlags"), (FLAGS + "/", "evaluateFlagsWithSlash"))
        ),
        Route(
            "GET", REFETCH_PATH, streams.refetch.handle, "followAnswers", Scope.EVALUATE,
            "Server-sent events that tell OFREP clients to ask again.",
            parameters=(LAST_EVENT,), responses=EVENT_STREAM,
        ),
    )  # fmt: skip


def sync_routes(streams: Streams, download: SnapshotDownload, tracking: Tracking) -> tuple[Route, ...]:
    """For providers and daemons downstream. Only the snapshot shows whom flags are for."""
    return (
        Route(
            "GET", SNAPSHOT_PATH, download.handle, "readSnapshot", Scope.READ,
            "The whole snapshot.",
            parameters=(HOLDS,),
            responses={200: {**TEXT, "contentMediaType": "application/octet-stream"}, 304: None},
            headers=("ETag", "Burgee-Generation"), by_socket=True,
        ),
        Route(
            "GET", SYNC_EVENTS_PATH, streams.sync.handle, "followGenerations", Scope.EVALUATE,
            "Server-sent events of every generation, and heartbeats.",
            responses=EVENT_STREAM,
        ),
        Route(
            "POST", TRACK_PATH, tracking.track, "trackEvents", Scope.EVALUATE,
            "Take what users did.",
            request=record({"events": array(ref("TrackedEvent"))}),
            responses={202: record({"accepted": COUNT})},
        ),
    )  # fmt: skip


def health_routes(health: Health, describe: Handler) -> tuple[Route, ...]:
    """Is it alive, is it ready, what does it do, and what can be asked."""
    report = record({**READINESS, **SERVED, "uptimeSeconds": COUNT, "degraded": TEXTS})
    return (
        Route(
            "GET", "/healthz", health.live, "isAlive", OPEN,
            "200 whenever anyone answers at all.",
            responses={200: record({"status": {"const": "alive"}})},
        ),
        Route(
            "GET", "/readyz", health.ready, "isReady", OPEN,
            "200 when evaluations are answered, else 503 and the reasons.",
            responses={200: record(READINESS), 503: record(READINESS)},
        ),
        Route(
            "GET", "/health", health.report, "readHealth", OPEN,
            "The same, with what there is to know without names.",
            responses={200: report, 503: report},
        ),
        Route(
            "GET", "/status", health.status, "readStatus", OPEN,
            "Sources with their faults, what is served, and what of it leads nowhere.",
            responses={200: record({**READINESS, **SERVED})},
        ),
        Route(
            "GET", OPENAPI_PATH, describe, "describe", OPEN,
            "This description (OpenAPI 3.1).",
            responses={200: OBJECT},
        ),
    )  # fmt: skip
