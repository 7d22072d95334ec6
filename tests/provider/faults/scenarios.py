"""What can happen to the bytes between a provider and its daemon, and what a call says then."""

from __future__ import annotations

from typing import NamedTuple

from tests.support.fake_daemon import http
from tests.support.faults import (
    After,
    Fault,
    Instead,
    Latency,
    OnAccept,
    Rewrite,
    Slice,
    close,
    half_close,
    hang,
    repeat,
    reset,
    say,
    swallow,
)

NOT_READY, GENERAL, PARSE_ERROR = "PROVIDER_NOT_READY", "GENERAL", "PARSE_ERROR"

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TEN_MEGABYTES = b"x" * 10_000_000
HTTP2_SETTINGS = b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\x64" * 3


class Scenario(NamedTuple):
    """A fault.

    Attributes:
        fault: what happens to bytes.
        code: the error code of a call about which nothing is known; empty where calls are answered as ever.
        waits: whether the first call has to wait for its deadline.
    """

    fault: Fault
    code: str = ""
    waits: bool = False


def swapped(old: bytes, new: bytes) -> Fault:
    """The answer with other bytes in it."""
    return Rewrite(lambda data: data.replace(old, new))


def with_length(number: int) -> Fault:
    """The answer with a wrong length."""

    def rewrite(data: bytes) -> bytes:
        head, _, body = data.partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        return b"\r\n".join([*lines, b"Content-Length: %d" % (len(body) + number), b"", body])

    return Rewrite(rewrite)


