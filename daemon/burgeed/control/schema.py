"""The schema of the whole store, step by step; a step that was released is never changed."""

from __future__ import annotations

from typing import Final

from burgeed.audit import schema as audit
from burgeed.authority import schema as authority
from burgeed.database.migration import Migration
from burgeed.revisions import schema as revisions

MIGRATIONS: Final = (
    Migration(
        1,
        "revisions, tokens, audit",
        (*revisions.TABLES, *authority.TABLES, *audit.TABLES),
        sqlite=audit.SQLITE_TRIGGERS,
        postgresql=audit.POSTGRESQL_TRIGGERS,
    ),
    Migration(
        2,
        "signing keys, seals, acceptances of the audit",
        audit.SECOND_TABLES,
        sqlite=audit.SECOND_SQLITE_TRIGGERS,
        postgresql=audit.SECOND_POSTGRESQL_TRIGGERS,
    ),
)
