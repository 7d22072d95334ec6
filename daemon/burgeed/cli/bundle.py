"""`burgee bundle`: keys that sign definitions; signing and verifying are its further commands."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from burgeed.bundles.manifest import KEY_NAME
from burgeed.cli.bundle_content import read_key
from burgeed.cli.bundle_conversion import to_json
from burgeed.cli.bundle_signing import sign_bundle
from burgeed.cli.bundle_verifying import verify_bundle
from burgeed.cli.commands import Group
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json
from burgeed.cli.session import ENDS_HERE, CommandFailed, ExitCode
from burgeed.signing.keys import Kind, PrivateKey
from burgeed.signing.secret_file import SecretFileUnusable, write_new_secret

KINDS: tuple[Kind, ...] = get_args(Kind)


@click.group("bundle", cls=Group)
def bundle() -> None:
    """Sign definitions, so that a daemon with --source-key serves nothing else."""


@bundle.command("key", epilog=ENDS_HERE)
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--type",
    "kind",
    type=click.Choice(KINDS),
    default="ed25519",
    show_default=True,
    help="Of the key; ecdsa-p256 where only what FIPS 140 modules have is approved.",
)
@as_json
def make_key(path: Path, kind: Kind, as_json: bool) -> ExitCode:
    """Make a private key in a new file, and print its public key: what a daemon's --source-key names.

    The file is PEM PKCS#8, not encrypted, and nobody else may read it. A file that is there is left alone.
    """
    key = PrivateKey.new(kind)
    try:
        if not write_new_secret(path, key.pem()):
            raise CommandFailed(f"{path} is there already; `burgee bundle public-key {path}` prints its key")
    except SecretFileUnusable as error:
        raise CommandFailed(str(error)) from error
    public = key.public.verifier_key(KEY_NAME)
    print_json({"file": str(path), "publicKey": public}) if as_json else click.echo(public)
    return ExitCode.OK


@bundle.command("public-key", epilog=ENDS_HERE)
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pem", is_flag=True, help="As PEM, for other tools.")
@as_json
def show_public_key(path: Path, pem: bool, as_json: bool) -> ExitCode:
    """Print the public key of a private key's file: as a C2SP verifier key, or as PEM."""
    public = read_key(path).public
    text = public.pem().rstrip() if pem else public.verifier_key(KEY_NAME)
    print_json({"file": str(path), "publicKey": text}) if as_json else click.echo(text)
    return ExitCode.OK


for _command in (sign_bundle, verify_bundle, to_json):
    bundle.add_command(_command)
