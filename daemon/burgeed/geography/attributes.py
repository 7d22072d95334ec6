"""What telling ``country`` from ``ip`` means for what a flag depends on. Pure: no database is asked."""

from __future__ import annotations

from collections.abc import Container

from burgee.dependencies import dependencies
from burgee.snapshot import Snapshot

COUNTRY = "country"
"""The attribute that is told: an ISO 3166-1 alpha-2 code."""

IP = "ip"
"""The attribute that it is told from: an IPv4 or IPv6 address as text."""


def needs_daemon(snapshot: Snapshot) -> frozenset[str]:
    """Keys of the flags that only a daemon with a database can answer for every context.

    These are the flags that could read ``country``, and those for which no finite list of attributes can be
    given; none where ``country`` is fixed, since that beats the database.
    """
    if COUNTRY in snapshot.fixed:
        return frozenset()
    return frozenset(
        flag_key
        for flag_set in snapshot.flag_sets.values()
        for flag_key in (*flag_set.flags, *flag_set.leaves)
        if (found := dependencies(flag_set, flag_key)).unbounded or COUNTRY in found.attributes
    )


def with_address(names: frozenset[str] | None, fixed: Container[str]) -> frozenset[str] | None:
    """Add to the attributes that could change an answer those that do so through ``country``.

    Args:
        names: as :func:`burgee.dependencies.vary` gives them: fixed ones left out, None where there is no
            finite list.
        fixed: names of the attributes that the daemon sets for all requests.
    """
    if names is None or COUNTRY not in names or IP in fixed:
        return names
    return names | {IP}
