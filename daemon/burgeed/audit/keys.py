"""The keys of the audit: a master key that wraps all others, and a key that signs.

The signing key is an Ed25519 key, or where the mode asks for FIPS cryptography an ECDSA key on P-256; its
file says which. Both are :class:`burgeed.signing.keys.PrivateKey`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from burgeed.audit.errors import Undecryptable
from burgeed.audit.key_file import (
    MASTER_CREDENTIAL,
    MASTER_FILE,
    SIGNING_CREDENTIAL,
    SIGNING_FILE,
    credential_path,
    read_key,
    read_or_make_key,
    read_or_make_signing_key,
    read_signing_key,
)
from burgeed.signing.keys import Kind, PrivateKey

NONCE_BYTES = 12


class MasterKey:
    """Wraps keys under AES-256-GCM, each bound to what it is for.

    Attributes:
        master_id: tells one master key from another; says nothing of the key.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)
        self.master_id = hashlib.sha256(b"burgee audit master key\x00" + key).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"MasterKey({self.master_id})"

    def wrap(self, key: bytes, purpose: bytes) -> bytes:
        """The key, encrypted.

        Args:
            purpose: what unwrapping has to name again.
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, purpose)

    def unwrap(self, wrapped: bytes, purpose: bytes) -> bytes:
        """The key.

        Raises:
            Undecryptable: it was wrapped by another master key, for something else, or altered.
        """
        try:
            return self._cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], purpose)
        except (InvalidTag, ValueError) as error:
            raise Undecryptable("a key of the audit cannot be unwrapped with this master key") from error


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """What unwraps.

    Attributes:
        former: master keys that were replaced: they unwrap, and wrap nothing any more.
    """

    master: MasterKey
    former: tuple[MasterKey, ...] = ()

    def unwrap(self, master_id: str, wrapped: bytes, purpose: bytes) -> bytes:
        """A key, with whichever master key wrapped it. Raises Undecryptable."""
        for master in (self.master, *self.former):
            if master.master_id == master_id:
                return master.unwrap(wrapped, purpose)
        raise Undecryptable(f"a key of the audit is wrapped by master key {master_id}, which is not at hand")


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """What one daemon holds."""

    masters: MasterKeys
    signing: PrivateKey

    @property
    def master(self) -> MasterKey:
        """The one that wraps."""
        return self.masters.master


def open_keys(
    state_dir: Path,
    environment: Mapping[str, str],
    *,
    master_file: Path | None = None,
    signing_file: Path | None = None,
    former_files: Sequence[Path] = (),
    kind: Kind = "ed25519",
    make: bool = True,
) -> AuditKeys:
    """The daemon's keys: of the files named, else of systemd's credentials, else of the state directory.

    Files that are named have to be there.

    Args:
        kind: of a signing key that is made.
        make: whether those of the state directory are made where there are none.

    Raises:
        KeyUnusable: one cannot be used, or a former one is missing.
    """
    masters = open_masters(
        state_dir, environment, master_file=master_file, former_files=former_files, make=make
    )
    return AuditKeys(masters, _find_signing(state_dir, environment, signing_file, kind, make))


def open_masters(
    state_dir: Path,
    environment: Mapping[str, str],
    *,
    master_file: Path | None = None,
    former_files: Sequence[Path] = (),
    make: bool = False,
) -> MasterKeys:
    """The master keys alone, for who only reads. As :func:`open_keys`."""
    key = _find(state_dir / MASTER_FILE, environment, MASTER_CREDENTIAL, master_file, make)
    return MasterKeys(MasterKey(key), tuple(MasterKey(read_key(path)) for path in former_files))


def _find(
    own: Path, environment: Mapping[str, str], credential: str, named: Path | None, make: bool
) -> bytes:
    if named is not None:
        return read_key(named)
    given = credential_path(environment, credential)
    if given is not None:
        return read_key(given, credential=True)
    return read_or_make_key(own) if make else read_key(own)


def _find_signing(
    state_dir: Path, environment: Mapping[str, str], named: Path | None, kind: Kind, make: bool
) -> PrivateKey:
    if named is not None:
        return read_signing_key(named)
    given = credential_path(environment, SIGNING_CREDENTIAL)
    if given is not None:
        return read_signing_key(given, credential=True)
    own = state_dir / SIGNING_FILE
    return read_or_make_signing_key(own, kind) if make else read_signing_key(own)
