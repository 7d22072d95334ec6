"""All flags for one context at once."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from openfeature.contrib.provider.burgee.exchange import BULK_SHARE

from burgee.resolution import ErrorCode, Reason
from tests.provider.remote.asking import Asker, resolve
from tests.provider.remote.conftest import SECOND, Make, Served, bulk, item, told
from tests.support import fake_daemon
from tests.support.fake_daemon import FakeDaemon, Handler, hang, http, raw

PATH = "/ofrep/v1/evaluate/flags"
ITEMS = (item("flag", True, ["a"]), item("other", False, []), item("all", True, None))


def daemon(all_flags: Handler, one: Handler | None = None) -> Handler:
    """Answer bulk questions one way and single ones another."""
    single = one or told(True, vary="*")

    def handler(exchange: fake_daemon.Exchange) -> None:
        (all_flags if exchange.request.target.startswith(f"{PATH}?") else single)(exchange)

    return handler


def asked(fake: FakeDaemon) -> list[str]:
    """What was asked so far: ``all``, or a flag's key."""
    return [
        "all" if request.target == f"{PATH}?eventStreams=false" else request.target.rpartition("/")[2]
        for request in fake.requests
    ]


def test_all_flags_come_at_once_for_an_application_that_says_so(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = daemon(raw(bulk(*ITEMS)))
    resolver = make()
    assert asker.prefetch(resolver, {"a": 1}) == 3
    assert fake.requests[0].headers["burgee-detail"] == "1"
    assert fake.requests[0].context == {"a": 1}
    assert asker.ask(resolver, {"a": 1}).reason is Reason.CACHED
    assert asker.ask(resolver, {"a": 2}, "other").reason is Reason.CACHED
    assert asker.ask(resolver, {"a": 1}, "all").reason is Reason.STATIC
    assert len(fake.requests) == 2


def test_the_first_question_about_a_context_asks_for_all_flags_once_in_a_generation(
    make: Make, fake: FakeDaemon, served: Served, asker: Asker
) -> None:
    fake.evaluation = daemon(raw(bulk(*ITEMS)), told(None, status=404, errorCode="FLAG_NOT_FOUND"))
    resolver = make(prefetch=True)
    first = asker.ask(resolver, {"a": 1})
    assert (first.value, first.reason) == (True, Reason.STATIC)
    assert asker.ask(resolver, {"a": 1}, "other").reason is Reason.CACHED
    assert asker.ask(resolver, {"a": 1}, "unknown").error_code is ErrorCode.FLAG_NOT_FOUND
    assert asker.ask(resolver, {"a": 1}, "unknown").error_code is ErrorCode.FLAG_NOT_FOUND
    assert asked(fake) == ["all", "unknown"]
    asker.ask(resolver, {"a": 2})
    assert asked(fake) == ["all", "unknown", "all"]
    served.now = SECOND
    fake.evaluation = daemon(raw(bulk(*ITEMS, generation=SECOND)))
    for _ in range(2):
        asker.ask(resolver, {"a": 1})
        asker.ask(resolver, {"a": 1}, "other")
    assert asked(fake)[3:] == ["all"]


def test_a_flag_that_depends_on_everything_comes_with_all_and_alone_afterwards(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = daemon(raw(bulk(*ITEMS)))
    resolver = make(prefetch=True)
    for _ in range(3):
        assert asker.ask(resolver, {"a": 1}, "all").reason is Reason.STATIC
    assert len(fake.requests) == 3
    assert [request.target.rpartition("/")[2] for request in fake.requests[1:]] == ["all", "all"]


def test_an_edge_in_time_comes_with_its_flag(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    fake.evaluation = daemon(raw(bulk(item("flag", True, [], 50), item("other", True, [], 60_000))))
    resolver = make()
    asker.prefetch(resolver, {})
    assert asker.ask(resolver, {}, "other").reason is Reason.CACHED
    time.sleep(0.05)
    assert asker.ask(resolver, {}).reason is Reason.STATIC


FAULTS = [
    raw(http(500, b"")),
    raw(http(404, b"nginx")),
    raw(http(200, b"<html>")),
    raw(http(200, b"{}")),
    raw(http(200, b'{"flags": 1}')),
    raw(http(200, b'{"flags": [1, {}, {"key": 1}]}')),
    raw(bulk({"key": "flag"})),
    lambda exchange: exchange.close(),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_where_all_flags_cannot_be_had_the_one_is_asked_for(
    make: Make, fake: FakeDaemon, asker: Asker, fault: Handler
) -> None:
    fake.evaluation = daemon(fault)
    resolver = make(prefetch=True)
    for _ in range(2):
        found = asker.ask(resolver, {})
        assert (found.value, found.reason) == (True, Reason.STATIC)
    assert asker.prefetch(make(), {}) == 0
    assert asked(fake)[1:3] == ["flag", "flag"]


def test_an_item_that_is_malformed_depends_on_everything(make: Make, fake: FakeDaemon, asker: Asker) -> None:
    odd = [{"vary": 1}, {"vary": [1]}, {"vary": [], "until": "soon"}, {"vary": [], "until": -1}, None, 3]
    items = [{**item(f"f{index}", True, []), "burgee": each} for index, each in enumerate(odd)]
    fake.evaluation = daemon(raw(bulk(*items)))
    resolver = make()
    assert asker.prefetch(resolver, {}) == len(odd)
    for index in range(len(odd)):
        assert asker.ask(resolver, {}, f"f{index}").reason is Reason.STATIC


def test_all_flags_that_do_not_come_leave_time_for_the_one(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = daemon(hang)
    deadline = 2.0
    resolver = make(prefetch=True, deadline=deadline)
    began = time.monotonic()
    assert asker.ask(resolver, {}).value is True
    assert time.monotonic() - began > deadline * BULK_SHARE * 0.9
    assert asker.ask(resolver, {}).value is True
    assert asked(fake) == ["all", "flag", "flag"], "they were waited for again"


def test_asking_beforehand_never_takes_longer_than_the_deadline(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = hang
    resolver = make(deadline=0.2)
    began = time.monotonic()
    assert asker.prefetch(resolver, {}) == 0
    assert 0.18 < time.monotonic() - began < 6
    fake.stop()
    assert asker.prefetch(make(), {}) == 0


def test_nothing_is_asked_for_beforehand_where_nothing_is_kept(
    make: Make, fake: FakeDaemon, asker: Asker
) -> None:
    fake.evaluation = daemon(raw(bulk(*ITEMS)))
    resolver = make(prefetch=True, cache_size=0)
    asker.ask(resolver, {})
    assert asker.prefetch(resolver, {}) == 0
    assert asked(fake) == ["flag"]


def test_many_first_questions_about_one_context_ask_for_all_flags_once(make: Make, fake: FakeDaemon) -> None:
    fake.evaluation = daemon(fake_daemon.after(0.1, raw(bulk(*ITEMS))), told(True))
    resolver = make(prefetch=True, deadline=5.0)
    keys = ["flag", "other"] * 10

    def work(key: str) -> None:
        assert resolve(resolver, key, "boolean", {}).error_code is None

    threads = [threading.Thread(target=work, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked(fake).count("all") == 1
    assert len(asked(fake)) <= 2


def test_ten_thousand_flags_do_not_hold_up_an_event_loop(make: Make, fake: FakeDaemon) -> None:
    many = [item(f"flag-{number}", True, ["a"]) for number in range(10_000)]
    fake.evaluation = daemon(raw(bulk(*many)))
    resolver = make(deadline=60.0, cache_size=20_000)

    async def run() -> tuple[int, int]:
        turns, done = 0, False

        async def count() -> None:
            nonlocal turns
            while not done:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        await asyncio.sleep(0)
        before = turns
        kept = await resolver.prefetch_async({"a": 1})
        done = True
        await counting
        return kept, turns - before

    kept, turns = asyncio.run(run())
    assert (kept, resolver.cache_statistics().size) == (10_000, 10_000)
    assert turns >= 100
