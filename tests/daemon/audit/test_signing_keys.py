"""Signing keys: of two kinds, and one after the other, each vouched for by the one before."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import sqlite3
import stat
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from burgeed.audit.checkpoint import Checkpoint, is_note_signed, origin_of, read_note
from burgeed.audit.errors import AuditUnavailable, KeyUnusable
from burgeed.audit.key_file import SIGNING_FILE
from burgeed.audit.keys import AuditKeys, open_keys
from burgeed.audit.log_export import ExportLog
from burgeed.audit.opening import keys_of
from burgeed.audit.records import AuditFilter, Requester
from burgeed.audit.signing_keys import stored_key
from burgeed.audit.verdict import Verdict, Verification
from burgeed.audit.verify import verify
from burgeed.settings import gather
from burgeed.signing.keys import PrivateKey, read_public_key
from tests.daemon.audit.logs import event, fixed_keys, last_note, log_at, make_log, tamper, verified

FORMER = fixed_keys()
P256 = PrivateKey.new("ecdsa-p256")
ASKED = Requester("uid:0", "yearly")


def signing_with(key: PrivateKey) -> AuditKeys:
    return replace(FORMER, signing=key)


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A log that was signed with three keys, and a checkpoint of each one's time."""
    return _rotated(tmp_path_factory.mktemp("rotated") / "b.db", [P256, PrivateKey.of_seed(b"t" * 32)])


@pytest.fixture
def path(rotated: tuple[Path, list[str]], tmp_path: Path) -> Path:
    return Path(shutil.copy2(rotated[0], tmp_path / "b.db"))


def _rotated(path: Path, keys: Sequence[PrivateKey]) -> tuple[Path, list[str]]:
    async def make() -> list[str]:
        notes = []
        async with log_at(path, keys=FORMER, most_entries=8) as log:
            for key in (None, *keys):
                if key is not None:
                    outcome = await log.audit.rotate_signing(ASKED, key)
                    assert outcome.key == key.public.verifier_key(origin_of(read_note(notes[-1]).log_id))
                    notes.append(last_note(path))
                await log.fill(20)
                notes.append(await log.checkpoints.make() or "")
        return notes

    return path, asyncio.run(make())


def test_a_log_signed_on_p256_is_verified_and_each_change_of_a_note_noticed(tmp_path: Path) -> None:
    path = make_log(tmp_path / "b.db", 20, keys=signing_with(P256), most_entries=8)
    note = last_note(path)
    found = verified(path, [note], public_key=P256.public)
    assert (found.verdict, found.anchored) == (Verdict.OK, 20)
    assert read_public_key(found.public_key) == P256.public
    assert verified(path, public_key=FORMER.signing.public).verdict is Verdict.FORKED
    for at in range(len(note)):
        changed = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]
        assert not is_note_signed(changed, P256.public), at


def test_a_note_signed_on_p256_is_read_by_other_means(tmp_path: Path) -> None:
    checkpoint = Checkpoint(bytes(16), 7, b"r" * 32, b"h" * 32)
    text, _, signature = checkpoint.sign(P256).partition("\n\n")
    raw = base64.b64decode(signature.split(" ")[2])
    # C2SP signed-note: for ECDSA the key ID is of the DER SubjectPublicKeyInfo alone.
    assert raw[:4] == hashlib.sha256(P256.public.encoded).digest()[:4]
    private = load_pem_private_key(P256.pem(), None)
    private.public_key().verify(raw[4:], (text + "\n").encode(), ECDSA(SHA256()))  # type: ignore[call-arg,union-attr]


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256"])
def test_the_file_of_a_signing_key_says_its_kind(tmp_path: Path, kind: str) -> None:
    made = open_keys(tmp_path, {}, kind=kind)  # type: ignore[arg-type]
    other = "ed25519" if kind == "ecdsa-p256" else "ecdsa-p256"
    again = open_keys(tmp_path, {}, kind=other)  # type: ignore[arg-type]
    assert made.signing.kind == again.signing.kind == kind and made.signing.public == again.signing.public
    assert stat.S_IMODE((tmp_path / SIGNING_FILE).stat().st_mode) == 0o600
    pem = PrivateKey.of_seed(b"k" * 32).pem()
    (tmp_path / SIGNING_FILE).write_bytes(pem)
    assert open_keys(tmp_path, {}).signing.public == PrivateKey.of_seed(b"k" * 32).public
    (tmp_path / SIGNING_FILE).write_bytes(pem[:-40])
    with pytest.raises(KeyUnusable) as refused:
        open_keys(tmp_path, {})
    assert pem.split(b"\n")[1].decode() not in str(refused.value)


@pytest.mark.parametrize(
    ("mode", "kind"), [("standard", "ed25519"), ("strict", "ed25519"), ("defense", "ecdsa-p256")]
)
def test_the_mode_says_which_kind_of_key_is_made_at_the_first_start(
    tmp_path: Path, mode: str, kind: str
) -> None:
    options = {"state-dir": (str(tmp_path),), "audit-mode": (mode,)}
    settings = gather(options, {}, wants_source=False, keeps_store=True)
    assert keys_of(settings, {}).signing.kind == kind


def test_a_rotated_log_is_one_history_for_whoever_pinned_any_of_its_keys(
    rotated: tuple[Path, list[str]],
) -> None:
    path, notes = rotated
    for key in (FORMER.signing, P256, PrivateKey.of_seed(b"t" * 32)):
        found = verified(path, notes, public_key=key.public, masters=FORMER.masters)
        assert (found.verdict, found.last, found.anchored, found.remarks) == (Verdict.OK, 62, 62, ())
    assert verified(path, public_key=PrivateKey.of_seed(b"x" * 32).public).verdict is Verdict.FORKED


