"""The text of a token: one writing for each, and nothing else is read."""

from __future__ import annotations

import base64
import os
import re

from hypothesis import given
from hypothesis import strategies as st

from burgeed.authority.token import LENGTH, Credential, new_credential, parse

credentials = st.builds(
    Credential,
    st.binary(min_size=12, max_size=12).map(bytes.hex),
    st.binary(min_size=32, max_size=32),
)


@given(credentials)
def test_what_is_written_is_read_back(credential: Credential) -> None:
    text = credential.text()
    assert parse(text.encode()) == credential and len(text) == LENGTH


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_nothing_is_read_that_is_not_written(text: bytes) -> None:
    assert parse(text) is None


@given(credentials, st.data())
def test_a_changed_text_is_another_token_or_none(credential: Credential, data: st.DataObject) -> None:
    text = bytearray(credential.text().encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[at]))
    found = parse(bytes(text))
    assert found is None or (found != credential and found.text().encode() == bytes(text))


@given(credentials, st.sampled_from([" ", "\n", "\0", "=", "é"]), st.booleans())
def test_nothing_may_stand_around_it(credential: Credential, more: str, before: bool) -> None:
    text = credential.text()
    assert parse((more + text if before else text + more).encode()) is None


def test_a_second_writing_of_the_same_secret_is_refused() -> None:
    text = Credential("0" * 24, bytes(32)).text()
    # The last of 43 characters carries two bits that 32 bytes do not have.
    other = text[:-1] + "B"
    assert base64.urlsafe_b64decode(other.partition(".")[2] + "=") == bytes(32)
    assert parse(text.encode()) is not None and parse(other.encode()) is None


def test_id_and_secret_have_the_bits_that_they_promise() -> None:
    asked: list[int] = []

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return os.urandom(count)

    text = new_credential(random_bytes).text()
    assert asked == [12, 32] and re.fullmatch(r"burgee_[0-9a-f]{24}\.[A-Za-z0-9_-]{43}", text)


def test_a_printed_credential_does_not_show_its_secret() -> None:
    credential = new_credential(os.urandom)
    secret = credential.text().partition(".")[2]
    for shown in (repr(credential), str(credential), f"{credential}"):
        assert secret not in shown and repr(credential.secret) not in shown
