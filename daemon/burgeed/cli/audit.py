"""`burgee audit`: verify, search and export the log, prune and erase; all without the daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from burgeed.audit.anchor import anchor_of, file_anchors, read_anchored
from burgeed.audit.errors import AuditError, KeyUnusable
from burgeed.audit.log_database import open_sqlite_log
from burgeed.audit.log_export import ExportLog
from burgeed.audit.log_source import LogSource
from burgeed.audit.sealing_key import FirstKey, read_first_key
from burgeed.audit.verdict import Verdict, Verification
from burgeed.audit.verify import verify
from burgeed.cli.audit_keys import accept_log, rotate_keys, take_seal_key
from burgeed.cli.audit_reading import export_records, search_records
from burgeed.cli.audit_running import running
from burgeed.cli.audit_store import audit_settings, masters_of, open_log, settings_of
from burgeed.cli.audit_writing import erase_subject, hold_log, prune_log, release_log
from burgeed.cli.commands import Group
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import Session
from burgeed.settings import Settings
from burgeed.signing.keys import KeyMalformed, read_public_key
from burgeed.signing.secret_file import SecretFileUnusable, read_secret

_ATTEMPTS = 3
_SAYS = (
    "what stands under `says` in an export is its reader's word: verified are the encrypted entries alone, "
    "which `burgee audit search` reads with the master key"
)

_WORDS = {
    Verdict.OK: ("ok", "good"),
    Verdict.TAMPERED: ("tampered with", "error"),
    Verdict.TRUNCATED: ("truncated", "error"),
    Verdict.UNDECRYPTABLE: ("cannot be decrypted", "warning"),
    Verdict.FORKED: ("forked", "error"),
    Verdict.UNPROVEN: ("not verified", "warning"),
}


@click.group("audit", cls=Group)
def audit() -> None:
    """Read, verify and look after the audit log, without the daemon."""


@audit.command("verify")
@audit_settings
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Verify an export in JSON Lines instead of the store.",
)
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="An anchor's file, a copy of syslog's lines, a checkpoint; repeatable. Those of --audit-anchor too.",
)
@click.option(
    "--against",
    "others",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Another copy of the log, SQLite or an export, whose checkpoints it has to agree with; repeatable.",
)
@click.option(
    "--public-key", metavar="KEY", help="The key that it has to be signed with; hexadecimal or C2SP."
)
@click.option(
    "--seal-key",
    "seal_keys",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="A daemon's first sealing key, from `burgee audit seal-key`: its seals are checked; repeatable.",
)
@click.option(
    "--accepted",
    is_flag=True,
    help="Pass over checkpoints from outside that `burgee audit accept` said the log goes on without.",
)
@click.option("--decrypt", is_flag=True, help="Decrypt every entry too; takes the master key.")
@as_json
@click.pass_obj
def verify_log(
    session: Session,
    /,
    former: tuple[Path, ...],
    export: Path | None,
    anchors: tuple[Path, ...],
    others: tuple[Path, ...],
    public_key: str | None,
    seal_keys: tuple[Path, ...],
    accepted: bool,
    decrypt: bool,
    as_json: bool,
    **options: tuple[str, ...],
) -> int:
    """Verify the log, reading alone; without any secret unless --decrypt is given.

    Exit codes: 0 ok; 1 tampered with, the first bad entry is named; 2 shorter than a checkpoint says, from
    an anchor or its own; 3 cannot be decrypted; 4 forked: two histories; 5 could not be verified: nothing to
    read, no log, or an excerpt.
    """
    settings = settings_of(options, session)
    try:
        pinned = read_public_key(public_key) if public_key else None
    except KeyMalformed as error:
        raise click.BadParameter(f"no public key: {error}", param_hint="--public-key") from error
    try:
        masters = masters_of(settings, session, former) if decrypt else None
        outside = list(_outside(settings, anchors, others))
        sealers = [_first_key(path) for path in seal_keys]
        found = _verified(
            settings, export, lambda log: verify(log, outside, pinned, masters, sealers, accepted=accepted)
        )
    except AuditError as error:
        click.echo(f"burgee: {error}", err=True)
        return int(Verdict.UNPROVEN)
    _print_json(found) if as_json else _print(found)
    return int(found.verdict)


def _verified(
    settings: Settings, export: Path | None, verifying: Callable[[LogSource], Verification]
) -> Verification:
    """Raises AuditError."""
    if export is not None:
        with closing(ExportLog(export)) as exported:
            found = verifying(exported)
        found.remarks = (*found.remarks, _SAYS)
        return found
    for _ in range(_ATTEMPTS):
        with closing(open_log(settings)) as log:
            found = verifying(log)
            if not log.is_disturbed():
                return found
    raise AuditError("the store is opened and closed again and again: verify it when it is at rest")


def _first_key(path: Path) -> FirstKey:
    """Raises KeyUnusable."""
    try:
        return read_first_key(read_secret(path).decode("ascii", "replace"))
    except SecretFileUnusable as error:
        raise KeyUnusable(str(error)) from error


def _outside(settings: Settings, anchors: tuple[Path, ...], others: tuple[Path, ...]) -> Iterator[str]:
    """Checkpoints from outside the log."""
    for path in (*file_anchors(map(anchor_of, settings.audit_anchors)), *anchors):
        yield from read_anchored(path)
    for path in others:
        try:
            with path.open("rb") as file:
                is_sqlite = file.read(16).startswith(b"SQLite format 3")
        except OSError as error:
            raise AuditError(f"the copy {path} cannot be opened ({error.strerror})") from error
        other: LogSource = open_sqlite_log(path) if is_sqlite else ExportLog(path)
        with closing(other):
            yield from (checkpoint.note for checkpoint in other.checkpoints())


def _print_json(found: Verification) -> None:
    print_json({**asdict(found), "verdict": found.verdict.name.lower()})


def _print(found: Verification) -> None:
    word, colour = _WORDS[found.verdict]
    print_line(("audit log: ", "strong"), (word, colour))
    if found.why:
        print_line("why: ", found.why)
    if found.first_bad is not None:
        print_line("first bad entry: ", str(found.first_bad))
    if not found.log_id:
        return
    print_line("entries: ", f"{found.first} to {found.last}" if found.last else "none")
    if found.pruned_through:
        print_line("pruned through: ", str(found.pruned_through))
    print_line("covered by the log's own signature through: ", str(found.checkpointed))
    print_line("covered by a checkpoint from outside through: ", str(found.anchored))
    if found.sealed:
        print_line("sealed through: ", str(found.sealed))
    if found.decrypted:
        print_line("decrypted: ", str(found.decrypted))
    print_line(("key: ", "quiet"), (found.public_key, "quiet"))
    for remark in found.remarks:
        print_line(("note: ", "warning"), remark)


for _command in (
    search_records,
    export_records,
    prune_log,
    erase_subject,
    hold_log,
    release_log,
    rotate_keys,
    take_seal_key,
    accept_log,
    running,
):
    audit.add_command(_command)
