"""Which tokens there may be, and who may make and revoke them.

Nobody gives away what they do not have: not a scope, not a place to write, not a day longer than their own
token is good. Whoever has the scope for tokens may revoke any of them: in need that must not wait for
somebody with more power.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from burgeed.authority.errors import Exceeds, Unfit
from burgeed.authority.issued import Token
from burgeed.authority.principal import Principal, Scope

LATEST = 253_402_300_800.0
"""Unix seconds: the end of the year 9999, after which RFC 3339 has no dates."""

_RESERVED = ("uid:", "sync-token-file", "anonymous", "first start")
"""What names of principals that are no tokens are, or begin with."""


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """How much there may be.

    Attributes:
        tokens: good at the same time.
        text: characters of a name, a person, a level, a scope, a prefix.
        places: levels, scopes and prefixes of one restriction, each.
        kept: seconds for which a token is listed that is not good any more.
    """

    tokens: int = 1_000
    text: int = 256
    places: int = 100
    kept: float = 30 * 86_400.0


def check_request(token: Token, now: float, limits: TokenLimits) -> None:
    """Whether a token can be as it is asked for, whoever asks. Raises Unfit."""
    _check_text("name", token.name, limits)
    if token.name.casefold().startswith(_RESERVED):
        raise Unfit(f"{token.name} would look like somebody else in the history: choose another name")
    if token.person:
        _check_text("person", token.person, limits)
    if not token.scopes:
        raise Unfit("the token has no scope: it could do nothing")
    if token.expires_at is not None and not now < token.expires_at < LATEST:
        raise Unfit("the token expires before it is made, or after the year 9999")
    restriction = token.restriction
    for place in (restriction.levels, restriction.scopes, restriction.flag_prefixes):
        if len(place) > limits.places:
            raise Unfit(f"the restriction names more than {limits.places} places")
    for text in (*restriction.levels, *restriction.flag_prefixes, *sum(restriction.scopes, ())):
        if not text or len(text) > limits.text or not text.isprintable():
            raise Unfit(f"the restriction holds a text that is empty, over {limits.text} long or unprintable")


def check_grant(token: Token, by: Principal, own: Token | None, now: float) -> None:
    """Whether somebody may make a token.

    Args:
        own: their own token as the database has it now; None where they show none.

    Raises:
        Exceeds: they may not.
    """
    check_may_manage(by, own, now)
    if beyond := token.scopes - by.scopes:
        raise Exceeds(f"{by.name} has not the scope {', '.join(sorted(beyond))}, and cannot give it away")
    if not token.restriction.within(by.restriction):
        raise Exceeds(f"{by.name} may not write everywhere where the new token could")
    until = None if own is None else own.expires_at
    if until is not None and (token.expires_at is None or token.expires_at > until):
        raise Exceeds(f"the new token would outlive that of {by.name}: let it expire no later")


def check_may_manage(by: Principal, own: Token | None, now: float) -> None:
    """Whether somebody may have to do with tokens at all. Raises Exceeds."""
    if not by.may(Scope.TOKENS):
        raise Exceeds(f"{by.name} has not the scope {Scope.TOKENS}")
    if by.kind == "token" and (own is None or not own.is_good(now)):
        raise Exceeds(f"the token of {by.name} is not good any more")


def is_forgotten(token: Token, now: float, limits: TokenLimits) -> bool:
    """Whether a token has not been good for so long that nobody asks for it."""
    ends = [each for each in (token.revoked_at, token.expires_at) if each is not None]
    return bool(ends) and min(ends) + limits.kept <= now


def why_not_two_persons(one: Principal, other: Principal, tokens: dict[str, Token]) -> str | None:
    """Why two principals need not be two persons, for a person; None where they are two.

    A token must belong to an individual to stand for one, and who created a token may know its secret, and so
    could have created what was created with that one.
    """
    for each in (one, other):
        if each.kind == "anonymous" or (each.kind == "token" and not each.person):
            return f"{each.name} is no individual: a token that counts for a person names one"
    if _individual(one) == _individual(other):
        return f"{one.name} and {other.name} are the same person"
    for maker, made in ((one, other), (other, one)):
        if any(_is_maker(maker, token) for token in _with_those_before(made.token_id, tokens)):
            return (
                f"{maker.name} created the token {made.name}, or the one that it was created with, and may "
                "know it"
            )
    return None


def _check_text(what: str, text: str, limits: TokenLimits) -> None:
    if not text or len(text) > limits.text:
        raise Unfit(f"the {what} has no or more than {limits.text} characters")
    if text != text.strip() or not text.isprintable():
        raise Unfit(f"the {what} begins or ends with a blank, or holds what cannot be printed")


def _individual(principal: Principal) -> str:
    return (principal.person or principal.name).casefold()


def _with_those_before(token_id: str, tokens: dict[str, Token]) -> Iterator[Token]:
    """A token, the one that it was created with, and so on, as far as they are known."""
    token = tokens.get(token_id)
    while token is not None:
        yield token
        # A token is created with one that was there before: there is no way round.
        token = tokens.get(token.created_by_token)


def _is_maker(maker: Principal, token: Token) -> bool:
    if maker.token_id or token.created_by_token:
        return maker.token_id == token.created_by_token
    return maker.name == token.created_by