def test_the_checkpoint_between_two_keys_is_signed_by_both_and_names_the_new_one(
    rotated: tuple[Path, list[str]],
) -> None:
    _, notes = rotated
    between = next(note for note in notes if "next-key" in note)
    assert is_note_signed(between, FORMER.signing.public) and is_note_signed(between, P256.public)
    assert read_note(between).successor == P256.public and read_note(between).size == 21
    assert not is_note_signed(notes[0], P256.public)


async def test_an_export_and_a_pruned_log_are_verified_across_a_rotation(path: Path, tmp_path: Path) -> None:
    last = PrivateKey.of_seed(b"t" * 32)
    async with log_at(path, keys=signing_with(last)) as log:
        lines = [line async for line in log.audit.export(AuditFilter(), "jsonl")]
        (tmp_path / "export.jsonl").write_text("".join(lines))
        log.clock.time += 400 * 86_400
        await log.append(event(1))
        assert (await log.audit.prune(ASKED)).through > 21
    for key in (FORMER.signing, last):
        found = verify(ExportLog(tmp_path / "export.jsonl"), public_key=key.public)
        assert (found.verdict, found.last) == (Verdict.OK, 62)
        assert verified(path, public_key=key.public).verdict is Verdict.OK


async def test_the_former_key_and_one_that_nobody_vouched_for_write_nothing(path: Path) -> None:
    for key in (FORMER.signing, P256, PrivateKey.of_seed(b"x" * 32)):
        async with log_at(path, keys=signing_with(key)) as log:
            with pytest.raises(AuditUnavailable, match="another key"):
                await log.append(event(1))
            with pytest.raises(AuditUnavailable):
                await log.audit.rotate_signing(ASKED, PrivateKey.of_seed(b"y" * 32))
    assert verified(path).verdict is Verdict.OK


async def test_a_rotation_is_an_entry_by_the_former_key_and_not_made_twice(path: Path) -> None:
    last = PrivateKey.of_seed(b"t" * 32)
    async with log_at(path, keys=signing_with(last)) as log:
        with pytest.raises(AuditUnavailable, match="already"):
            await log.audit.rotate_signing(ASKED, last)
        page = await log.audit.search(AuditFilter(action="audit.rotate-signing"), 10)
        assert [record.seq for record in page.records] == [42, 21]
        assert read_public_key(page.records[1].detail["signingKey"]) == P256.public
        assert [record.detail["epoch"] for record in page.records] == [3, 2]
        assert page.records[1].reason == "yearly"


def _forged(path: Path, statement: str, *parameters: object) -> Verification:
    tamper(path, statement, parameters=parameters)
    return verified(path, public_key=FORMER.signing.public)


def test_a_change_of_key_that_the_former_one_did_not_sign_is_a_fork(path: Path) -> None:
    thief = PrivateKey.of_seed(b"x" * 32)
    link = read_note(_links(path)[1])
    forged = replace(link, successor=thief.public)
    key = stored_key(thief.public)
    shutil.copy2(path, path.with_name("copy"))
    for note in (forged.sign(thief), forged.sign(thief, thief), link.sign(P256, thief), ""):
        shutil.copy2(path.with_name("copy"), path)
        tamper(path, "UPDATE audit_log SET public_key = ?", parameters=(key,))
        found = _forged(path, "UPDATE audit_keys SET public_key = ?, note = ? WHERE epoch = 3", key, note)
        assert found.verdict is Verdict.FORKED, note
    for statement in (
        "DELETE FROM audit_keys WHERE epoch = 3",
        "DELETE FROM audit_keys WHERE epoch = 2",
        "DELETE FROM audit_keys WHERE epoch = 1",
        "UPDATE audit_keys SET first_seq = 40 WHERE epoch = 3",
        "UPDATE audit_keys SET epoch = 7 WHERE epoch = 3",
        "DELETE FROM audit_keys",
    ):
        shutil.copy2(path.with_name("copy"), path)
        assert _forged(path, statement).verdict is Verdict.FORKED, statement


def test_a_key_signs_nothing_beyond_its_own_time(path: Path) -> None:
    notes = [last_note(path)]
    checkpoint = read_note(notes[0])
    # Who has found the first key cannot speak of what came after it.
    assert verified(path, [checkpoint.sign(FORMER.signing)]).verdict is Verdict.FORKED
    tamper(
        path,
        "UPDATE audit_checkpoints SET note = ? WHERE size = (SELECT MAX(size) FROM audit_checkpoints)",
        parameters=(checkpoint.sign(FORMER.signing),),
    )
    assert verified(path).verdict is Verdict.TAMPERED


async def test_a_segment_is_of_the_time_of_the_key_that_it_names(tmp_path: Path) -> None:
    async with log_at(tmp_path / "b.db", keys=FORMER) as log:
        await log.fill(3)
        await log.audit.rotate_signing(ASKED, P256)
    assert verified(tmp_path / "b.db").verdict is Verdict.OK
    tamper(tmp_path / "b.db", "UPDATE audit_segments SET epoch = 1 WHERE size IS NULL")
    assert verified(tmp_path / "b.db").verdict is Verdict.TAMPERED


def _links(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT note FROM audit_keys ORDER BY epoch").fetchall()
    return [row[0] for row in rows[1:]]
