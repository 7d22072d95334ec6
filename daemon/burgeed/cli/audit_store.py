"""Where the commands of `burgee audit` find the log, its keys and its anchors."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from burgeed.audit.errors import AuditError
from burgeed.audit.keys import AuditKeys, MasterKeys, open_masters
from burgeed.audit.log import AuditLog
from burgeed.audit.log_database import DatabaseLog, open_postgresql_log, open_sqlite_log
from burgeed.audit.opening import keys_of, open_audit
from burgeed.audit.reader import AuditReader
from burgeed.audit.subjects import Subjects
from burgeed.cli.audit_leftovers import forgetting
from burgeed.cli.parameters import as_command_line, evaluation_settings
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.control.erasing import HistoryReach
from burgeed.control.schema import MIGRATIONS
from burgeed.database.errors import DatabaseError, DatabaseInUse
from burgeed.database.opening import POSTGRESQL, SQLITE, open_database
from burgeed.database.protocol import Transaction
from burgeed.settings import Settings, gather

Function = TypeVar("Function", bound=Callable[..., Any])
Outcome = TypeVar("Outcome")


def audit_settings(function: Function) -> Function:
    """The daemon's options that say where its audit is; received as tuples of texts."""
    function = evaluation_settings(
        "store", "state-dir", "audit-key-file", "audit-anchor", "audit-mode", "audit-retention", "audit-mask"
    )(function)
    return click.option(
        "--former-key-file",
        "former",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="PATH",
        help="A master key that was replaced, for reading what it wraps still; repeatable.",
    )(function)


def settings_of(options: dict[str, tuple[str, ...]], session: Session) -> Settings:
    """The settings; the store is burgee.db in the state directory where none is named."""
    settings = gather(as_command_line(options), session.environment, wants_source=False, keeps_store=True)
    if settings.store is None:
        raise CommandFailed("--store none has no audit", ExitCode.USAGE)
    return settings


def open_log(settings: Settings) -> DatabaseLog:
    """The log, to be read alone. Raises AuditError."""
    store = settings.store or ""
    if store.startswith(POSTGRESQL):
        return open_postgresql_log(store)
    return open_sqlite_log(Path(store.removeprefix(SQLITE)))


def masters_of(settings: Settings, session: Session, former: tuple[Path, ...]) -> MasterKeys:
    """The keys that unwrap. Raises KeyUnusable."""
    return open_masters(
        settings.state_dir,
        session.environment,
        master_file=settings.audit_key_file,
        former_files=(*settings.audit_former_key_files, *former),
    )


def reader_of(log: DatabaseLog, masters: MasterKeys) -> AuditReader:
    """What decrypts the records of a log that is open for reading."""
    return AuditReader(_OneTransaction(log.transaction), masters, Subjects(masters))


def refuse_in_use(settings: Settings, instead: str) -> None:
    """Fail where a daemon has the SQLite file that a command is to write.

    Args:
        instead: the command that asks that daemon for the same; empty where there is none.

    Raises:
        CommandFailed: it has.
    """
    store = settings.store or ""
    if store.startswith(POSTGRESQL):
        return
    path = Path(store.removeprefix(SQLITE))
    try:
        lock = os.open(f"{path}.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return  # opening the log tells what is wrong with it
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _in_use(f"{path} is in use by another daemon, which holds {path}.lock", instead) from error
    finally:
        os.close(lock)


@asynccontextmanager
async def writing(
    settings: Settings,
    session: Session,
    former: tuple[Path, ...] = (),
    keys: AuditKeys | None = None,
    *,
    instead: str,
) -> AsyncIterator[AuditLog]:
    """The log, opened as the daemon opens it: on SQLite, no daemon may have it open.

    Args:
        instead: see :func:`refuse_in_use`.

    Raises:
        CommandFailed: it cannot be, or what was done with it failed.
    """
    try:
        keys = keys or keys_of(settings, session.environment, former=former, make=False)
        database = await open_database(settings.store or "", MIGRATIONS, clock=session.clock)
        try:
            audit = await open_audit(settings, keys, database, session.clock)
            audit.reach = HistoryReach(database, session.clock, leftovers=[forgetting(settings, database)])
            yield audit
        finally:
            await database.close()
    except DatabaseInUse as error:
        raise _in_use(str(error), instead) from error
    except (AuditError, DatabaseError, ValueError) as error:
        raise CommandFailed(str(error)) from error


def _in_use(what: str, instead: str) -> CommandFailed:
    return CommandFailed(f"{what}\n  {f'ask that daemon: {instead}' if instead else 'stop that daemon'}")


class _OneTransaction:
    """A database whose every read is of the one state that was opened."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def read(self, work: Callable[[Transaction], Outcome]) -> Outcome:
        """See Database."""
        return work(self._transaction)
