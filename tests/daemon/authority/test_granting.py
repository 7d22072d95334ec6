"""Nobody gives away what they do not have."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgeed.authority.errors import Exceeds, Unfit
from burgeed.authority.granting import TokenLimits, check_grant, check_request, why_not_two_persons
from burgeed.authority.issued import Token, read_restriction, restriction_document
from burgeed.authority.principal import Principal, Restriction, Scope
from tests.daemon.authority.conftest import NOW, ROOT

LEVELS = ("customer", "organization")
PLACES = tuple(product(LEVELS, ("a", "b")))
PREFIXES = ("x", "x-", "x-1", "y", "")
ENTRIES = [
    *(("override", flag, level, scope) for flag in ("x", "x-1", "y") for level, scope in PLACES),
    *((kind, flag, "", "") for kind in ("flag", "kill") for flag in ("x", "x-1", "y")),
]

restrictions = st.builds(
    Restriction,
    st.lists(st.sampled_from(LEVELS), max_size=2).map(tuple),
    st.lists(st.sampled_from(PLACES), max_size=3).map(tuple),
    st.lists(st.sampled_from(PREFIXES), max_size=2).map(tuple),
)
scopes = st.frozensets(st.sampled_from(Scope), min_size=1)
expiries = st.none() | st.floats(NOW + 1, NOW + 100)


def token(
    name: str = "t",
    scopes: frozenset[Scope] = frozenset({Scope.READ}),
    restriction: Restriction | None = None,
    expires_at: float | None = None,
    person: str = "",
    created_by: str = "uid:0",
    created_by_token: str = "",
    token_id: str = "0" * 24,
) -> Token:
    return Token(
        token_id,
        bytes(32),
        name,
        person,
        scopes,
        restriction or Restriction(),
        NOW,
        created_by,
        created_by_token,
        expires_at,
    )


@settings(max_examples=300)
@given(restrictions, restrictions)
def test_a_restriction_within_another_allows_nothing_more(inner: Restriction, outer: Restriction) -> None:
    if inner.within(outer):
        for entry in ENTRIES:
            assert inner.refusal(*entry) is not None or outer.refusal(*entry) is None


@given(restrictions)
def test_a_restriction_lies_within_itself_and_within_none(restriction: Restriction) -> None:
    assert restriction.within(Restriction())
    places = [each for each in restriction.scopes if not restriction.levels or each[0] in restriction.levels]
    # One that allows nothing at all need not.
    assert restriction.within(restriction) or (restriction.scopes and not places)


@settings(max_examples=300)
@given(scopes, restrictions, expiries, scopes, restrictions, expiries)
def test_a_token_that_may_be_made_never_exceeds_its_maker(
    new_scopes: frozenset[Scope],
    new_restriction: Restriction,
    new_expiry: float | None,
    own_scopes: frozenset[Scope],
    own_restriction: Restriction,
    own_expiry: float | None,
) -> None:
    own = token("maker", own_scopes | {Scope.TOKENS}, own_restriction, own_expiry)
    made = token("made", new_scopes, new_restriction, new_expiry)
    try:
        check_grant(made, own.principal, own, NOW)
    except Exceeds:
        return
    assert made.scopes <= own.scopes
    assert own.expires_at is None or (made.expires_at is not None and made.expires_at <= own.expires_at)
    for entry in ENTRIES:
        assert made.restriction.refusal(*entry) is not None or own.restriction.refusal(*entry) is None


def test_who_has_not_the_scope_for_tokens_makes_none() -> None:
    own = token("maker", frozenset(Scope) - {Scope.TOKENS})
    with pytest.raises(Exceeds, match="maker has not the scope tokens"):
        check_grant(token(), own.principal, own, NOW)


def test_what_the_maker_has_not_is_named() -> None:
    own = token("maker", frozenset({Scope.TOKENS, Scope.READ}))
    with pytest.raises(Exceeds, match="has not the scope audit, write"):
        check_grant(token(scopes=frozenset({Scope.WRITE, Scope.AUDIT})), own.principal, own, NOW)


def test_a_maker_whose_token_has_ended_meanwhile_makes_none() -> None:
    own = token("maker", frozenset(Scope))
    for now_own in (None, token("maker", frozenset(Scope), expires_at=NOW)):
        with pytest.raises(Exceeds, match="not good any more"):
            check_grant(token(), own.principal, now_own, NOW)


def test_who_may_everything_gives_everything() -> None:
    check_grant(token(scopes=frozenset(Scope)), ROOT, None, NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        token(name=""),
        token(name=" ci"),
        token(name="ci\n"),
        token(name="c\x1b[31mi"),
        token(name="x" * 257),
        token(name="uid:0"),
        token(name="UID:0"),
        token(name="anonymous"),
        token(person="Ann\u202e"),
        token(scopes=frozenset()),
        token(expires_at=NOW),
        token(expires_at=NOW - 1),
        token(expires_at=1e12),
        token(expires_at=float("nan")),
        token(restriction=Restriction(levels=("",))),
        token(restriction=Restriction(flag_prefixes=("x" * 257,))),
        token(restriction=Restriction(scopes=(("customer", "a\0"),))),
        token(restriction=Restriction(levels=("customer",) * 101)),
    ],
)
def test_what_cannot_be_a_token_is_refused(wrong: Token) -> None:
    with pytest.raises(Unfit):
        check_request(wrong, NOW, TokenLimits())


@pytest.mark.parametrize(
    "right",
    [
        token(name="x" * 256),
        token(name="Zoë's laptop"),
        token(person="Ann Lee"),
        token(expires_at=NOW + 0.001),
        token(restriction=Restriction(levels=("customer",) * 100)),
    ],
)
def test_what_is_just_within_the_limits_is_taken(right: Token) -> None:
    check_request(right, NOW, TokenLimits())


@given(restrictions.filter(lambda each: "" not in each.flag_prefixes))
def test_a_restriction_is_written_and_read_back(restriction: Restriction) -> None:
    assert read_restriction(restriction_document(restriction)) == restriction


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        {"levels": "customer"},
        {"level": ["customer"]},
        {"scopes": [["customer"]]},
        {"scopes": ["customer"]},
        {"scopes": [["customer", 1]]},
        {"flagPrefixes": [""]},
        {"flagPrefixes": [1]},
        {"levels": None},
    ],
)
def test_a_restriction_that_is_not_understood_is_refused_not_passed_over(document: object) -> None:
    with pytest.raises(ValueError):
        read_restriction(document)


def test_two_persons_are_two_individuals_neither_of_whom_made_the_others_token() -> None:
    ann = token("ann", person="Ann", token_id="a" * 24)
    bob = token("bob", person="Bob", token_id="b" * 24)
    ann_too = token("ann-2", person="ann", token_id="c" * 24)
    shared = token("ci", token_id="d" * 24)
    of_bob = token("eve", person="Eve", created_by="bob", created_by_token="b" * 24, token_id="e" * 24)
    tokens = {each.id: each for each in (ann, bob, ann_too, shared, of_bob)}

    def why_not(one: Principal, other: Principal) -> str | None:
        forth, back = why_not_two_persons(one, other, tokens), why_not_two_persons(other, one, tokens)
        assert (forth is None) == (back is None)
        return forth

    assert why_not(ann.principal, bob.principal) is None
    assert why_not(ann.principal, ann.principal) is not None
    assert "same person" in str(why_not(ann.principal, ann_too.principal))
    assert "no individual" in str(why_not(ann.principal, shared.principal))
    assert "bob created the token eve" in str(why_not(bob.principal, of_bob.principal))
    assert why_not(ann.principal, of_bob.principal) is None
    # Bob may know the token that he made, and with it have made a third one.
    by_eve = token("mia", person="Mia", created_by="eve", created_by_token="e" * 24, token_id="f" * 24)
    tokens[by_eve.id] = by_eve
    assert "bob created the token mia" in str(why_not(bob.principal, by_eve.principal))
    assert why_not(ann.principal, by_eve.principal) is None
    peer = Principal("uid:1000", "peer", frozenset(Scope), uid=1000)
    assert why_not(peer, ann.principal) is None
    assert "uid:0 created" in str(why_not(ROOT, ann.principal))
