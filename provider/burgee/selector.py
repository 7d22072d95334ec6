"""Which flag set a client sees, in flagd's words: ``flagSetId=<id>``, ``source=<name>`` or a bare source."""

from __future__ import annotations

from dataclasses import dataclass

from burgee.errors import SelectorError


@dataclass(frozen=True, slots=True)
class Selector:
    """What a client asks to see.

    Attributes:
        flag_set_id: this set only; the empty text is the set without an id; None is any.
        source: only flags that this source delivered; None is any.
    """

    flag_set_id: str | None = None
    source: str | None = None

    @classmethod
    def parse(cls, text: str) -> Selector:
        """Read the value of ``Flagd-Selector``.

        Raises:
            SelectorError: the name before ``=`` is neither ``flagSetId`` nor ``source``.
        """
        text = text.strip()
        if not text:
            return ANY
        name, equals, value = text.partition("=")
        if not equals:
            return cls(source=text)
        if name.strip() == "flagSetId":
            return cls(flag_set_id=value.strip())
        if name.strip() == "source":
            return cls(source=value.strip())
        raise SelectorError(
            f"unknown selector {name.strip()!r}: write flagSetId=<id>, source=<name>, or a source's name"
        )


ANY = Selector()
