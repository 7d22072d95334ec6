"""Putting the audit together from the settings: for the daemon, and for commands that do without it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from burgeed.audit.anchor import Anchor, anchor_of, file_anchors
from burgeed.audit.checkpoints import Checkpoints
from burgeed.audit.journal import Journal
from burgeed.audit.keys import AuditKeys, open_keys
from burgeed.audit.log import AuditLog
from burgeed.audit.masking import Masking
from burgeed.audit.modes import MODES, clock_is_synchronised
from burgeed.audit.remembered import RememberedCheckpoint, remembered_path
from burgeed.audit.sealing_key import Sealer
from burgeed.audit.witness import Witness
from burgeed.clock import Clock
from burgeed.database.protocol import Database
from burgeed.settings.model import Settings

RECALL_DEADLINE = 5.0
"""Seconds that the start waits for the files of anchors."""

_log = logging.getLogger(__name__)


def keys_of(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    former: Sequence[Path] = (),
    make: bool = True,
) -> AuditKeys:
    """The keys, as the settings and systemd say. Blocks. Raises KeyUnusable.

    Args:
        former: further master keys that were replaced.
        make: see :func:`open_keys`.
    """
    return open_keys(
        settings.state_dir,
        environment,
        master_file=settings.audit_key_file,
        former_files=(*settings.audit_former_key_files, *former),
        # Ed25519 is approved since FIPS 186-5 only, and few validated modules have it.
        kind="ecdsa-p256" if MODES[settings.audit_mode].fips_required else "ed25519",
        make=make,
    )


async def open_audit(settings: Settings, keys: AuditKeys, database: Database, clock: Clock) -> AuditLog:
    """The log of a database, whether or not that answers yet.

    Raises:
        ValueError: an anchor is none.
        KeyUnusable: the sealing key cannot be read or made.
    """
    mode = MODES[settings.audit_mode]
    anchors = [anchor_of(uri) for uri in settings.audit_anchors]
    witness = _witness(settings, anchors)
    await _recalled(witness)
    sealer = await asyncio.to_thread(Sealer, settings.state_dir) if mode.sealed else None
    if sealer is not None and sealer.is_first_key_here:
        _log.warning(
            "the audit's first sealing key is on this machine still: `burgee audit seal-key` takes it away"
        )
    journal = Journal(
        keys,
        clock,
        mode=mode,
        masking=Masking.of(settings.audit_masks),
        synchronised=clock_is_synchronised,
        witness=witness,
    )
    checkpoints = Checkpoints(database, journal, clock, anchors, sealer=sealer)
    retention = settings.audit_retention or mode.least_retention
    return AuditLog(database, journal, checkpoints, clock, retention_days=retention)


def _witness(settings: Settings, anchors: Sequence[Anchor]) -> Witness:
    path = remembered_path(settings.state_dir, settings.store or "")
    return Witness(RememberedCheckpoint(path), file_anchors(anchors))


async def _recalled(witness: Witness) -> None:
    """Have it read what was kept; what comes late is compared when it comes.

    It is read in a thread that ends with the process: a dead mount must not hold up the end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not done.done():
            done.set_result(None)

    def recall() -> None:
        witness.recall()
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            # The loop is over: nobody waits.
            pass

    threading.Thread(target=recall, name="audit-witness", daemon=True).start()
    try:
        async with asyncio.timeout(RECALL_DEADLINE):
            await done
    except TimeoutError:
        _log.warning("an anchor does not answer: the audit is compared with it once it does")
