"""Many streams are told at once: framed once for all that want the same, and each hears what it wants."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.event_server import control_event, event_server
from tests.support.raw_streams import RawEvents, RawSocket

from burgee.wire.control_events import Position
from burgeed.control.event_log import EventLog
from burgeed.server import control_events as module
from burgeed.server.control_event_filter import EventFilter
from burgeed.server.control_event_streams import chunked

QUERIES: tuple[dict[str, str], ...] = ({}, {"type": "override.*"}, {"flag": "a"}, {"type": "flag.killed"})
STREAMS = 6


def test_streams_of_all_kinds_hear_what_they_want_in_order_and_it_is_framed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    framed: Counter[int] = Counter()

    def counting(position: Position, kind: str, document: bytes) -> bytes:
        framed[position.sequence] += kind not in ("reset", "heartbeat")
        return chunked(position, kind, document)

    monkeypatch.setattr(module, "chunked", counting)
    with event_server(tmp_path) as server, ExitStack() as stack:
        streams = [
            (query, stack.enter_context(kind(server.unix, query=query)))
            for kind in (RawEvents, RawSocket)
            for query in QUERIES
            for _ in range(STREAMS)
        ]
        for _, stream in streams:
            assert stream.event()["type"] == "reset"
        for start in range(0, 40, 4):
            server.append(
                *(
                    control_event(
                        "override.set" if number % 2 else "flag.updated",
                        flag_key="ab"[number // 2 % 2],
                        revision=number + 1,
                    )
                    for number in range(start, start + 4)
                )
            )
        server.append(control_event("flag.killed", flag_key="b", revision=41))
        expected = {
            tuple(query.items()): [
                event.sequence
                for event in server.do(lambda: server.log.since(server.log.epoch, 0)) or ()
                if _filter(query).admits(event)
            ]
            for query in QUERIES
        }
        for query, stream in streams:
            wanted = expected[tuple(query.items())]
            heard = [stream.event()["id"].rpartition("-")[2] for _ in wanted]
            assert [int(each) for each in heard] == wanted
        # For each of the filters that admit it, and not for each of their streams.
        assert max(framed.values()) <= len(QUERIES)


def _filter(query: dict[str, str]) -> EventFilter:
    kinds = query.get("type")
    types = None if kinds is None else frozenset({"override.set" if kinds.endswith("*") else kinds})
    return EventFilter(flag=query.get("flag", ""), types=types)


def test_a_place_that_nothing_new_is_of_interest_for_moves_on_unasked() -> None:
    log, called = EventLog("e1"), []
    subscription = log.subscribe(EventFilter(types=frozenset({"flag.killed"})))
    subscription.on_more(lambda: called.append(log.last))
    log.append([control_event("override.set"), control_event("generation.published")])
    assert (called, subscription.sequence, subscription.has_more) == ([], 2, False)
    log.append([control_event("override.set"), control_event("flag.killed")])
    assert (called, subscription.sequence, subscription.has_more) == ([4], 2, True)
    log.append([control_event("override.set")])
    assert (called, subscription.sequence) == ([4, 5], 2)
