"""Tables of PostgreSQL written anew, so that nothing is left of their deleted and former rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from burgeed.database.protocol import Row

PATIENCE = 10.0
"""Seconds that transactions which still see the deleted rows are waited for; writes wait meanwhile."""

_POLL: Final = 0.02

_NOW = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"

_SAMPLES: Final = "pg_catalog.pg_statistic"

_PLACE_OF_SAMPLES = f"SELECT pg_relation_filenode('{_SAMPLES}')"

# Of a table without rows no samples are taken, and those before stay, until a column's type is set.
_FORGETTING = """
SELECT format('ALTER TABLE {0} ALTER %I TYPE %s%s', attname, format_type(atttypid, atttypmod), (
    SELECT format(' COLLATE %I.%I', nspname, collname)
    FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace
    WHERE pg_collation.oid = attcollation
))
FROM pg_attribute
WHERE attrelid = '{0}'::regclass AND attnum > 0 AND NOT attisdropped AND NOT EXISTS (SELECT FROM {0})
"""

# Ages are compared, since what a process shows are the low 32 bits of a number, which wrap. The first is of
# transactions that write, in any database of the server: whoever begins looks as far back as they do.
_WHO_SEES_BEFORE = """
SELECT 'a transaction that writes, on this server' WHERE pg_snapshot_xmin(pg_current_snapshot()) < '{0}'::xid8
UNION ALL
SELECT 'process ' || pid FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datid IS NULL)
AND age(backend_xmin) > age('{0}'::xid8::xid)
UNION ALL
SELECT 'replication slot ' || slot_name FROM pg_replication_slots
WHERE GREATEST(age(xmin), age(catalog_xmin)) > age('{0}'::xid8::xid)
"""


def rewrite(run: Callable[[str], list[Row]], tables: Sequence[str]) -> list[str]:
    """Write tables with their indexes anew, and the samples of them that the server keeps for its plans.

    ``VACUUM FULL`` takes over the deleted rows that a transaction may still see, and the server's own
    (autovacuum) look at any time. So they are waited for. The samples are rows of a table of the server's,
    where taking them again deletes the ones before.

    Args:
        run: runs a statement and returns its rows, outside a transaction.

    Returns:
        What is still there and why, a clause each.
    """
    for table in tables:
        for [forget] in run(_FORGETTING.format(table)):
            run(str(forget))
    run(f"ANALYZE {', '.join(tables)}")
    [[now]] = run(_NOW)
    seen_by = _WHO_SEES_BEFORE.format(now)
    still = run(seen_by)
    for _ in range(round(PATIENCE / _POLL)):
        if not still:
            break
        run(f"SELECT pg_sleep({_POLL})")
        still = run(seen_by)
    samples = run(_PLACE_OF_SAMPLES)
    run(f"VACUUM FULL {', '.join(tables)}, {_SAMPLES}")
    left = []
    if still:
        left.append(
            f"rows that {', '.join(str(who) for [who] in still)} still sees: end that and do this again"
        )
    if run(_PLACE_OF_SAMPLES) == samples:
        # Whoever may not write it anew is told so by a warning alone.
        left.append("samples of rows: have the owner of the database run VACUUM FULL pg_statistic")
    return left
