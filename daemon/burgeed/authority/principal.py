"""Principals and what they may do: default deny."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias


class Scope(StrEnum):
    """What a principal can be allowed; a route asks for exactly one."""

    EVALUATE = "evaluate"
    READ = "read"
    WRITE = "write"
    AUDIT = "audit"
    TOKENS = "tokens"
    BREAK_GLASS = "break-glass"


@dataclass(frozen=True, slots=True)
class Restriction:
    """Where a principal may write; an empty tuple restricts nothing.

    Attributes:
        levels: only overrides of these levels. A principal with levels may change no flag and no kill.
        scopes: only overrides of these (level, scope); restricts further than levels.
        flag_prefixes: only flags whose key begins with one of these.
    """

    levels: tuple[str, ...] = ()
    scopes: tuple[tuple[str, str], ...] = ()
    flag_prefixes: tuple[str, ...] = ()

    def refusal(self, kind: str, flag_key: str, level: str, scope: str) -> str | None:
        """Why an entry must not be changed, for a person; None where it may."""
        if self.flag_prefixes and not flag_key.startswith(self.flag_prefixes):
            return f"flag {flag_key} begins with none of {', '.join(self.flag_prefixes)}"
        if (self.levels or self.scopes) and kind != "override":
            return f"a {kind} reaches further than the levels and scopes of this principal"
        if self.levels and level not in self.levels:
            return f"level {level} is none of {', '.join(self.levels)}"
        if self.scopes and (level, scope) not in self.scopes:
            return f"{level} {scope} is none of this principal's scopes"
        return None

    def within(self, other: Restriction) -> bool:
        """Whether the other allows everything that this one does.

        It may say no where a closer look would find that nothing is allowed at all; never yes wrongly.
        """
        if other.flag_prefixes and not (
            self.flag_prefixes and all(each.startswith(other.flag_prefixes) for each in self.flag_prefixes)
        ):
            return False
        scopes = [each for each in self.scopes if not self.levels or each[0] in self.levels]
        if other.scopes and not (self.scopes and all(each in other.scopes for each in scopes)):
            return False
        if not other.levels:
            return True
        levels = {level for level, _ in scopes} if self.scopes else set(self.levels)
        return bool(self.scopes or self.levels) and levels <= set(other.levels)


Kind: TypeAlias = Literal["token", "peer", "anonymous"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    Attributes:
        name: as history and audit show it: a token's name, ``uid:1000``, ``anonymous``.
        token_id: the token's public id; empty for others.
        uid: the peer's, on the Unix socket, beside a token too; None elsewhere.
        person: the individual whom a token belongs to; empty for a shared one.
        certificate: whom the client's certificate names, under mutual TLS, beside a token too; else empty.
    """

    name: str
    kind: Kind
    scopes: frozenset[Scope] = frozenset()
    restriction: Restriction = field(default=Restriction())
    token_id: str = ""
    uid: int | None = None
    person: str = ""
    certificate: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether the scope is allowed."""
        return scope in self.scopes


ANONYMOUS = Principal("anonymous", "anonymous")
"""Nobody in particular: may nothing but what is open to everyone."""
