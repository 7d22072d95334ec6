"""What is refused about tokens, as a tree.

AuthorityError
├── Exceeds       nobody gives away what they do not have
├── Unfit         a name, an expiry or a restriction that cannot be
├── NameTaken     another good token has that name
├── TooMany       there are as many tokens as there may be
└── NoSuchToken   nor was there one of late
"""

from __future__ import annotations


class AuthorityError(Exception):
    """Root of them; the text is for a person and names no secret."""


class Exceeds(AuthorityError):
    """The token would allow more, or for longer, than who creates it may."""


class Unfit(AuthorityError):
    """The token cannot be as it is asked for."""


class NameTaken(AuthorityError):
    """History could not tell the two apart."""


class TooMany(AuthorityError):
    """Revoke some first."""


class NoSuchToken(AuthorityError):
    """There is no token of that id."""
