"""An override as the admin API shows it: what it says, where it stands, and whether that has any effect."""

from __future__ import annotations

from typing import Any

from burgee.definition.rendering import render_override
from burgee.flag import Inherit, Override
from burgee.instant import instant_text
from burgeed.server.admin.flag_view import origin_document
from burgeed.server.services import Position


def override_document(
    flag_set_id: str,
    override: Override,
    *,
    now: float,
    why: str = "",
    covered_by: str | None = None,
    revision: int | None = None,
    position: Position | None = None,
) -> dict[str, Any]:
    """One override.

    Args:
        now: Unix seconds: whether its window is open.
        why: it leads nowhere, as composing found.
        covered_by: the source whose override for the same scope lies on top.
        revision: the one that set it at run time.
        position: line and column in its file, where they were asked for and found.
    """
    why = _why_inactive(override, now, why, covered_by)
    return {
        "flagSet": flag_set_id,
        "level": override.level,
        "scope": override.scope,
        "flag": override.flag_key,
        "override": render_override(override),
        "source": override.origin.source,
        "origin": origin_document(override.origin, position),
        "active": not why,
        "why": why,
        "lock": override.lock,
        "window": _window_document(override, now),
        "coveredBy": covered_by,
        "revision": revision,
    }


def _why_inactive(override: Override, now: float, why: str, covered_by: str | None) -> str:
    if covered_by is not None:
        return f"{covered_by} says something else for this {override.level}"
    if why or override.window.holds(now):
        return why
    start, end = override.window.start, override.window.end
    if start is not None and now < start:
        return f"its window opens at {instant_text(start)}"
    return f"its window has been over since {instant_text(end)}" if end is not None else ""


def _window_document(override: Override, now: float) -> dict[str, Any] | None:
    window = override.window
    if isinstance(override.effect, Inherit) or (window.start is None and window.end is None):
        return None
    return {
        "from": None if window.start is None else instant_text(window.start),
        "until": None if window.end is None else instant_text(window.end),
        "open": window.holds(now),
    }
