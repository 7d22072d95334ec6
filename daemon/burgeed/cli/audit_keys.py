"""`burgee audit rotate`, `seal-key`, `accept`: new keys, and going on after a backup was put back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from burgeed.audit.errors import AuditError, KeyUnusable
from burgeed.audit.key_file import (
    SIGNING_CREDENTIAL,
    SIGNING_FILE,
    credential_path,
    read_or_make_key,
    read_or_make_signing_key,
)
from burgeed.audit.keys import AuditKeys, MasterKey, MasterKeys
from burgeed.audit.modes import MODES
from burgeed.audit.opening import keys_of
from burgeed.audit.records import Requester
from burgeed.audit.sealing_key import take_first_key
from burgeed.cli.audit_accountable import accountable, confirm, requester_of, run_on
from burgeed.cli.audit_store import audit_settings, open_log, settings_of
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import ENDS_HERE, CommandFailed, ExitCode, Session
from burgeed.durable_file import write_durably
from burgeed.settings import Settings
from burgeed.signing.keys import Kind
from burgeed.signing.secret_file import SecretFileUnusable, read_secret

_REWRAP = "start it with the new key, then burgee audit running rewrap"

KEY_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("rotate", epilog=ENDS_HERE)
@click.argument("new_key_file", type=KEY_FILE, required=False)
@click.option(
    "--signing",
    type=KEY_FILE,
    metavar="PATH",
    help="A new signing key, made where there is none; the former one vouches for it.",
)
@click.option(
    "--kind",
    type=click.Choice(["ed25519", "ecdsa-p256"]),
    help="Of a signing key that is made. Default: what the audit's mode asks for.",
)
@audit_settings
@accountable
@as_json
@click.pass_obj
def rotate_keys(
    session: Session,
    /,
    new_key_file: Path | None,
    signing: Path | None,
    kind: Kind | None,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Wrap every key of the audit with the master key of NEW_KEY_FILE, or have the key of --signing sign.

    Files are made where there are none. No entry is encrypted anew, and the chain stays as it is. From then
    on the daemon needs the new file.
    """
    if (new_key_file is None) == (signing is None):
        raise click.UsageError("name NEW_KEY_FILE, or --signing PATH: one at a time")
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, None)
    try:
        if signing is not None:
            wanted = kind or ("ecdsa-p256" if MODES[settings.audit_mode].fips_required else "ed25519")
            rotated = _rotate_signing(settings, session, requester, signing, wanted, former, yes=yes)
        else:
            assert new_key_file is not None
            rotated = _rotate_master(settings, session, requester, new_key_file, former, yes=yes)
    except (AuditError, SecretFileUnusable, OSError) as error:
        raise CommandFailed(str(error)) from error
    print_json(rotated) if as_json else _print_rotated(rotated)
    return ExitCode.OK


@click.command("seal-key", epilog=ENDS_HERE)
@click.argument("new_file", type=KEY_FILE)
@audit_settings
@as_json
@click.pass_obj
def take_seal_key(
    session: Session, /, new_file: Path, former: tuple[Path, ...], as_json: bool, **options: tuple[str, ...]
) -> ExitCode:
    """Take the first sealing key off this machine's state directory, into NEW_FILE, for the auditor.

    It checks every seal; who has it can make every seal too. Keep it where the daemon is not. It can be taken
    once.
    """
    settings = settings_of(options, session)
    try:
        first = take_first_key(settings.state_dir, new_file)
    except (KeyUnusable, OSError) as error:
        raise CommandFailed(str(error)) from error
    sealer = first.sealer.hex()
    if as_json:
        print_json({"file": str(new_file), "sealer": sealer})
    else:
        print_line(f"{new_file}: the first key of sealer {sealer}; move it off this machine")
    return ExitCode.OK


@click.command("accept", epilog=ENDS_HERE)
@audit_settings
@accountable
@as_json
@click.pass_obj
def accept_log(
    session: Session,
    /,
    former: tuple[Path, ...],
    reason: str,
    second: str,
    yes: bool,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Go on with the log as it is, though it is not what was signed: after a backup was put back.

    It is recorded, and signed. Anchors keep telling of what is missing.
    """
    settings = settings_of(options, session)
    requester = requester_of(settings, reason, second, None)
    goes_on = "The daemon goes on with this log, whatever is missing from it."
    confirm(settings, goes_on, yes=yes, instead="")
    outcome = run_on(settings, session, former, lambda audit: audit.accept(requester), instead="")
    if as_json:
        print_json({"seq": outcome.seq or None, "unmet": list(outcome.unmet)})
        return ExitCode.OK
    if not outcome.seq:
        print_line("there is nothing to accept: the log is the one that was signed")
        return ExitCode.OK
    for why in outcome.unmet:
        print_line(("accepted: ", "warning"), why)
    print_line(f"entry {outcome.seq} tells of it; start the daemon again")
    return ExitCode.OK


def _rotate_master(
    settings: Settings,
    session: Session,
    requester: Requester,
    new_file: Path,
    former: tuple[Path, ...],
    *,
    yes: bool,
) -> dict[str, Any]:
    needs = f"The daemon needs {new_file} from then on (--audit-key-file)."
    confirm(settings, needs, yes=yes, instead=_REWRAP)
    present = keys_of(settings, session.environment, former=former, make=False)
    masters, new = present.masters, MasterKey(read_or_make_key(new_file))
    keys = AuditKeys(MasterKeys(new, (masters.master, *masters.former)), present.signing)
    count = run_on(settings, session, (), lambda audit: audit.rewrap(requester), keys, instead=_REWRAP)
    return {"keys": count, "masterId": new.master_id, "file": str(new_file)}


def _rotate_signing(
    settings: Settings,
    session: Session,
    requester: Requester,
    new_file: Path,
    kind: Kind,
    former: tuple[Path, ...],
    *,
    yes: bool,
) -> dict[str, Any]:
    confirm(settings, f"The daemon needs the signing key of {new_file} from then on.", yes=yes, instead="")
    new = read_or_make_signing_key(new_file, kind)
    with closing(open_log(settings)) as log:
        identity = log.identity()
    # A command that was cut short goes on where it was.
    rotated: dict[str, Any] = {"file": str(new_file)}
    if identity is None or identity.public_key != new.public:
        outcome = run_on(
            settings, session, former, lambda audit: audit.rotate_signing(requester, new), instead=""
        )
        rotated |= {"epoch": outcome.epoch, "from": outcome.seq + 1, "publicKey": outcome.key}
    return rotated | {"installed": _install(settings, session, new_file)}


def _install(settings: Settings, session: Session, new_file: Path) -> str | None:
    """Put the new signing key where the daemon takes its own from, and tell where; None for a credential."""
    if credential_path(session.environment, SIGNING_CREDENTIAL) is not None:
        return None
    own = settings.state_dir / SIGNING_FILE
    if own.resolve() != new_file.resolve():
        write_durably(own, read_secret(new_file))
    return str(own)


def _print_rotated(rotated: dict[str, Any]) -> None:
    if "keys" in rotated:
        print_line(f"{rotated['keys']} keys are wrapped by master key {rotated['masterId']}")
        return
    if "epoch" in rotated:
        print_line(
            f"signing key {rotated['epoch']} signs from entry {rotated['from']} on: ", rotated["publicKey"]
        )
    if rotated["installed"] is None:
        credential = f"its credential {SIGNING_CREDENTIAL}"
        print_line(f"give the daemon {rotated['file']} as {credential}, and start it again")
    else:
        print_line(f"{rotated['installed']} has the new key; other daemons on this store need it too")
