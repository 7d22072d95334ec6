"""Who reads slowly hears the latest state; who does not read is dropped; neither costs much memory."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest
from tests.support.daemon import wait_until
from tests.support.event_server import EventServer, control_event, event_server, resident_kilobytes
from tests.support.raw_streams import KINDS, RawStream

from burgeed.control.event_log import EventLog
from burgeed.server.limits import Limits

PATIENT = Limits(stall=60.0, write_deadline=60.0, stream_buffer=16 * 1024)
LONG = "x" * 1000
FLAGS = 50


@pytest.fixture(params=["sse", "websocket"])
def kind(request: pytest.FixtureRequest) -> type[RawStream]:
    return KINDS[request.param]


@pytest.fixture(params=["unix", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def append_many(server: EventServer, count: int, begin: int = 0) -> int:
    """Events about few flags, a hundred at a time; the most bytes that waited for subscribers."""
    most = 0
    for start in range(begin, begin + count, 100):
        server.append(
            *(
                control_event(
                    flag_key=f"f{number % FLAGS}", revision=number + 1, reason=LONG, data={"after": number}
                )
                for number in range(start, start + 100)
            )
        )
        most = max(most, server.do(lambda: server.events.waiting))
    return most


def told_one_by_one(server: EventServer, stream: RawStream) -> list[int]:
    """What a stream that has caught up hears of ten events, each of which it reads at once."""
    heard = []
    for number in range(5_000, 5_010):
        server.append(control_event(flag_key="f0", reason=LONG, data={"after": number}))
        heard.append(stream.event()["data"]["after"])
    return heard


def bound(limits: Limits) -> int:
    """Bytes that may wait in the process for one subscriber: two portions and one event, in their frames."""
    return 2 * limits.stream_buffer + 2 * len(LONG)


def test_a_slow_subscriber_hears_the_latest_state_of_everything_in_order(
    tmp_path: Path, kind: type[RawStream], transport: str
) -> None:
    with (
        event_server(tmp_path, limits=PATIENT) as server,
        kind(getattr(server, transport), receive_buffer=4096) as stream,
    ):
        stream.event()
        most = append_many(server, 5_000)
        assert most <= bound(PATIENT)
        heard: list[dict[str, Any]] = []
        while not heard or heard[-1]["id"] != "e1-5000":
            heard.append(stream.event())
        assert len(heard) < 2_000
        numbers = [each["data"]["after"] for each in heard]
        assert numbers == sorted(set(numbers))
        assert {each["flag"]: each["data"]["after"] for each in heard} == {
            f"f{number % FLAGS}": number for number in range(4_950, 5_000)
        }
        assert len(heard) + sum(each.get("skipped", 0) for each in heard) == 5_000
        assert told_one_by_one(server, stream) == list(range(5_000, 5_010))


def test_who_resumes_slowly_still_hears_every_event(tmp_path: Path, kind: type[RawStream]) -> None:
    with event_server(tmp_path, limits=PATIENT) as server:
        append_many(server, 3_000)
        with kind(server.unix, last_id="e1-0", receive_buffer=4096) as stream:
            wait_until(lambda: server.do(lambda: server.events.waiting) > 10_000)
            assert server.do(lambda: server.events.waiting) <= bound(PATIENT)
            heard = [stream.event()["data"]["after"] for _ in range(3_000)]
    assert heard == list(range(3_000))


def test_who_falls_behind_the_history_itself_is_told_to_begin_anew(
    tmp_path: Path, kind: type[RawStream]
) -> None:
    with (
        event_server(tmp_path, limits=PATIENT, log=EventLog("e1", length=200)) as server,
        kind(server.unix, receive_buffer=4096) as stream,
    ):
        stream.event()
        append_many(server, 5_000)
        heard = [stream.event()]
        while heard[-1]["type"] != "reset":
            heard.append(stream.event())
        reset = heard.pop()
        assert (reset["why"], reset["id"], reset["revision"]) == ("behind", "e1-5000", 5_000)
        assert told_one_by_one(server, stream) == list(range(5_000, 5_010))


def test_publications_that_are_passed_over_leave_their_flags_to_the_next_one(
    tmp_path: Path, kind: type[RawStream]
) -> None:
    with event_server(tmp_path, limits=PATIENT) as server:
        query = {"type": "generation.published"}
        with kind(server.unix, query=query, receive_buffer=4096) as stream:
            stream.event()
            for number in range(500):
                data = {"flags_changed": {f"f{number}"}, "generation": f"g-{number}", "pad": LONG}
                server.append(control_event("generation.published", data=data))
            told: set[str] = set()
            generation = ""
            while generation != "g-499":
                event = stream.event()
                told |= set(event["data"]["flagsChanged"])
                generation = event["data"]["generation"]
                count = event.get("skipped", 0)
    assert told == {f"f{number}" for number in range(500)}
    assert count > 0


def test_who_does_not_read_is_dropped_and_costs_nothing_any_more(
    tmp_path: Path, kind: type[RawStream], transport: str
) -> None:
    limits = Limits(stall=0.4)
    with (
        event_server(tmp_path, limits=limits) as server,
        kind(getattr(server, transport), receive_buffer=4096) as stalled,
        kind(getattr(server, transport)) as reading,
    ):
        for stream in (stalled, reading):
            stream.event()
        position = 0
        while server.state.evicted == 0:
            server.append(*(control_event(reason=LONG, flag_key=f"f{n}") for n in range(20)))
            position += 20
            while reading.event()["id"] != f"e1-{position}":
                pass
        wait_until(lambda: server.log.subscribers == 1)
        assert server.do(lambda: server.events.waiting) == 0
        assert server.state.evicted == 1
        assert stalled.has_ended()


@pytest.mark.long
def test_a_thousand_subscribers_that_do_not_read_cost_little_in_the_process_and_in_the_kernel(
    tmp_path: Path, kind: type[RawStream]
) -> None:
    limits = Limits(stall=60.0, write_deadline=60.0, subscribers=1_400, connections=4_000)
    with event_server(tmp_path, limits=limits) as server:
        streams = [kind(server.tcp, receive_buffer=4096) for _ in range(1_000)]
        try:
            for stream in streams:
                stream.event()
            memory, pages = resident_kilobytes(), kernel_pages()
            for number in range(0, 20_000, 200):
                server.append(
                    *(
                        control_event(flag_key=f"f{each % FLAGS}", reason=LONG, data={"after": each})
                        for each in range(number, number + 200)
                    )
                )
            grown = resident_kilobytes() - memory
            kernel = (kernel_pages() - pages) * socket_page()
            waiting = server.do(lambda: server.events.waiting)
            print(f"process {grown} kB, kernel {kernel // 1024} kB, waiting {waiting // 1024} kB")
            assert waiting <= 1_000 * (2 * limits.stream_buffer)
            assert grown < 300 * 1024
            assert kernel < 1_000 * 128 * 1024
        finally:
            for stream in streams:
                stream.socket.close()
        wait_until(lambda: server.log.subscribers == 0, 30)


def kernel_pages() -> int:
    """Pages that TCP's buffers take."""
    with open("/proc/net/sockstat") as file:
        line = next(each for each in file if each.startswith("TCP:"))
    fields = line.split()
    return int(fields[fields.index("mem") + 1])


def socket_page() -> int:
    """Bytes of one of them."""
    return resource.getpagesize()
