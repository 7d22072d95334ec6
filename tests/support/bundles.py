"""A key that signs definitions, and the manifests that it signs, for the tests of signed bundles."""

from __future__ import annotations

from pathlib import Path

from burgeed.bundles.manifest import KEY_NAME, manifest_path
from burgeed.bundles.signing import manifest_of, sign
from burgeed.signing.keys import Kind, PrivateKey, PublicKey
from burgeed.sources.following import definitions_in


class Signer:
    """A private key, and the file of its public one.

    Attributes:
        path: the public key's file, for ``--source-key``.
        private_path: the private key's file, for ``--key``.
    """

    def __init__(self, folder: Path, name: str = "release", kind: Kind = "ed25519") -> None:
        self.key = PrivateKey.new(kind)
        self.path = folder / f"{name}.pub"
        self.private_path = folder / f"{name}.key"
        self.path.write_text(self.public.verifier_key(KEY_NAME) + "\n")
        self.path.chmod(0o644)
        self.private_path.write_bytes(self.key.pem())
        self.private_path.chmod(0o600)

    @property
    def public(self) -> PublicKey:
        return self.key.public

    @property
    def key_id(self) -> str:
        return self.public.key_id(KEY_NAME).hex()

    def path_made_private(self) -> Path:
        """The public key's file, as open as a private one's."""
        self.path.chmod(0o600)
        return self.path

    def signed(self, files: dict[str, bytes], number: int, name: str = "shop") -> bytes:
        """The manifest of files that need not be there."""
        return sign(manifest_of(name, number, list(files.items())), [self.key])

    def sign(self, source: Path, number: int, name: str = "shop") -> Path:
        """Put the manifest beside a file, or into a directory, in one step; return where."""
        paths = [source / each for each in definitions_in(str(source))] if source.is_dir() else [source]
        path = Path(manifest_path(str(source), is_directory=source.is_dir()))
        return put(path, self.signed({each.name: each.read_bytes() for each in paths}, number, name))


def put(path: Path, content: bytes) -> Path:
    """A file, renamed into place."""
    aside = path.with_name(f".{path.name}.aside")
    aside.write_bytes(content)
    return aside.rename(path)
