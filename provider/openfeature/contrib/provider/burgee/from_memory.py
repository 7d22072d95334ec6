"""What an answer from memory says of itself."""

from __future__ import annotations

from typing import Final

from burgee.resolution import Reason, Resolution

REASON: Final = "burgee.reason"
"""Flag metadata: the reason that the answer had when it was given first."""


def remembered(resolution: Resolution, reason: Reason) -> Resolution:
    """The same answer with another reason, the one it had kept in its metadata.

    Args:
        resolution: without an error, since an error's reason is always ERROR.
        reason: CACHED or STALE.
    """
    metadata = {**resolution.metadata, REASON: resolution.reason.value}
    return Resolution(
        resolution.flag_key,
        resolution.value,
        resolution.has_value,
        resolution.variant,
        reason,
        resolution.flag_type,
        None,
        "",
        metadata,
    )
