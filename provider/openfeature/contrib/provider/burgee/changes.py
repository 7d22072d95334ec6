"""What an event of the daemon's says has changed, by the event before."""

from __future__ import annotations

from burgee.wire.sync import GenerationEvent

from .announcements import ConfigurationChanged


def change_between(
    before: GenerationEvent | None, event: GenerationEvent, *, gap: bool
) -> ConfigurationChanged | None:
    """What is to be told of an event; None where it says nothing new.

    Args:
        before: the event heard last; None where this is the first.
        event: the one that came.
        gap: whether others may have been missed between the two, as the first of a stream follows a gap.
    """
    if before is None:
        return None
    if not gap:
        if event.flags_changed is not None and not event.flags_changed:
            return None
        flags = None if event.flags_changed is None else tuple(sorted(event.flags_changed))
        return ConfigurationChanged(flags, event.reason, event.generation)
    if before.generation != event.generation:
        message = f"after a gap in the event stream, {before.generation} became {event.generation}"
        return ConfigurationChanged(None, f"{message}: changed flags unknown", event.generation)
    if before.times != event.times:
        message = "during a gap in the event stream, time changed answers: changed flags unknown"
        return ConfigurationChanged(None, message, event.generation)
    return None
