"""``POST /admin/v1/impact``: who of a sample would be answered otherwise, before anything is changed.

The body says which sample and what would change:

- ``contexts``: a list of evaluation contexts, or ``"recorded"`` for those that the daemon recorded.
- ``overlay``: a definition that would lie on top of everything (``flags``, ``overrides``, ``kill``, ...), or
  ``revision``: the number that everything set at run time would be rolled back to.

The answer is 200 with what :func:`burgee.impact_document.impact_document` writes and the generation that was
compared with. Only flags that differ are evaluated, in slices beside the event loop, one request at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from burgee.impact import Comparison
from burgee.impact_document import impact_document
from burgee.selector import ANY, Selector
from burgee.snapshot import Snapshot
from burgeed.authority.principal import Scope
from burgeed.control.impact import proposed_layer, rolled_back_layer, would_be_served
from burgeed.server.admin.body import check_fields, read_object
from burgeed.server.admin.parameters import FLAG_SET, LARGEST_REVISION, REQUEST_ID
from burgeed.server.admin.query import flag_set_id_of, flag_set_of
from burgeed.server.admin.writes import control_of
from burgeed.server.errors import RETRY, json_response, not_ready
from burgeed.server.openapi_schemas import COUNT, OBJECT, TEXT, array, record
from burgeed.server.problems import Problem, malformed
from burgeed.server.route import Route
from burgeed.server.services import Services

FIELDS: Final = ("contexts", "overlay", "revision")

MOST_CONTEXTS: Final = 10_000
MOST_QUESTIONS: Final = 2_000_000
"""Contexts times flags that differ: some seconds of one processor."""

QUESTIONS_AT_ONCE: Final = 5_000
"""Between two of which a request that nobody waits for any more ends."""

WAITING_LIMIT: Final = 8
"""Requests that wait for the one that is being answered."""

REQUEST: Final = record(
    {
        "contexts": {
            "anyOf": [{**array(OBJECT), "maxItems": MOST_CONTEXTS}, {"const": "recorded"}],
            "description": "The sample.",
        },
        "overlay": {
            **OBJECT,
            "description": "A definition that would lie on top of everything; an override of "
            '`{"inherit": true}` hides the one beneath.',
        },
        "revision": {"type": "integer", "minimum": 0, "maximum": LARGEST_REVISION},
    },
    optional=("overlay", "revision"),
    closed=True,
) | {"oneOf": [{"required": ["overlay"]}, {"required": ["revision"]}]}

ANSWER: Final = record(
    {
        "generation": TEXT,
        "contexts": COUNT,
        "affected": COUNT,
        "byLevel": OBJECT,
        "flags": array(
            record(
                {
                    "flag": TEXT,
                    "flagSet": TEXT,
                    "change": {"enum": ["added", "removed", "changed"]},
                    "affected": COUNT,
                    "byLevel": OBJECT,
                    "transitions": array(
                        record(
                            {
                                "before": OBJECT,
                                "after": OBJECT,
                                "contexts": COUNT,
                                "positions": array(COUNT),
                                "examples": array(OBJECT),
                            }
                        )
                    ),
                },
                optional=("flagSet",),
            )
        ),
    }
)


class Impact:
    """The handler."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turn = asyncio.Lock()
        self._waiting = 0

    def route(self) -> Route:
        """Its row of the table."""
        return Route(
            "POST",
            "/admin/v1/impact",
            self.handle,
            "tellImpact",
            Scope.READ,
            "Who of a sample of contexts would be answered otherwise.",
            parameters=(FLAG_SET, REQUEST_ID),
            request=REQUEST,
            responses={200: ANSWER},
        )

    async def handle(self, request: web.Request) -> web.Response:
        """Compare what is served with what would be. Raises Problem, ControlError."""
        services = self._services
        if not services.store.ready:
            raise not_ready()
        body = await read_object(request, services.limits)
        check_fields(body, FIELDS)
        contexts = self._contexts(body.get("contexts"))
        if self._waiting > WAITING_LIMIT:
            detail = f"{WAITING_LIMIT} such questions wait already: try again"
            raise Problem(503, "unavailable", detail, headers=RETRY)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._answer(request, body, contexts)
        finally:
            self._waiting -= 1

    async def _answer(
        self, request: web.Request, body: Mapping[str, Any], contexts: Sequence[Mapping[str, Any]]
    ) -> web.Response:
        services = self._services
        store = services.store
        served = store.snapshot
        layers = await self._layers(request, body)
        selector = Selector(flag_set_of(request, served).flag_set_id) if "flag_set" in request.query else ANY
        # What a snapshot remembers is altered with each question, so that a thread has to have its own.
        before, version, now = _apart(served), store.fractional_version, services.clock.wall()

        def compared() -> Comparison:
            after = would_be_served(layers, before, version)
            return Comparison(before, after, now=now, selector=selector)

        comparison = await asyncio.to_thread(compared)
        if comparison.questions * len(contexts) > MOST_QUESTIONS:
            raise malformed(
                f"{comparison.questions} flags differ, which for {len(contexts)} contexts is more than"
                f" {MOST_QUESTIONS} questions; send fewer contexts"
            )
        at_once = max(1, QUESTIONS_AT_ONCE // max(1, comparison.questions))
        for start in range(0, len(contexts), at_once):
            await asyncio.to_thread(_add, comparison, contexts[start : start + at_once])
        document = await asyncio.to_thread(lambda: impact_document(comparison.outcome()))
        return json_response({"generation": str(served.generation), **document})

    def _contexts(self, stated: object) -> list[dict[str, Any]]:
        recorded = self._services.recorded
        if stated == "recorded":
            if recorded is None:
                raise malformed("this daemon records no contexts; start it with --record-contexts NUMBER")
            return recorded.contexts()
        if not isinstance(stated, list):
            raise malformed('`contexts` is no list of contexts, and not "recorded"')
        if len(stated) > MOST_CONTEXTS:
            raise malformed(f"these are {len(stated)} contexts; send {MOST_CONTEXTS} at most")
        for number, each in enumerate(stated):
            if not isinstance(each, dict):
                raise malformed(f"contexts[{number}] is no object")
        enrichment = self._services.enrichment
        return stated if enrichment is None else [dict(enrichment.enriched(each)) for each in stated]

    async def _layers(self, request: web.Request, body: Mapping[str, Any]) -> list[Any]:
        """The layers that would be served, bottom first."""
        services = self._services
        overlay, revision = body.get("overlay"), body.get("revision")
        if (overlay is None) == (revision is None):
            raise malformed("write what would change: either `overlay` or `revision`")
        if overlay is not None:
            if not isinstance(overlay, dict):
                raise malformed("`overlay` is no definition: an object with flags, overrides, kill")
            stated = overlay.get("metadata")
            named = isinstance(stated, dict) and "flagSetId" in stated
            flag_set_id = "" if named else flag_set_id_of(request, services.store.snapshot)
            layers = services.store.layers
            return [*layers, await asyncio.to_thread(proposed_layer, overlay, flag_set_id)]
        if type(revision) is not int or not 0 <= revision <= LARGEST_REVISION:
            raise malformed("`revision` is no number of a revision; 0 is before the first")
        control = control_of(services)
        state = control.state
        changes = await control.difference(revision, state.revision)
        return [*control.beneath(), await asyncio.to_thread(rolled_back_layer, state, changes)]


def _add(comparison: Comparison, contexts: Sequence[Mapping[str, Any]]) -> None:
    for context in contexts:
        comparison.add(context)


def _apart(snapshot: Snapshot) -> Snapshot:
    """The same, with nothing in common that is altered."""
    flag_sets = {
        flag_set_id: replace(flag_set, known_dependencies=dict(flag_set.known_dependencies))
        if isinstance(flag_set.known_dependencies, dict)
        else flag_set
        for flag_set_id, flag_set in snapshot.flag_sets.items()
    }
    return replace(snapshot, flag_sets=flag_sets, known_functions={}, known_bulks={})
