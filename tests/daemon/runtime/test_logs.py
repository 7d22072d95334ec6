"""Log lines: one event each, and nothing in them that a terminal would obey."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Literal

import pytest

from burgee.fault import Fault
from burgee.layer import Layer
from burgeed.runtime import logs
from burgeed.runtime.sink import MOST_FAULTS_LOGGED, SourceSink
from burgeed.store.generations import GenerationCounter
from burgeed.store.layers import LayerStore
from burgeed.store.status import SourceStatuses


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)


def lines(log_format: Literal["text", "json"], message: str, **fields: object) -> list[str]:
    stream = io.StringIO()
    logs.configure(log_format, lambda: 1795226523.1239, stream)
    logging.getLogger("burgeed.test").warning(message, extra=fields)
    return stream.getvalue().split("\n")[:-1]


HOSTILE = "a\nb\r\x1b[31m\x85\u2028\u202e\x00\x7f"


def test_a_text_line_says_when_how_grave_where_and_what() -> None:
    assert lines("text", "it happened", source="a b", flags=3) == [
        '2026-11-21T02:02:03.123Z warning burgeed.test: it happened source="a b" flags=3'
    ]


def test_a_json_line_says_the_same() -> None:
    [line] = lines("json", "it happened", source="a b", flags=3)
    assert json.loads(line) == {
        "time": "2026-11-21T02:02:03.123Z",
        "level": "warning",
        "logger": "burgeed.test",
        "message": "it happened",
        "source": "a b",
        "flags": 3,
    }


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_control_and_format_characters_are_escaped_and_never_end_a_line(
    log_format: Literal["text", "json"],
) -> None:
    [line] = lines(log_format, HOSTILE, source=HOSTILE)
    assert not set(HOSTILE) - set("ab[31m") & set(line)


def test_letters_of_all_languages_stay_readable_in_text() -> None:
    assert lines("text", "blåbær 木")[0].endswith("blåbær 木")


def test_text_that_no_encoding_takes_is_logged_all_the_same() -> None:
    assert lines("text", "\ud800")[0].endswith("\\ud800")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_long_field_is_cut_and_says_so(log_format: Literal["text", "json"]) -> None:
    [line] = lines(log_format, "it happened", source="x" * 100_000)
    assert len(line) < logs.LONGEST_FIELD + 200 and "100000 characters" in line


class Heard:
    """A sink, and the statuses that it writes to."""

    def __init__(self) -> None:
        store = LayerStore(["base"], next_generation=GenerationCounter(None).next)
        self.statuses = SourceStatuses([("base", False)], lambda: 0.0)
        self.spoken = 0
        self.sink = SourceSink("base", store, self.statuses, self.speak)

    def speak(self) -> None:
        self.spoken += 1

    async def act(self, *words: Callable[[], None]) -> None:
        """Say the words, each after the one before has been acted on."""
        running = asyncio.create_task(self.sink.run())
        async with asyncio.timeout(10):
            for word in words:
                before = self.spoken
                word()
                while self.spoken == before:
                    await asyncio.sleep(0.001)
        running.cancel()


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Heard:
    caplog.set_level(logging.INFO)
    return Heard()


async def test_a_rejection_is_logged_with_file_line_column_and_remedy(
    heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault("unknown field `x`", ("flags", "a"), "did you mean `y`?", file="f.yaml", line=3, column=7)
    await heard.act(lambda: heard.sink.rejected((fault,)))
    [record] = caplog.records
    assert "f.yaml:3:7" in record.message and "did you mean `y`?" in record.message
    assert (heard.statuses["base"].state, heard.statuses["base"].faults) == ("rejected", (fault,))


async def test_a_thousand_faults_are_not_a_thousand_lines(
    heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    faults = tuple(Fault(f"fault {number}") for number in range(1000))
    await heard.act(lambda: heard.sink.rejected(faults))
    assert len(caplog.records) == MOST_FAULTS_LOGGED + 1 and "980 more" in caplog.records[-1].message


async def test_an_absence_is_logged_once_and_a_return_too(
    heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    def absent() -> None:
        heard.sink.absent("there is no such file")

    def delivered() -> None:
        heard.sink.delivered(Layer("base"), ())

    await heard.act(absent, absent, delivered, absent, delivered)
    messages = [record.message for record in caplog.records]
    assert [message.split(",")[0] for message in messages] == [
        "the source has no content",
        "published a new generation",
        "the source has no content",
        "the source is live again",
    ]
    assert "waits" in messages[0] and "last good" in messages[2]
    assert heard.statuses["base"].state == "live"


def test_the_time_of_a_state_is_that_of_its_beginning() -> None:
    now = 0.0
    statuses = SourceStatuses([("base", False)], lambda: now)
    statuses.delivered("base", ())
    now = 5.0
    statuses.delivered("base", ())
    assert (statuses["base"].since, statuses["base"].last_delivered) == (0.0, 5.0)
    now = 6.0
    statuses.rejected("base", (Fault("bad"),))
    assert statuses["base"].report()["since"] == "1970-01-01T00:00:06Z"
    assert statuses["base"].report()["lastDelivered"] == "1970-01-01T00:00:05Z"
