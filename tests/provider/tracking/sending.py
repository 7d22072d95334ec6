"""Daemons that take events, or do not, and what came of it."""

from __future__ import annotations

import logging
import threading

import pytest

from burgee.wire.tracking import read_events
from tests.support.fake_daemon import Exchange, FakeDaemon, Handler, http, raw

ACCEPTED = raw(http(202, b'{"accepted":1}'))


def names(daemon: FakeDaemon) -> list[str]:
    """Of the events received, in order."""
    return [event.name for request in daemon.requests for event in read_events(request.body)]


def in_turn(*handlers: Handler) -> Handler:
    """One handler a request, the last for all further ones."""
    left = list(handlers)

    def handle(exchange: Exchange) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return handle


def once(event: threading.Event, handler: Handler) -> Handler:
    """Answer when something has happened."""

    def handle(exchange: Exchange) -> None:
        while not event.is_set():
            exchange.wait(0.01)
        handler(exchange)

    return handle


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
