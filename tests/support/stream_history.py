"""What writers wrote and subscribers heard, as JSON Lines, and whether it can have been so.

The validator knows nothing of how streams work. It is told, in the order in which each client saw them:

    {"what": "write", "key": K, "revision": R, "value": V}                      acknowledged
    {"what": "event", "who": S, "id": "E-N", "key": K, "revision": R, "value": V, "skipped": 0}
    {"what": "reset", "who": S, "id": "E-N", "revision": R, "why": ...}
    {"what": "read",  "who": S, "state": {K: [R, V], ...}}                      after a reset, from the daemon
    {"what": "end",   "who": S}                                                 it has heard everything

and finds what is wrong: a final state that was lost, a step back in time, an event told twice, one left out
without being counted, one that nobody wrote.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class History:
    """Collects lines from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("w")

    def add(self, what: str, **fields: Any) -> None:
        with self._lock:
            self._file.write(json.dumps({"what": what, **fields}) + "\n")

    def close(self) -> None:
        self._file.close()


def read_history(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@dataclass
class _Subscriber:
    state: dict[str, tuple[int, Any]] = field(default_factory=dict)
    epoch: str = ""
    sequence: int | None = None
    owes_read: bool = False
    ended: bool = False


def violations(history: Iterable[dict[str, Any]]) -> list[str]:
    """Everything that cannot have been so, each as a sentence; empty where all is well."""
    lines = list(history)
    written: dict[tuple[str, int], Any] = {}
    final: dict[str, tuple[int, Any]] = {}
    for line in lines:
        if line["what"] == "write":
            written[line["key"], line["revision"]] = line["value"]
            if line["revision"] >= final.get(line["key"], (0, None))[0]:
                final[line["key"]] = (line["revision"], line["value"])
    found: list[str] = []
    subscribers: defaultdict[str, _Subscriber] = defaultdict(_Subscriber)
    for line in lines:
        if line["what"] == "write":
            continue
        who = line["who"]
        subscriber = subscribers[who]
        if line["what"] == "event":
            found += _event(who, subscriber, line, written)
        elif line["what"] == "reset":
            epoch, _, number = line["id"].rpartition("-")
            if epoch == subscriber.epoch and int(number) < (subscriber.sequence or 0):
                found.append(f"{who}: the reset {line['id']} goes back behind {subscriber.sequence}")
            subscriber.epoch, subscriber.sequence = epoch, int(number)
            subscriber.owes_read = True
        elif line["what"] == "read":
            found += _read(who, subscriber, line["state"])
        else:
            subscriber.ended = True
    for who, subscriber in subscribers.items():
        if subscriber.owes_read:
            found.append(f"{who}: a reset after which nothing was read")
        if not subscriber.ended:
            found.append(f"{who}: never came to its end")
        for key, last in final.items():
            if subscriber.state.get(key) != last:
                found.append(f"{who}: {key} ends as {subscriber.state.get(key)}, written last was {last}")
    if not subscribers:
        found.append("nobody listened")
    return found


def _event(
    who: str, subscriber: _Subscriber, line: dict[str, Any], written: dict[tuple[str, int], Any]
) -> list[str]:
    found = []
    epoch, _, number = line["id"].rpartition("-")
    sequence, key, revision = int(number), line["key"], line["revision"]
    if written.get((key, revision), ...) != line["value"]:
        found.append(f"{who}: {line['id']} tells of {key} at {revision} what nobody wrote")
    if subscriber.sequence is None:
        found.append(f"{who}: {line['id']} came before it was said where the stream begins")
    elif epoch != subscriber.epoch:
        found.append(f"{who}: {line['id']} is of another epoch than {subscriber.epoch}, without a reset")
    elif sequence <= subscriber.sequence:
        found.append(f"{who}: {line['id']} was told again, or late, after {subscriber.sequence}")
    elif sequence != subscriber.sequence + 1 + line["skipped"]:
        gap = sequence - subscriber.sequence - 1
        found.append(
            f"{who}: before {line['id']}, {gap} events are missing, {line['skipped']} were said to be"
        )
    subscriber.epoch, subscriber.sequence = epoch, sequence
    known = subscriber.state.get(key, (0, None))[0]
    # What was read after a reset may be newer than the events that follow: those bring nothing new.
    if revision > known:
        subscriber.state[key] = (revision, line["value"])
    return found


def _read(who: str, subscriber: _Subscriber, state: dict[str, list[Any]]) -> list[str]:
    found = []
    for key, (revision, _) in subscriber.state.items():
        if state.get(key, [0])[0] < revision:
            found.append(f"{who}: {key} went back from {revision} to {state.get(key, [0])[0]}")
    subscriber.state = {key: (revision, value) for key, (revision, value) in state.items()}
    subscriber.owes_read = False
    return found