HARMLESS = {
    "nothing": Scenario(Fault()),
    "latency": Scenario(Latency(0.02)),
    "slices": Scenario(Slice(7)),
    "slices with pauses": Scenario(Slice(40, 0.001)),
    "one byte at a time": Scenario(Slice(1)),
    "questions in slices": Scenario(Slice(16, 0.001, questions=True)),
    "early hints first": Scenario(
        Rewrite(lambda data: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + data)
    ),
    "the connection closes after each answer": Scenario(
        Rewrite(lambda data: data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    ),
    "the answer comes twice": Scenario(Rewrite(lambda data: data + data)),
    "something trails the answer": Scenario(Rewrite(lambda data: data + b"HTTP/1.1 500 Oh\r\n\r\n")),
}

SILENT = {
    "black hole": Scenario(Instead(swallow), NOT_READY, True),
    "black hole for new connections": Scenario(OnAccept(hang), NOT_READY, True),
    "latency over the deadline": Scenario(Latency(5.0), NOT_READY, True),
    "hangs after a byte": Scenario(After(1, hang), NOT_READY, True),
    "hangs in the status line": Scenario(After(12, hang), NOT_READY, True),
    "hangs in the headers": Scenario(After(60, hang), NOT_READY, True),
    "hangs in the body": Scenario(After(-3, hang), NOT_READY, True),
    "drips": Scenario(Slice(1, 0.02), NOT_READY, True),
    "drips much": Scenario(
        Instead(repeat(b"x" * 100, HEAD + b"Content-Length: 900000\r\n\r\n", 0.01)), NOT_READY, True
    ),
    "drips headers": Scenario(Instead(repeat(b"a: b\r\n", HEAD, 0.01)), NOT_READY, True),
    "drips chunks": Scenario(Instead(repeat(b"1\r\nx\r\n", CHUNKED, 0.01)), NOT_READY, True),
    "drips hints": Scenario(
        Instead(repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n", pause=0.01)), NOT_READY, True
    ),
    "a length that is too long": Scenario(with_length(5), NOT_READY, True),
    "chunks without an end": Scenario(Instead(say(CHUNKED + b"1\r\n{\r\n")), NOT_READY, True),
    "continue, and nothing follows": Scenario(
        Instead(say(b"HTTP/1.1 100 Continue\r\n\r\n")), NOT_READY, True
    ),
    "reads half of a question": Scenario(Instead(hang, reads=20), NOT_READY, True),
}

BROKEN = {
    "closes at once": Scenario(OnAccept(close), NOT_READY),
    "closes without an answer": Scenario(Instead(close), NOT_READY),
    "half closes without an answer": Scenario(Instead(half_close), NOT_READY),
    "half closes in the body": Scenario(After(-3, half_close), GENERAL),
    "closes after a byte": Scenario(After(1, close), GENERAL),
    "closes in the status line": Scenario(After(12, close), GENERAL),
    "closes in the headers": Scenario(After(60, close), GENERAL),
    "closes in the body": Scenario(After(-3, close), GENERAL),
    "resets at once": Scenario(OnAccept(reset), NOT_READY),
    "resets without an answer": Scenario(Instead(reset, reads=10), NOT_READY),
    "resets after a byte": Scenario(After(1, reset), GENERAL),
    "resets in the headers": Scenario(After(60, reset), GENERAL),
    "resets in the body": Scenario(After(-3, reset), GENERAL),
    "chunks that are cut": Scenario(Instead(say(CHUNKED + b"5\r\n{", close)), GENERAL),
}

GARBAGE = {
    "a corrupt status line": Scenario(swapped(b"HTTP/1.1", b"HTTP/1?1"), PARSE_ERROR),
    "a corrupt status": Scenario(swapped(b" 200 ", b" 2x0 "), PARSE_ERROR),
    "a corrupt header": Scenario(swapped(b"Content-Type:", b"Content\x00Type:"), PARSE_ERROR),
    "a corrupt length": Scenario(swapped(b"Content-Length: ", b"Content-Length: x"), PARSE_ERROR),
    "corrupt JSON": Scenario(swapped(b'"value"', b'"value}'), PARSE_ERROR),
    "corrupt text": Scenario(swapped(b'"v"', b'"\xff"'), PARSE_ERROR),
    "a length that is too short": Scenario(with_length(-5), PARSE_ERROR),
    "two lengths": Scenario(swapped(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n"), PARSE_ERROR),
    "random bytes": Scenario(Instead(say(bytes(range(256)), close)), PARSE_ERROR),
    "zeros": Scenario(Instead(say(bytes(1000))), PARSE_ERROR),
    "SSH": Scenario(OnAccept(say(b"SSH-2.0-OpenSSH_9.6\r\n")), PARSE_ERROR),
    "TLS": Scenario(Instead(say(b"\x15\x03\x01\x00\x02\x02\x46", close)), PARSE_ERROR),
    "HTTP/2": Scenario(OnAccept(say(HTTP2_SETTINGS, hang)), PARSE_ERROR),
    "SMTP": Scenario(OnAccept(say(b"220 mail.example ESMTP\r\n", hang)), PARSE_ERROR),
    "Redis": Scenario(Instead(say(b"-ERR unknown command 'POST'\r\n")), PARSE_ERROR),
    "a web page": Scenario(Instead(say(http(200, b"<html></html>"))), PARSE_ERROR),
    "another service": Scenario(Instead(say(http(200, b'{"status": "ok"}'))), PARSE_ERROR),
    "compressed, unasked": Scenario(swapped(b"\r\n", b"\r\nContent-Encoding: gzip\r\n"), PARSE_ERROR),
    "another protocol, unasked": Scenario(Instead(say(b"HTTP/1.1 101 Switching\r\n\r\n")), PARSE_ERROR),
    "10 MB": Scenario(Instead(say(http(200, TEN_MEGABYTES))), GENERAL),
    "10 MB unannounced": Scenario(Instead(say(HEAD + b"\r\n" + TEN_MEGABYTES, close)), GENERAL),
    "10 MB in a chunk": Scenario(Instead(say(CHUNKED + b"989680\r\n" + TEN_MEGABYTES)), GENERAL),
    "headers without end": Scenario(Instead(repeat(b"X-More: " + b"x" * 1000 + b"\r\n", HEAD)), GENERAL),
    "a header without end": Scenario(Instead(repeat(b"x" * 1000, HEAD + b"X-Long: ")), GENERAL),
    "redirected": Scenario(Instead(say(http(301, b"", {"Location": "http://flags.example"}))), GENERAL),
    "an error of a gateway": Scenario(Instead(say(http(502, b"Bad Gateway"))), GENERAL),
    "too many requests": Scenario(Instead(say(http(429, b""))), GENERAL),
    "no content": Scenario(Instead(say(http(204, b""))), GENERAL),
    "not modified": Scenario(Instead(say(b"HTTP/1.1 304 Not Modified\r\n\r\n")), GENERAL),
}
FATAL = SILENT | BROKEN | GARBAGE
