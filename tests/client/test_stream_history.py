"""Writers, subscribers and a bad network, recorded and judged offline; and the judge itself, judged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from burgeed.control.event_log import EventLog
from burgeed.server.limits import Limits
from tests.client.conftest import LISTENERS, Listener, Quick
from tests.support import faults
from tests.support.event_server import EventServer, control_event, event_server
from tests.support.fault_proxy import FaultProxy
from tests.support.stream_history import History, read_history, violations

KEYS = [f"f{number}" for number in range(12)]
END = "end"

Line = dict[str, Any]


def write(key: str, revision: int) -> Line:
    return {"what": "write", "key": key, "revision": revision, "value": f"v{revision}"}


def event(number: int, key: str, revision: int, skipped: int = 0) -> Line:
    return {
        "what": "event", "who": "s", "id": f"e-{number}", "key": key, "revision": revision,
        "value": f"v{revision}", "skipped": skipped,
    }  # fmt: skip


SOUND: list[Line] = [
    {"what": "reset", "who": "s", "id": "e-0", "revision": 0, "why": "connected"},
    {"what": "read", "who": "s", "state": {}},
    write("a", 1),
    event(1, "a", 1),
    write("b", 2),
    event(2, "b", 2),
    write("a", 3),
    write("a", 4),
    event(4, "a", 4, skipped=1),
    {"what": "reset", "who": "s", "id": "e-9", "revision": 4, "why": "gap"},
    {"what": "read", "who": "s", "state": {"a": [4, "v4"], "b": [5, "v5"]}},
    write("b", 5),
    event(10, "b", 5),
    {"what": "reset", "who": "s", "id": "x-0", "revision": 5, "why": "epoch"},
    {"what": "read", "who": "s", "state": {"a": [4, "v4"], "b": [5, "v5"]}},
    write("a", 6),
    event(1, "a", 6) | {"id": "x-1"},
    {"what": "end", "who": "s"},
]


def test_a_sound_history_is_found_sound() -> None:
    assert violations(SOUND) == []


def without(number: int) -> Callable[[list[Line]], object]:
    return lambda lines: lines.pop(number)


PLANTED: list[tuple[str, Callable[[list[Line]], object], str]] = [
    ("the last event is lost", without(16), "a ends as"),
    ("an event is lost without being counted", without(5), "2 events are missing, 1 were said to be"),
    ("more is said to be skipped than is", lambda lines: lines[8].update(skipped=2), "1 events are missing"),
    ("an event is told twice", lambda lines: lines.insert(6, lines[5]), "told again"),
    ("events are swapped", lambda lines: lines.insert(3, lines.pop(5)), "told again"),
    ("an event that nobody wrote", lambda lines: lines[5].update(value="v9"), "what nobody wrote"),
    ("another epoch without a reset", lambda lines: lines[5].update(id="x-2"), "another epoch"),
    ("a reset goes back", lambda lines: lines[9].update(id="e-3"), "goes back behind 4"),
    ("a read goes back", lambda lines: lines[10]["state"].update(a=[3, "v3"]), "went back from 4 to 3"),
    ("nothing is read after a reset", without(14), "nothing was read"),
    ("a stream that does not say where it begins", without(0), "before it was said"),
    ("a subscriber that never ends", without(17), "never came to its end"),
    ("nobody listens", lambda lines: lines.__delitem__(slice(0, None)), "nobody listened"),
]


@pytest.mark.parametrize(("plant", "says"), [each[1:] for each in PLANTED], ids=[each[0] for each in PLANTED])
def test_a_planted_fault_is_found(plant: Callable[[list[Line]], object], says: str) -> None:
    lines = deepcopy(SOUND)
    plant(lines)
    assert any(says in each for each in violations(lines)), violations(lines)


class Recording:
    """Writers and subscribers around one server."""

    def __init__(self, server: EventServer, history: History, seed: int) -> None:
        self.server = server
        self.history = history
        self.seed = seed
        self.state: dict[str, list[Any]] = {}

    def write(self, key: str) -> None:
        """One write, acknowledged when this returns."""

        def commit() -> tuple[int, str]:
            log = self.server.log
            revision = log.revision + 1
            value = f"v{revision}"
            self.state[key] = [revision, value]
            log.append(
                [control_event(flag_key=key, revision=revision, reason="x" * 300, data={"after": value})]
            )
            return revision, value

        revision, value = self.server.do(commit)
        self.history.add("write", key=key, revision=revision, value=value)

    def write_many(self, number: int, count: int) -> None:
        random = Random(f"writer {self.seed} {number}")
        for _ in range(count):
            self.write(random.choice(KEYS))
            threading.Event().wait(random.uniform(0, 0.004))

    def listen(self, who: str, listener: Listener, slow: float) -> None:
        """Hear everything up to the last write."""
        random = Random(f"listener {self.seed} {who}")
        for message in listener.events():
            if message["type"] == "reset":
                self.history.add(
                    "reset", who=who, id=message["id"], revision=message["revision"], why=message["why"]
                )
                state = self.server.do(lambda: deepcopy(self.state))
                self.history.add("read", who=who, state=state)
                if END in state:
                    break
                continue
            self.history.add(
                "event",
                who=who,
                id=message["id"],
                key=message["flag"],
                revision=message["revision"],
                value=message["data"]["after"],
                skipped=message.get("skipped", 0),
            )
            if message["flag"] == END:
                break
            if slow:
                threading.Event().wait(random.uniform(0, slow))
        self.history.add("end", who=who)

    def trouble(self, proxies: list[FaultProxy], stopping: threading.Event) -> None:
        """Break connections at random, and what is sent over them."""
        random = Random(f"trouble {self.seed}")
        while not stopping.wait(random.uniform(0, 0.05)):
            proxy = random.choice(proxies)
            kind = random.randrange(5)
            if kind == 0:
                proxy.drop()
            elif kind == 1:
                proxy.fault = faults.After(
                    random.randrange(3_000), random.choice([faults.close, faults.reset])
                )
            elif kind == 2:
                proxy.fault = faults.Slice(random.randrange(1, 200))
            else:
                proxy.fault = faults.Fault()
        for proxy in proxies:
            proxy.fault = faults.Fault()


def record(directory: Path, seed: int, *, writes: int, length: int, restarts: int) -> list[Line]:
    """One run; its history, read back from its file."""
    limits = Limits(stream_buffer=4_096, stall=1.0, control_heartbeat=0.2)
    history = History(directory / "history.jsonl")
    with event_server(directory, limits=limits, log=EventLog("e0", length=length)) as server:
        recording = Recording(server, history, seed)
        proxies = [FaultProxy(server.unix) for _ in range(3)]
        listeners: dict[str, Listener] = {}
        for number, proxy in enumerate(proxies):
            proxy.listen()
            for kind in ("blocking", "asynchronous"):
                for over in ("sse", "websocket"):
                    listeners[f"{kind} {over} {number}"] = LISTENERS[kind](
                        proxy.address, over=over, random=Quick(seed), silence=2.0
                    )
        stopping = threading.Event()
        threads = [
            threading.Thread(
                target=recording.listen, args=(who, listener, 0.02 if who.endswith("2") else 0.0), name=who
            )
            for who, listener in listeners.items()
        ]
        writers = [threading.Thread(target=recording.write_many, args=(n, writes)) for n in range(3)]
        troubling = threading.Thread(target=recording.trouble, args=(proxies, stopping))
        for thread in (*threads, *writers, troubling):
            thread.start()
        for number in range(1, restarts + 1):
            threading.Event().wait(0.4)
            server.restart_log(EventLog(f"e{number}", length=length, revision=server.log.revision))
        for thread in writers:
            thread.join(60)
        stopping.set()
        troubling.join(20)
        recording.write(END)
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), f"{thread.name} did not come to its end"
        for listener in listeners.values():
            listener.close()
        for proxy in proxies:
            proxy.__exit__()
    history.close()
    return read_history(history.path)


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_repeated_or_turned_back_over_a_bad_network(tmp_path: Path, seed: int) -> None:
    lines = record(tmp_path, seed, writes=150, length=120, restarts=1)
    assert violations(lines) == []
    resets = [line["why"] for line in lines if line["what"] == "reset"]
    assert {"connected", "epoch"} <= set(resets)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 112))
def test_nothing_is_lost_repeated_or_turned_back_over_a_bad_network_for_long(
    tmp_path: Path, seed: int
) -> None:
    lines = record(tmp_path, seed, writes=1_000, length=[50, 300, 5_000][seed % 3], restarts=seed % 4)
    assert violations(lines) == []
