"""The snapshot over HTTP: what is asked, what is taken for a snapshot, and what happens without one."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider, lifecycle
from openfeature.contrib.provider.burgee.download import LARGEST_SNAPSHOT, NotDownloaded, download
from openfeature.contrib.provider.burgee.exchange import Response, Unreachable
from openfeature.event import ProviderEvent
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from burgee.generation import Generation
from burgee.snapshot_bytes.layout import MAGIC
from burgee.wire.sync import GenerationEvent
from tests.provider.conftest import Caller, eventually, threads_named
from tests.provider.in_process.conftest import FLAGS, flags, settle
from tests.support.fake_daemon import Exchange, FakeDaemon, answer_bytes, cut, hang, http, running
from tests.support.runtime_directory import EPOCH, RuntimeDirectory, snapshot_bytes

HELD = Generation(EPOCH, 3)


def told(
    response: Response, *, limit: int = LARGEST_SNAPSHOT, held: Generation | None = HELD
) -> bytes | None:
    """What a conversation makes of a response."""
    conversation = download("", held, limit=limit)
    next(conversation)
    try:
        conversation.send(response)
    except StopIteration as end:
        found: bytes | None = end.value
        return found
    raise AssertionError("it asked again")


def test_it_asks_for_the_snapshot_with_what_it_holds_and_its_token() -> None:
    request = next(download("secret", HELD))
    assert (request.method, request.target) == ("GET", "/sync/v1/snapshot")
    headers = dict(request.headers)
    assert headers["If-None-Match"] == f'"{EPOCH}-3"'
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Accept-Encoding"] == "gzip"
    bare = dict(next(download("", None)).headers)
    assert not bare.keys() & {"If-None-Match", "Authorization"}


def test_it_takes_bytes_packed_or_not_and_that_there_is_nothing_newer() -> None:
    assert told(Response(200, {}, b"bytes")) == b"bytes"
    assert told(Response(200, {"content-encoding": "gzip"}, gzip.compress(b"bytes"))) == b"bytes"
    assert told(Response(304, {}, b"")) is None


@pytest.mark.parametrize(
    ("status", "body", "says", "lasting"),
    [
        (403, b'{"errorDetails": "start the daemon with --sync-token-file"}', "--sync-token-file", True),
        (401, b"", "HTTP 401: give a token that may, as `token=` or BURGEE_TOKEN", True),
        (404, b"[]", "the daemon gives no snapshot: HTTP 404: is this a Burgee daemon", True),
        (503, b'{"errorDetails": "not ready"}', "not ready", False),
        (304, b"", "HTTP 304", False),
    ],
)
def test_it_tells_what_the_daemon_answers_instead_and_whether_to_ask_again(
    status: int, body: bytes, says: str, lasting: bool
) -> None:
    with pytest.raises(NotDownloaded, match=says) as refused:
        told(Response(status, {}, body), held=None)
    assert refused.value.lasting is lasting


def test_packed_bytes_are_unpacked_up_to_the_limit_and_not_beyond() -> None:
    packed = {"content-encoding": "gzip"}
    assert told(Response(200, packed, gzip.compress(b"x" * 1000)), limit=1000) == b"x" * 1000
    with pytest.raises(NotDownloaded, match="over 999 bytes"):
        told(Response(200, packed, gzip.compress(b"x" * 1000)), limit=999)
    with pytest.raises(NotDownloaded, match="in the middle"):
        told(Response(200, packed, gzip.compress(b"x" * 1000)[:-6]))
    with pytest.raises(NotDownloaded, match="cannot be unpacked"):
        told(Response(200, packed, b"not packed"))


def test_a_daemon_that_does_not_answer_is_unreachable() -> None:
    conversation = download("", None)
    next(conversation)
    with pytest.raises(Unreachable, match="nobody"):
        conversation.throw(Unreachable("nobody"))


class Downloads:
    """Answers downloads, by ``serve``, and evaluations with ``"from the daemon"``."""

    def __init__(self) -> None:
        self.data = snapshot_bytes(FLAGS, 1)
        self.serve: Any = None
        self.headers: list[Any] = []

    def __call__(self, exchange: Exchange) -> None:
        if exchange.request.method == "POST":
            exchange.send(answer_bytes("from the daemon"))
            return
        self.headers.append(exchange.request.headers)
        if self.serve is None:
            exchange.send(http(200, gzip.compress(self.data), {"Content-Encoding": "gzip"}))
        else:
            self.serve(exchange)


@pytest.fixture
def downloads() -> Downloads:
    return Downloads()


@pytest.fixture(params=["tcp", "unix"])
def distant(
    request: pytest.FixtureRequest, downloads: Downloads, tmp_path: Any, openfeature_api: Any
) -> Iterator[FakeDaemon]:
    """A daemon that shares no files."""
    path = str(tmp_path / "burgee.sock") if request.param == "unix" else None
    with running(FakeDaemon(path, evaluation=downloads)) as fake:
        fake.generation = GenerationEvent(EPOCH, 1, flags_changed=None)
        yield fake
        openfeature_api.shutdown()


def publish(distant: FakeDaemon, number: int) -> None:
    distant.publish(GenerationEvent(EPOCH, number, f"{EPOCH}-{number}", frozenset({"text"}), "change"))


def set_provider(distant: FakeDaemon, openfeature_api: Any, **options: Any) -> BurgeeProvider:
    provider = BurgeeProvider(distant.address, resolver="in-process", **options)
    openfeature_api.set_provider_and_wait(provider)
    return provider


def test_it_evaluates_here_what_it_downloaded(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any, caller: Caller
) -> None:
    provider = set_provider(distant, openfeature_api, token="secret")
    for _ in range(3):
        details = caller.resolve(provider, "string", "text", "")
        assert (details.value, details.reason) == ("alpha", Reason.STATIC)
    assert [request.method for request in distant.requests] == ["GET"]
    assert downloads.headers[0]["authorization"] == "Bearer secret"


def test_a_snapshot_of_a_later_format_is_downloaded_once_and_every_flag_asked(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any, caller: Caller
) -> None:
    later = bytearray(downloads.data)
    later[len(MAGIC)] += 1
    downloads.data = bytes(later)
    provider = set_provider(distant, openfeature_api)
    assert not threads_named("burgee-download")
    assert caller.resolve(provider, "string", "text", "").value == "from the daemon"
    assert len(downloads.headers) == 1


def test_a_handler_of_the_change_sees_the_new_value(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any
) -> None:
    set_provider(distant, openfeature_api)
    client = openfeature_api.get_client()
    seen: list[str] = []
    openfeature_api.add_handler(
        ProviderEvent.PROVIDER_CONFIGURATION_CHANGED,
        lambda details: seen.append(client.get_string_value("text", "")),
    )
    for number, default in enumerate("baba", 2):
        downloads.data = snapshot_bytes(flags(text=default), number)
        publish(distant, number)
        eventually(lambda count=number - 1: len(seen) == count)  # type: ignore[misc]
    assert seen == ["beta", "alpha", "beta", "alpha"]
    assert downloads.headers[1]["if-none-match"] == f'"{EPOCH}-1"'


@pytest.mark.parametrize(
    ("serve", "says"),
    [
        (lambda exchange: exchange.send(http(403, b'{"errorDetails": "--sync-token-file"}')), "--sync-token"),
        (lambda exchange: exchange.send(http(500, b"")), "HTTP 500"),
        (cut(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nBURG"), "in the middle of its answer"),
        (lambda exchange: exchange.send(http(200, b"nonsense")), "no snapshot"),
        (lambda exchange: exchange.send(http(200, snapshot_bytes(FLAGS, 1)[:-9])), "is not used"),
    ],
)
def test_without_a_snapshot_the_daemon_is_asked_and_the_log_says_why_once(
    distant: FakeDaemon,
    downloads: Downloads,
    openfeature_api: Any,
    caplog: pytest.LogCaptureFixture,
    serve: Any,
    says: str,
) -> None:
    downloads.serve = serve
    provider = set_provider(distant, openfeature_api)
    assert openfeature_api.get_client().get_provider_status() is ProviderStatus.READY
    assert provider.resolve_string_details("text", "").value == "from the daemon"
    [line] = [line for line in caplog.messages if "one by one" in line]
    assert says in line


def test_altered_bytes_are_never_evaluated(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any
) -> None:
    """Deep within, where no header and no index tells of it."""
    data = bytearray(downloads.data)
    position = downloads.data.index(b"alpha")
    data[position : position + 5] = b"ALPHA"
    downloads.data = bytes(data)
    provider = set_provider(distant, openfeature_api)
    assert provider.resolve_string_details("text", "").value == "from the daemon"


def test_what_another_daemon_left_in_the_runtime_directory_is_not_taken_for_this_ones(
    distant: FakeDaemon, openfeature_api: Any, tmp_path: Path
) -> None:
    left = RuntimeDirectory(tmp_path / "left", epoch="another")
    left.publish(flags(text="b"))
    provider = set_provider(distant, openfeature_api, runtime_dir=left.path)
    for _ in range(3):
        settle(provider)
        details = provider.resolve_string_details("text", "")
        assert (details.value, details.reason) == ("alpha", Reason.STATIC)


def test_a_download_that_failed_is_tried_again(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any
) -> None:
    downloads.serve = lambda exchange: exchange.send(http(500, b""))
    provider = set_provider(distant, openfeature_api)
    assert provider.resolve_string_details("text", "").value == "from the daemon"
    downloads.serve = None
    eventually(lambda: provider.resolve_string_details("text", "").value == "alpha")
    eventually(lambda: not threads_named("burgee-download"))


def test_a_download_that_hangs_does_not_keep_the_provider_from_being_shut_down(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "JOIN_TIME", 60.0)
    provider = set_provider(distant, openfeature_api)
    downloads.serve = hang
    publish(distant, 2)
    eventually(lambda: len(downloads.headers) == 2)
    assert provider.resolve_string_details("text", "").value == "alpha"
    began = time.monotonic()
    openfeature_api.shutdown()
    assert time.monotonic() - began < 15
    eventually(lambda: not threads_named("burgee-subscription"))


def test_while_the_stream_is_silent_what_was_downloaded_is_stale(
    distant: FakeDaemon, openfeature_api: Any, caller: Caller
) -> None:
    provider = set_provider(distant, openfeature_api)
    distant.stop()
    stale = eventually(
        lambda: (found := caller.resolve(provider, "string", "text", "")).reason is Reason.STALE and found
    )
    assert (stale.value, stale.flag_metadata["burgee.reason"]) == ("alpha", "STATIC")
    distant.start()
    eventually(lambda: caller.resolve(provider, "string", "text", "").reason is Reason.STATIC)


def test_evaluations_go_on_while_it_downloads(
    distant: FakeDaemon, downloads: Downloads, openfeature_api: Any
) -> None:
    provider = set_provider(distant, openfeature_api)
    go_on = threading.Event()
    data = snapshot_bytes(flags(text="b"), 2)

    def slowly(exchange: Exchange) -> None:
        assert go_on.wait(10)
        exchange.send(http(200, data))

    downloads.serve = slowly
    publish(distant, 2)
    eventually(lambda: len(downloads.headers) == 2)
    assert provider.resolve_string_details("text", "").value == "alpha"
    go_on.set()
    eventually(lambda: provider.resolve_string_details("text", "").value == "beta")
