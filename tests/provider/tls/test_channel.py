"""TLS without a socket: what is said arrives as it was, however it is cut, or not at all."""

from __future__ import annotations

import socket
import ssl
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.address import UnixAddress
from openfeature.contrib.provider.burgee.tls_files import TlsFiles
from openfeature.contrib.provider.burgee.transports.channel import Channel
from openfeature.contrib.provider.burgee.transports.connection import Connection
from openfeature.contrib.provider.burgee.transports.tls_failure import TlsFailure
from openfeature.contrib.provider.burgee.transports.tls_terms import Terms, read_terms

from tests.provider.tls.conftest import server_context
from tests.support.certificates import Authority, Issued


class Ends(NamedTuple):
    """Both ends of one connection, after their handshake."""

    channel: Channel
    server: ssl.SSLObject
    to_server: ssl.MemoryBIO
    from_server: ssl.MemoryBIO


class Pair:
    """Makes connections."""

    def __init__(self, terms: Terms, context: ssl.SSLContext) -> None:
        self.terms = terms
        self.context = context

    def connect(self) -> Ends:
        to_server, from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = self.context.wrap_bio(to_server, from_server, server_side=True)
        channel = self.terms.channel("localhost")
        handshake = channel.handshake()
        try:
            to_server.write(next(handshake))
            while True:
                with_more = _shake_hands(server)
                assert with_more
                to_server.write(handshake.send(from_server.read()))
        except StopIteration:
            pass
        to_server.write(channel.encode(b"hello"))
        _shake_hands(server)
        assert server.read() == b"hello"
        return Ends(channel, server, to_server, from_server)


def _shake_hands(server: ssl.SSLObject) -> bool:
    """Whether the server waits for more."""
    try:
        server.do_handshake()
    except ssl.SSLWantReadError:
        return True
    return False


@pytest.fixture(scope="module")
def pair(authority: Authority, issued: Issued) -> Pair:
    return Pair(read_terms(TlsFiles(str(authority.certificate_path))), server_context(issued))


@settings(max_examples=20, deadline=None)
@given(messages=st.lists(st.binary(min_size=1, max_size=40_000), max_size=4), cuts=st.data())
def test_what_is_said_arrives_as_it_was_however_it_is_cut(
    pair: Pair, messages: list[bytes], cuts: st.DataObject
) -> None:
    ends = pair.connect()
    for message in messages:
        rest = memoryview(message)
        while rest:
            rest = rest[ends.server.write(rest) :]
    with pytest.raises(ssl.SSLWantReadError):
        ends.server.unwrap()
    line = ends.from_server.read()
    at = sorted(cuts.draw(st.lists(st.integers(0, len(line)), max_size=6)))
    said = []
    for begin, end in pairwise([0, *at, len(line)]):
        if begin < end and (heard := ends.channel.decode(line[begin:end])):
            said.append(heard)
    assert b"".join(said) == b"".join(messages)
    assert ends.channel.ended


@settings(max_examples=20, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_what_was_changed_on_the_way_is_never_taken_for_what_was_said(
    pair: Pair, where: float, bit: int
) -> None:
    ends = pair.connect()
    ends.channel.decode(ends.from_server.read())  # the tickets
    ends.server.write(b"a word of the daemon's")
    line = bytearray(ends.from_server.read())
    line[int(where * len(line))] ^= 1 << bit
    # A longer length is waited for, and never comes.
    with pytest.raises(TlsFailure):
        assert ends.channel.decode(bytes(line)) is None
        ends.channel.decode(b"")


def test_what_came_before_a_fault_holds_and_nothing_after_it(pair: Pair) -> None:
    ends = pair.connect()
    ends.server.write(b"first")
    good = ends.from_server.read()
    ends.server.write(b"second")
    bad = bytearray(ends.from_server.read())
    bad[-1] ^= 1
    assert ends.channel.decode(good + bytes(bad)) == b"first"
    for _ in range(2):
        with pytest.raises(TlsFailure, match="TLS failed"):
            ends.channel.decode(b"third")


def test_a_connection_at_rest_is_of_use_while_the_daemon_says_nothing_over_it_whatever_tls_does(
    pair: Pair,
) -> None:
    for word, is_quiet in ((None, True), (b"unasked", False), (b"", False)):
        ends = pair.connect()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection = Connection(ours, UnixAddress("/d"), ends.channel)
            assert connection.is_quiet()
            if word == b"":
                with pytest.raises(ssl.SSLWantReadError):
                    ends.server.unwrap()
            elif word is not None:
                ends.server.write(word)
            theirs.sendall(ends.from_server.read())  # the tickets of its session come before any word
            assert connection.is_quiet() is is_quiet


def test_why_the_daemon_left_is_told_though_sending_to_it_failed_first(
    pair: Pair, authority: Authority
) -> None:
    issued = authority.issue("wants certificates")
    to_server, from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = server_context(issued, authority.certificate_path)
    server = context.wrap_bio(to_server, from_server, server_side=True)
    channel = pair.terms.channel("localhost")
    handshake = channel.handshake()
    to_server.write(next(handshake))
    assert _shake_hands(server)
    with pytest.raises(StopIteration):
        handshake.send(from_server.read())
    to_server.write(channel.encode(b"hello"))
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        server.do_handshake()
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(from_server.read())
        theirs.close()
        said = Connection(ours, UnixAddress("/d"), channel).explain(BrokenPipeError(32, "Broken pipe"))
    assert said == "unix:///d: it wants a client's certificate: give one as certificate (BURGEE_CERTIFICATE)"


def test_what_answers_without_tls_is_known_by_its_first_byte(pair: Pair) -> None:
    handshake = pair.terms.channel("localhost").handshake()
    next(handshake)
    with pytest.raises(TlsFailure, match="that is no TLS port"):
        handshake.send(b"H")


def test_an_end_counts_only_where_the_daemon_said_so(pair: Pair) -> None:
    cut = pair.connect()
    cut.server.write(b"word")
    assert cut.channel.decode(cut.from_server.read()) == b"word"
    with pytest.raises(TlsFailure, match="cut off"):
        cut.channel.decode(b"")


def test_the_goodbye_ends_the_connection_for_the_daemon_too(pair: Pair) -> None:
    ends = pair.connect()
    ends.to_server.write(ends.channel.goodbye())
    assert ends.server.read() == b""


def test_what_is_agreed_on_is_tls_of_1_2_at_least_http_1_1_and_no_compression(pair: Pair) -> None:
    session = pair.connect().channel._session
    assert (session.version(), session.compression()) == ("TLSv1.3", None)
    pair.context.set_alpn_protocols(["h2", "http/1.1"])
    assert pair.connect().channel._session.selected_alpn_protocol() == "http/1.1"
    assert pair.terms.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert pair.terms.context.check_hostname and pair.terms.context.verify_mode is ssl.CERT_REQUIRED
