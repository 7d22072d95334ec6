"""Forks of a process that speaks TLS: nothing is shared, and nothing stays locked in the child."""

from __future__ import annotations

import os
import signal
import socket
import threading
import weakref
from collections.abc import Callable

import pytest
from openfeature.contrib.provider.burgee import forks
from openfeature.contrib.provider.burgee.address import TcpAddress
from openfeature.contrib.provider.burgee.clock import Random, SystemClock
from openfeature.contrib.provider.burgee.tls_files import TlsFiles
from openfeature.contrib.provider.burgee.tracking import Tracking
from openfeature.contrib.provider.burgee.transports.connection import Connection
from openfeature.contrib.provider.burgee.transports.tls_terms import FollowedTerms, read_terms

from tests.provider.conftest import Caller
from tests.provider.tls.conftest import MakeProvider
from tests.support.certificates import Authority
from tests.support.fake_daemon import FakeDaemon, answer


def in_child(function: Callable[[], object], seconds: int = 20) -> bool:
    """Whether a function is true in a forked child, in time."""
    child = os.fork()
    if child == 0:
        outcome: object = False
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            outcome = function()
        finally:
            os._exit(0 if outcome else 1)
    return os.waitpid(child, 0)[1] == 0


def test_parent_and_child_have_sessions_of_their_own(daemon: FakeDaemon, provider_of: MakeProvider) -> None:
    provider, caller = provider_of(daemon.address), Caller("blocking")
    assert caller.resolve(provider).value is True
    daemon.evaluation = answer(True, variant="after")

    def ask_and_end() -> bool:
        right = caller.resolve(provider, flag_key="child").variant == "after"
        provider.shutdown()
        return right

    assert in_child(ask_and_end)
    assert daemon.accepted == 2
    # Neither a question nor a goodbye of the child's is on the parent's connection.
    assert caller.resolve(provider, flag_key="parent").variant == "after"
    assert daemon.accepted == 2


def test_a_session_says_no_goodbye_in_a_child(authority: Authority) -> None:
    # Closed there by a generator that the child inherited and lets go of, for one.
    channel = read_terms(TlsFiles(str(authority.certificate_path))).channel("localhost")
    handshake = channel.handshake()
    next(handshake)
    channel._outgoing.write(b"what is left to send")
    assert in_child(lambda: channel.goodbye() == b"")
    assert channel.goodbye() == b"what is left to send"


def test_a_session_that_tracked_events_went_over_is_not_let_go_of_in_a_child(authority: Authority) -> None:
    # That would take locks of OpenSSL's, which another thread of the parent's may have held.
    channel = read_terms(TlsFiles(str(authority.certificate_path))).channel("localhost")
    mine, other = socket.socketpair()
    address = TcpAddress("localhost", 443, tls=True)
    tracking = Tracking((), SystemClock(), Random())
    tracking._idle.give(Connection(mine, address, channel))
    session = weakref.ref(channel)
    del channel

    def keeps_it() -> bool:
        tracking.after_fork()
        return session() is not None and mine.fileno() == -1

    assert in_child(keeps_it)
    mine.close()
    other.close()


def test_a_child_reads_the_files_anew(authority: Authority) -> None:
    followed = FollowedTerms(TlsFiles(str(authority.certificate_path)))
    inherited = followed.current().result(10)

    def anew() -> bool:
        followed.after_fork()
        return followed.current().result(10).context is not inherited.context

    assert in_child(anew)
    assert followed.current().result(10) is inherited


def test_a_fork_waits_for_a_step_of_a_handshake_and_its_child_can_take_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forks, "LONGEST_WAIT", 20.0)
    held, forked, done = threading.Event(), threading.Event(), threading.Event()

    def step() -> None:
        with forks.cryptography():
            held.set()
            forked.wait(0.1)
            done.set()

    thread = threading.Thread(target=step)
    thread.start()
    held.wait(10)
    assert in_child(lambda: done.is_set() and forks.cryptography().acquire(blocking=False))
    thread.join()
    assert forks.cryptography().acquire(blocking=False)
    forks.cryptography().release()


def test_each_step_of_a_handshake_keeps_forks_away(authority: Authority) -> None:
    channel = read_terms(TlsFiles(str(authority.certificate_path))).channel("localhost")
    session, owned = channel._session, []

    class Watched:
        def do_handshake(self) -> None:
            owned.append(forks.cryptography()._is_owned())  # type: ignore[attr-defined]
            session.do_handshake()

    channel._session = Watched()  # type: ignore[assignment]
    next(channel.handshake())
    assert owned == [True]
    assert not forks.cryptography()._is_owned()  # type: ignore[attr-defined]


@pytest.mark.long
def test_children_forked_amidst_handshakes_have_handshakes_of_their_own(authority: Authority) -> None:
    """Without the lock, some of a hundred children hung here for ever."""
    issued = authority.issue("client")
    files = TlsFiles(str(authority.certificate_path), str(issued.certificate_path), str(issued.key_path))
    ending = threading.Event()

    def begin() -> bytes:
        with forks.cryptography():
            terms = read_terms(files)
        return next(terms.channel("localhost").handshake())

    def keep_beginning() -> None:
        while not ending.is_set():
            begin()

    threads = [threading.Thread(target=keep_beginning) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        hung = [number for number in range(100) if not in_child(begin)]
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert not hung
