"""Headers as both kinds of server hand them over, and what importing the middleware brings in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.contrib.provider.burgee.middleware import asgi, wsgi

from tests.provider.middleware.driving import environ, http_scope

BOTH = [asgi.from_headers, wsgi.from_headers]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"c-42", "c-42"),
        ("Blåbär & Söner".encode(), "Blåbär & Söner"),
        ("Blåbär & Söner".encode("latin-1"), "Blåbär & Söner"),
        ("日本".encode(), "日本"),
        (b"\xff\xfe", "ÿþ"),
        (b"Acme, Inc.", "Acme, Inc."),
    ],
)
def test_a_headers_bytes_are_text(value: bytes, expected: str) -> None:
    headers = [("X-Organization", value)]
    for context in (
        asgi.from_headers(organization="X-Organization")(http_scope(headers)),
        wsgi.from_headers(organization="X-Organization")(environ(headers)),
    ):
        assert context.attributes == {"organization": expected}


@given(st.dictionaries(st.sampled_from(["X-User", "X-Customer", "X-Plan"]), st.binary(max_size=20)))
def test_both_kinds_of_server_say_the_same(headers: dict[str, bytes]) -> None:
    named: dict[str, Any] = {"targeting_key": "X-User", "customer": "X-Customer", "plan": "X-Plan"}
    over_asgi = asgi.from_headers(**named)(http_scope(list(headers.items())))
    over_wsgi = wsgi.from_headers(**named)(environ(list(headers.items())))
    assert over_asgi == over_wsgi
    assert "" not in {over_asgi.targeting_key, *over_asgi.attributes.values()}


@pytest.mark.parametrize("from_headers", BOTH)
def test_no_header_is_trusted_that_was_not_named(from_headers: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="name a header to take who is asking from"):
        from_headers()
    with pytest.raises(ValueError, match="name a header"):
        from_headers(customer=None, plan=None)


@pytest.mark.parametrize("from_headers", BOTH)
@pytest.mark.parametrize("name", ["", "X Customer", "X-Customer:", "Kündin", "a\r\nb", 5])
def test_a_name_that_no_header_can_have_is_refused(from_headers: Callable[..., Any], name: Any) -> None:
    with pytest.raises(ValueError, match=r"customer=.*no header can have that name"):
        from_headers(customer=name)


def test_importing_the_middleware_imports_no_framework_and_no_event_loop() -> None:
    script = (
        "import sys\n"
        "import openfeature.contrib.provider.burgee.middleware.asgi\n"
        "import openfeature.contrib.provider.burgee.middleware.wsgi\n"
        "unwanted = ('asyncio', 'aiohttp', 'starlette', 'flask', 'werkzeug', 'django', 'asgiref')\n"
        "print([name for name in unwanted if name in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert output.stdout.strip() == "[]"
