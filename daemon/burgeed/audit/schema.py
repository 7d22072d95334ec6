"""The audit's tables and triggers, for the database's migration.

Entries are only ever added. The triggers hold that against mistakes of this program and of people at a SQL
prompt; against somebody who drops the triggers stand the chain, the checkpoints and the anchors. Pruning is
let through by a row of ``audit_pruning``, which lives within the transaction that prunes.
"""

from __future__ import annotations

TABLES = (
    # One row. The index key finds a subject by name without the name; its value is wrapped by the master key.
    """CREATE TABLE audit_log (
        id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        log_id BLOB NOT NULL,
        made BIGINT NOT NULL,
        master_id TEXT NOT NULL,
        index_key BLOB NOT NULL,
        epoch BIGINT NOT NULL,
        public_key BLOB NOT NULL
    )""",
    # One row, the end of the chain: what the next entry goes on from.
    """CREATE TABLE audit_head (
        id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
        seq BIGINT NOT NULL,
        hash BLOB NOT NULL,
        peaks BLOB NOT NULL,
        segment BIGINT NOT NULL
    )""",
    # What is null in an open segment is set when it is closed; the wrapped key of a pruned one is empty.
    """CREATE TABLE audit_segments (
        id BIGINT NOT NULL PRIMARY KEY,
        epoch BIGINT NOT NULL,
        kid BLOB NOT NULL UNIQUE,
        wrapped_key BLOB NOT NULL,
        master_id TEXT NOT NULL,
        commitment BLOB NOT NULL,
        first_seq BIGINT NOT NULL,
        opened BIGINT NOT NULL,
        size BIGINT,
        root BLOB,
        peaks BLOB,
        head BLOB,
        closed BIGINT,
        signature BLOB,
        pruned BIGINT,
        pruned_signature BLOB
    )""",
    """CREATE TABLE audit_entries (
        seq BIGINT NOT NULL PRIMARY KEY,
        segment BIGINT NOT NULL,
        at BIGINT NOT NULL,
        action TEXT NOT NULL,
        actor_id BLOB NOT NULL,
        hash BLOB NOT NULL,
        entry BLOB NOT NULL
    )""",
    "CREATE INDEX audit_entries_at ON audit_entries (at)",
    "CREATE INDEX audit_entries_action ON audit_entries (action, seq)",
    # Lookup is an HMAC of kind and name under the index key; null, as the wrapped key, once erased.
    """CREATE TABLE audit_subjects (
        id BLOB NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        lookup BLOB UNIQUE,
        wrapped_key BLOB,
        master_id TEXT NOT NULL,
        made BIGINT NOT NULL,
        entries BIGINT NOT NULL,
        erased BIGINT
    )""",
    """CREATE TABLE audit_checkpoints (
        size BIGINT NOT NULL PRIMARY KEY,
        root BLOB NOT NULL,
        head BLOB NOT NULL,
        note TEXT NOT NULL,
        made BIGINT NOT NULL,
        anchored BIGINT
    )""",
    # A hold on everything, until it is released.
    """CREATE TABLE audit_holds (
        name TEXT NOT NULL PRIMARY KEY,
        made BIGINT NOT NULL
    )""",
    "CREATE TABLE audit_pruning (through_seq BIGINT NOT NULL)",
)

SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
    BEGIN SELECT RAISE(ABORT, 'entries of the audit are never changed'); END""",
    """CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
    WHEN NOT EXISTS (SELECT 1 FROM audit_pruning WHERE through_seq >= OLD.seq)
    BEGIN SELECT RAISE(ABORT, 'entries of the audit are only ever pruned'); END""",
    # INSERT OR REPLACE deletes without asking a trigger.
    """CREATE TRIGGER audit_entries_in_order BEFORE INSERT ON audit_entries
    WHEN EXISTS (SELECT 1 FROM audit_entries WHERE seq >= NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'entries of the audit are only ever added at the end'); END""",
    """CREATE TRIGGER audit_segments_no_delete BEFORE DELETE ON audit_segments
    BEGIN SELECT RAISE(ABORT, 'headers of the audit stay'); END""",
)

POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION USING MESSAGE = 'entries and headers of the audit are never changed';
    END $$""",
    """CREATE FUNCTION audit_refuse_unless_pruning() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM audit_pruning WHERE through_seq >= OLD.seq) THEN
            RAISE EXCEPTION USING MESSAGE = 'entries of the audit are only ever pruned';
        END IF;
        RETURN OLD;
    END $$""",
    """CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_unless_pruning()""",
    """CREATE TRIGGER audit_segments_no_delete BEFORE DELETE ON audit_segments
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_segments_no_truncate BEFORE TRUNCATE ON audit_segments
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)

SECOND_TABLES = (
    # One row for each signing key, in order; the note of a later one is signed by it and by the one before.
    """CREATE TABLE audit_keys (
        epoch BIGINT NOT NULL PRIMARY KEY,
        public_key BLOB NOT NULL,
        first_seq BIGINT NOT NULL,
        note TEXT NOT NULL
    )""",
    # Of each daemon that seals, numbers from 0 without gaps.
    """CREATE TABLE audit_seals (
        sealer BLOB NOT NULL,
        number BIGINT NOT NULL,
        size BIGINT NOT NULL,
        root BLOB NOT NULL,
        head BLOB NOT NULL,
        made BIGINT NOT NULL,
        seal BLOB NOT NULL,
        PRIMARY KEY (sealer, number)
    )""",
    # Checkpoints that the log does not meet, and that somebody told it to go on without.
    """CREATE TABLE audit_acceptances (
        digest BLOB NOT NULL PRIMARY KEY,
        size BIGINT NOT NULL,
        seq BIGINT NOT NULL,
        made BIGINT NOT NULL,
        signature BLOB NOT NULL
    )""",
)

_KEPT = ("audit_keys", "audit_seals", "audit_acceptances")

SECOND_SQLITE_TRIGGERS = tuple(
    f"""CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table}
    BEGIN SELECT RAISE(ABORT, 'keys, seals and acceptances of the audit are never changed'); END"""
    for table in _KEPT
    for event in ("UPDATE", "DELETE")
)

SECOND_POSTGRESQL_TRIGGERS = tuple(
    f"""CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()"""
    for table in _KEPT
)
