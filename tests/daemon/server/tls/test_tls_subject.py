"""Whom a certificate names: one text for each subject, that no other subject has."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.server.tls.subject import name_of

DER = b"the certificate"
FINGERPRINT = f"SHA256:{hashlib.sha256(DER).hexdigest()}"

values = st.text(alphabet='a=,+\\"# ;<\n\0é', min_size=1, max_size=4)
attributes = st.tuples(st.sampled_from(["commonName", "organizationName", "emailAddress"]), values)
subjects = st.lists(st.lists(attributes, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3).map(
    tuple
)


def shown(*parts: tuple[tuple[str, str], ...], **others: Any) -> dict[str, Any]:
    return {"subject": parts, **others}


@pytest.mark.parametrize(
    ("certificate", "name"),
    [
        (shown((("organizationName", "acme"),), (("commonName", "ann"),)), "CN=ann,O=acme"),
        (shown((("commonName", "a"), ("userId", "7"))), "CN=a+UID=7"),
        (shown((("commonName", 'a,b+c"\\<d>;=e'),)), r"CN=a\,b\+c\"\\\<d\>\;\=e"),
        (shown((("commonName", " #a# "),)), r"CN=\ #a#\ "),
        (shown((("commonName", "#a"),)), r"CN=\#a"),
        (shown((("commonName", "a\nb\0"),)), r"CN=a\0ab\00"),
        (shown((("emailAddress", "ann@acme.test"),)), "emailAddress=ann@acme.test"),
        (shown(subjectAltName=(("DNS", "a.test"), ("URI", "spiffe://acme/app"))), "URI:spiffe://acme/app"),
        (shown(subjectAltName=(("IP Address", "::1"), ("DNS", "a.test"))), "DNS:a.test"),
        (shown(subjectAltName=(("IP Address", "::1"),)), FINGERPRINT),
        (shown(), FINGERPRINT),
        (shown((("commonName", "a" * 300),)), FINGERPRINT),
    ],
)
def test_a_subject_is_written_as_the_rfc_has_it(certificate: dict[str, Any], name: str) -> None:
    assert name_of(certificate, DER) == name


@settings(max_examples=60, deadline=None)
@given(subjects, subjects)
def test_two_subjects_never_read_alike(one: Any, other: Any) -> None:
    names = [name_of(shown(*each), DER) for each in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    assert all(name.isprintable() for name in names)
