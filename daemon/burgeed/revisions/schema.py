"""The tables of revisions.

Names of people's own choosing can be long, and PostgreSQL refuses index rows over some 2,700 bytes: an entry
is found by the hash of its key.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = (
    """
    CREATE TABLE revisions (
        number BIGINT PRIMARY KEY,
        at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        on_behalf_of TEXT NOT NULL,
        action TEXT NOT NULL,
        reason TEXT NOT NULL,
        request_id TEXT NOT NULL,
        target BIGINT,
        write_id TEXT NOT NULL UNIQUE
    )
    """,
    "CREATE INDEX revisions_by_time ON revisions (at)",
    """
    CREATE TABLE changes (
        revision BIGINT NOT NULL REFERENCES revisions (number),
        ordinal BIGINT NOT NULL,
        identity TEXT NOT NULL,
        flag_set TEXT NOT NULL,
        kind TEXT NOT NULL,
        flag_key TEXT NOT NULL,
        level TEXT NOT NULL,
        scope TEXT NOT NULL,
        document_before TEXT,
        document_after TEXT,
        PRIMARY KEY (revision, ordinal)
    )
    """,
    "CREATE INDEX changes_by_entry ON changes (identity, revision)",
    "CREATE INDEX changes_by_flag ON changes (flag_key, revision)",
    "CREATE INDEX changes_by_scope ON changes (level, scope, revision)",
    """
    CREATE TABLE entries (
        identity TEXT PRIMARY KEY,
        flag_set TEXT NOT NULL,
        kind TEXT NOT NULL,
        flag_key TEXT NOT NULL,
        level TEXT NOT NULL,
        scope TEXT NOT NULL,
        document TEXT NOT NULL,
        revision BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE idempotency (
        identity TEXT PRIMARY KEY,
        at BIGINT NOT NULL,
        fingerprint TEXT NOT NULL,
        outcome TEXT NOT NULL
    )
    """,
    "CREATE INDEX idempotency_by_time ON idempotency (at)",
    """
    CREATE TABLE beneath (
        number BIGINT PRIMARY KEY,
        at BIGINT NOT NULL,
        doubtful_since BIGINT,
        sources TEXT NOT NULL,
        digest TEXT NOT NULL,
        content BLOB NOT NULL
    )
    """,
    "CREATE INDEX beneath_by_sources ON beneath (sources, at)",
)
"""What the first migration makes, besides the tables of others."""
