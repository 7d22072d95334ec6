"""Reading the query and the header: strictly, with errors that say what to write instead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from aiohttp import web

from burgee.fault import Fault
from burgee.instant import parse_instant
from burgee.snapshot import FlagSet, Snapshot
from burgeed.server.admin.parameters import LARGEST_REVISION
from burgeed.server.errors import well_formed
from burgeed.server.problems import Problem, malformed, not_found

_DIGITS = re.compile(r"[0-9]{1,19}", re.ASCII)

NAMED = 20
"""Known names that somebody is told of who writes an unknown one that resembles none."""

SETS_NAMED = 10
"""Flag sets that an ambiguous request is told of."""


def check_query(request: web.Request, known: Mapping[str, bool]) -> None:
    """Refuse a parameter that the route does not know, and one that is given twice and may not be.

    Args:
        known: names, and whether each may be given more than once.
    """
    if not request.query_string:
        return
    for name in request.query:
        if name not in known:
            raise malformed(f"unknown query parameter `{name[:100]}`; {nearest(name, known)}")
        if not known[name] and len(request.query.getall(name)) > 1:
            raise malformed(f"query parameter `{name}` is given more than once")


def nearest(name: str, known: Collection[str]) -> str:
    """What to write instead of an unknown name."""
    close = get_close_matches(name, known, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    if not known:
        return "there is none that is known here"
    named = sorted(known)
    return f"known: {', '.join(named[:NAMED])}" + (f" and {len(named) - NAMED} more" if named[NAMED:] else "")


def unknown_field(name: str, known: Collection[str]) -> Problem:
    """The refusal of a body with a field that means nothing."""
    fault = Fault(f"unknown field `{name[:100]}`", (name,), nearest(name, known))
    return Problem(400, "malformed", f"{fault.message}; {fault.remedy}", faults=[fault])


def path_text_of(request: web.Request, name: str) -> str:
    """A parameter of the path, decoded."""
    value = well_formed(request.match_info[name])
    return checked_text(value, f"the {name} in the path", 256, shortest=1)


def read_text(request: web.Request, name: str, longest: int = 256) -> str:
    """A text of the query; empty where it is not given."""
    value = request.query.get(name)
    return "" if value is None else checked_text(value, f"query parameter `{name}`", longest)


def checked_text(value: str, what: str, longest: int, *, shortest: int = 0) -> str:
    """The text, if it is no longer than ``longest`` and free of control characters."""
    if not shortest <= len(value) <= longest:
        raise malformed(f"{what} has {len(value)} characters; write {shortest} to {longest}")
    if not value.isprintable() and any(unicodedata.category(each) in ("Cc", "Cs") for each in value):
        raise malformed(f"{what} has a control character; remove it")
    return value


def read_boolean(request: web.Request, name: str) -> bool:
    """``true`` or ``false``; false where it is not given."""
    value = request.query.get(name, "false")
    if value not in ("true", "false"):
        raise malformed(f"query parameter `{name}` is neither true nor false")
    return value == "true"


def read_integer(
    request: web.Request, name: str, *, smallest: int = 1, largest: int = LARGEST_REVISION
) -> int | None:
    """A whole number in digits; None where it is not given."""
    value = request.query.get(name)
    if value is None:
        return None
    if not _DIGITS.fullmatch(value) or not smallest <= int(value) <= largest:
        raise malformed(f"query parameter `{name}` is no whole number from {smallest} to {largest}")
    return int(value)


def read_instant(request: web.Request, name: str) -> float | None:
    """An instant as Unix seconds; None where it is not given."""
    value = request.query.get(name)
    return None if value is None else checked_instant(value, f"query parameter `{name}`")


def checked_instant(value: object, what: str) -> float:
    """An RFC 3339 date-time as Unix seconds."""
    # A plus that was not encoded has become a blank.
    moment = parse_instant(value.replace(" ", "+")) if isinstance(value, str) else None
    if moment is None:
        raise malformed(f"{what} is no date-time with an offset; write one such as 2026-12-01T00:00:00Z")
    return moment


def flag_set_id_of(request: web.Request, snapshot: Snapshot) -> str:
    """The flag set that a request is about: the one it names, or the only one there is."""
    if "flag_set" in request.query:
        return read_text(request, "flag_set")
    known = sorted(snapshot.flag_sets)
    if len(known) > 1:
        some = ", ".join(known[:SETS_NAMED]) + (", …" if len(known) > SETS_NAMED else "")
        raise malformed(f"there are several flag sets; name one with ?flag_set=: {some}")
    return known[0] if known else ""


def flag_set_of(request: web.Request, snapshot: Snapshot) -> FlagSet:
    """The same where it has to be there."""
    flag_set_id = flag_set_id_of(request, snapshot)
    found = snapshot.flag_sets.get(flag_set_id)
    if found is None:
        named = flag_set_id or "without an id"
        raise not_found(f"there is no flag set {named}; {nearest(flag_set_id, sorted(snapshot.flag_sets))}")
    return found
