"""Reading a response strictly, however its bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.exchange import Request, Unreachable
from openfeature.contrib.provider.burgee.transports.http1 import (
    LARGEST_HEAD,
    ResponseReader,
    encode_request,
)

from burgee.resolution import ErrorCode


def read(*chunks: bytes, limit: int | None = 1000) -> tuple[ResponseReader, bytes]:
    reader = ResponseReader("peer", body_limit=limit)
    body = b"".join(reader.feed(chunk) for chunk in chunks)
    return reader, body


WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a:  2 \r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"3\r\nhel\r\n002;x=y\r\nlo\r\n0\r\nT: 1\r\n\r\n"
)
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WITH_LENGTH


@pytest.mark.parametrize(("wire", "status"), [(WITH_LENGTH, 200), (CHUNKED, 404), (EARLY_HINTS, 200)])
def test_a_response_is_read_byte_by_byte_as_well_as_whole(wire: bytes, status: int) -> None:
    for chunks in ([wire], [bytes([byte]) for byte in wire]):
        reader, body = read(*chunks)
        assert (reader.status, body, reader.complete, reader.reusable) == (status, b"hello", True, True)


@given(st.sampled_from([WITH_LENGTH, CHUNKED, EARLY_HINTS]), st.integers(0, 120))
def test_a_response_is_complete_with_its_last_byte_only(wire: bytes, cut: int) -> None:
    reader, _ = read(wire[:cut])
    assert reader.complete == (cut >= len(wire))
    if not reader.complete:
        with pytest.raises(Unreachable):
            reader.end()


def test_repeated_headers_are_joined() -> None:
    reader, _ = read(WITH_LENGTH)
    assert reader.headers["x-a"] == "1, 2"


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"]
)
def test_a_response_may_have_no_body(head: bytes) -> None:
    reader, body = read(head)
    assert (body, reader.reusable) == (b"", True)


def test_a_response_without_a_length_ends_with_its_connection() -> None:
    reader, body = read(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo")
    assert (body, reader.complete) == (b"hello", False)
    reader.end()
    assert (reader.complete, reader.reusable) == (True, False)


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1",
    ],
)
def test_a_connection_that_ends_or_holds_more_is_not_used_again(wire: bytes) -> None:
    reader, body = read(wire)
    assert (body, reader.complete, reader.reusable) == (b"x", True, False)


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"+PONG\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 1\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz",
    ],
)
def test_what_no_daemon_sends_is_garbage(wire: bytes) -> None:
    with pytest.raises(Unreachable, match="peer is no Burgee daemon") as caught:
        read(wire)
    assert caught.value.code is ErrorCode.PARSE_ERROR


def test_a_record_of_tls_in_answer_to_plain_http_is_told_for_what_it_is() -> None:
    with pytest.raises(Unreachable, match="peer: that is a TLS port: write https://") as caught:
        read(b"\x15\x03\x01\x00\x02\x02\x16")
    assert caught.value.code is ErrorCode.PARSE_ERROR


@pytest.mark.parametrize(
    "chunks",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"],
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1f4\r\n" + b"x" * 500 + b"\r\n",
            b"1f5\r\n",
        ],
        [b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1001],
        [b"HTTP/1.1 200 OK\r\nA: " + b"x" * LARGEST_HEAD],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * (LARGEST_HEAD + 1)],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + b"x" * (LARGEST_HEAD + 1)],
    ],
)
def test_a_response_over_a_limit_is_refused_as_soon_as_it_is_known(chunks: list[bytes]) -> None:
    with pytest.raises(Unreachable, match="over") as caught:
        read(*chunks)
    assert caught.value.code is ErrorCode.GENERAL


def test_a_stream_has_no_limit_and_its_bytes_come_at_once() -> None:
    reader = ResponseReader("peer", body_limit=None)
    reader.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert reader.feed(b"5\r\nda") == b"da"
    assert sum(len(reader.feed(b"ta:\r\n3e8\r\n" + b"x" * 995)) for _ in range(1)) == 3 + 995
    assert not reader.complete


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(wire: bytes) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        reader = ResponseReader("peer", body_limit=100)
        try:
            body = reader.feed(prefix + wire)
            reader.end()
        except Unreachable:
            continue
        assert len(body) <= 100


def test_a_request_has_its_length_and_host() -> None:
    request = Request("POST", "/x", (("A", "b"),), b"{}")
    assert encode_request(request, "localhost") == (
        b"POST /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: burgee-provider\r\n"
        b"A: b\r\nContent-Length: 2\r\n\r\n{}"
    )
