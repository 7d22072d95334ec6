"""What a static check says, and about which source."""

from __future__ import annotations

from typing import Literal, NamedTuple

from burgee.fault import Fault
from burgee.flag import Origin


class Finding(NamedTuple):
    """One warning.

    Attributes:
        check: the check's name, such as ``shadowed-rule``; it does not change.
        source: the name of the source that the fault's path leads into.
    """

    check: str
    source: str
    fault: Fault

    @property
    def origin(self) -> Origin:
        """Where the fault lies, as sources find positions by."""
        return Origin(self.source, self.fault.file, self.fault.path)


def warning(
    check: str, origin: Origin, message: str, remedy: str, *, at: Literal["value", "key"] = "value"
) -> Finding:
    """A finding about what stands at ``origin``; no position yet."""
    return Finding(check, origin.source, Fault(message, origin.path, remedy, "warning", at, origin.file))
