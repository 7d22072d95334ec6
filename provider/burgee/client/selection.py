"""Which events a client wants, as the query of ``/admin/v1/events``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from burgee.wire.control_events import PATH


@dataclass(frozen=True, slots=True)
class Selection:
    """What to hear; empty asks for nothing in particular.

    Attributes:
        flag: a key, or the beginning of some with a ``*`` after it.
        flag_set: None is any; empty is the one without an id.
        types: such as ``flag.killed``, or ``override.*``.
    """

    flag: str = ""
    flag_set: str | None = None
    level: str = ""
    scope: str = ""
    types: Sequence[str] = ()

    @property
    def target(self) -> str:
        """Path and query."""
        pairs = [(name, getattr(self, name)) for name in ("flag", "level", "scope") if getattr(self, name)]
        if self.flag_set is not None:
            pairs.append(("flag_set", self.flag_set))
        pairs += [("type", each) for each in self.types]
        return f"{PATH}?{urlencode(pairs)}" if pairs else PATH
