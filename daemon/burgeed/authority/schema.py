"""The table of tokens.

Times are microseconds since the Unix epoch. ``scopes`` is a JSON list, ``restriction`` a JSON object. Each
row carries in ``changed`` a number that is higher than all others were when it was last written, so that
another daemon on the same database learns with one look whether there is something new.
"""

from __future__ import annotations

TABLES: tuple[str, ...] = (
    """
    CREATE TABLE tokens (
        id TEXT NOT NULL PRIMARY KEY,
        hash BLOB NOT NULL,
        name TEXT NOT NULL,
        person TEXT NOT NULL,
        scopes TEXT NOT NULL,
        restriction TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        created_by TEXT NOT NULL,
        created_by_token TEXT NOT NULL,
        expires_at BIGINT,
        revoked_at BIGINT,
        changed BIGINT NOT NULL
    )
    """,
    "CREATE INDEX tokens_changed ON tokens (changed)",
)
