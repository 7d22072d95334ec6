"""Tables of PostgreSQL written anew, so that nothing is left of their deleted and former rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from burgeed.database.protocol import Row

PATIENCE = 10.0
"""Seconds that transactions which still see the deleted rows are waited for; writes wait meanwhile."""

_POLL: Final = 0.02

_NOW = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"

# Ages are compared, since what a process shows are the low 32 bits of a number, which wrap. The first is of
# transactions that write, in any database of the server: whoever begins looks as far back as they do.
_WHO_SEES_BEFORE = """
SELECT 'a transaction that writes, on this server' WHERE pg_snapshot_xmin(pg_current_snapshot()) < '{0}'::xid8
UNION ALL
SELECT 'process ' || pid FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datid IS NULL)
AND age(backend_xmin) > age('{0}'::xid8::xid)
UNION ALL
SELECT 'replication slot ' || slot_name FROM pg_replication_slots WHERE age(xmin) > age('{0}'::xid8::xid)
"""


def rewrite(run: Callable[[str], list[Row]], tables: Sequence[str]) -> list[str]:
    """Write tables with their indexes anew, and have the server take its samples of them anew.

    ``VACUUM FULL`` takes over the deleted rows that a transaction may still see, and the server's own
    (autovacuum) look at any time. So they are waited for.

    Args:
        run: runs a statement and returns its rows, outside a transaction.

    Returns:
        Who saw the deleted rows all the time, so that they are still there: processes, replication slots.
    """
    [[now]] = run(_NOW)
    seen_by = _WHO_SEES_BEFORE.format(now)
    for _ in range(round(PATIENCE / _POLL)):
        if not run(seen_by):
            break
        run(f"SELECT pg_sleep({_POLL})")
    still = [str(row[0]) for row in run(seen_by)]
    run(f"VACUUM (FULL, ANALYZE) {', '.join(tables)}")
    return still
