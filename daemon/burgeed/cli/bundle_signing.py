"""`burgee bundle sign`: the manifest of definitions, signed, beside them."""

from __future__ import annotations

import re
from pathlib import Path

import click

from burgeed.bundles.errors import BundleUnsignable
from burgeed.bundles.manifest import KEY_NAME, LARGEST_NUMBER, Manifest, is_name
from burgeed.bundles.signing import manifest_of, sign, standing_manifest
from burgeed.cli.bundle_content import Content, read_content, read_key
from burgeed.cli.fault_output import counted
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import ENDS_HERE, CommandFailed, ExitCode, Session
from burgeed.durable_file import SHARED, write_durably
from burgeed.sources.following import SUFFIXES

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@click.command("sign", epilog=ENDS_HERE)
@click.argument("source", metavar="SOURCE")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="A private key's file; repeatable: each signs, and one that is pinned will do.",
)
@click.option(
    "--name",
    metavar="NAME",
    help="The bundle's name. Default: that of the manifest which is there, where one of the keys has signed "
    "it, else the file's or directory's.",
)
@click.option(
    "--number",
    type=click.IntRange(1, LARGEST_NUMBER),
    metavar="NUMBER",
    help="Above every earlier one. Default: one more than the manifest which is there has, "
    "and no less than the seconds since 1970.",
)
@as_json
@click.pass_obj
def sign_bundle(
    session: Session, source: str, keys: tuple[Path, ...], name: str | None, number: int | None, as_json: bool
) -> ExitCode:
    """Sign a definition file, or a directory of them, as the daemon reads it.

    The manifest is put beside a file as FILE.signed, into a directory as burgee.signed. Neither is the
    definition checked (`burgee check` does that) nor changed.
    """
    signers = [read_key(path) for path in keys]
    content = read_content(source)
    try:
        standing = standing_manifest(content.manifest[1], [key.public for key in signers])
        if standing is None and name is None and content.manifest[1].strip():
            raise CommandFailed(
                f"{content.manifest[0]} is signed with none of these keys, so its name counts for nothing: "
                "say --name"
            )
        manifest = _manifest(content, standing, name, number, int(session.clock.wall()))
        signed = sign(manifest, signers)
    except BundleUnsignable as error:
        raise CommandFailed(f"{source} cannot be signed: {error}") from error
    path = Path(content.manifest[0])
    try:
        write_durably(path, signed, mode=SHARED)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from error
    ids = [key.public.key_id(KEY_NAME).hex() for key in signers]
    if as_json:
        print_json(
            {"manifest": str(path), "name": manifest.name, "number": manifest.number, "keys": ids,
             "files": [file._asdict() for file in manifest.files]}
        )  # fmt: skip
    else:
        files = counted(len(manifest.files), "file")
        said = f"bundle {manifest.name} number {manifest.number}, {files}, signed by {', '.join(ids)}"
        print_line((f"{path}: ", "strong"), said)
    return ExitCode.OK


def _manifest(
    content: Content, standing: Manifest | None, name: str | None, number: int | None, seconds: int
) -> Manifest:
    """Raises BundleUnsignable, CommandFailed, click.BadParameter."""
    name = name or (standing.name if standing else _name_of(content.path))
    if not is_name(name):
        raise click.BadParameter(
            f"{name!r} is no name of a bundle: up to 100 ASCII letters, digits, dots, hyphens and "
            "underscores, the first a letter or digit",
            param_hint="--name",
        )
    if standing is None or standing.name != name:
        return manifest_of(name, number or max(1, seconds), content.files)
    least = standing.number + 1
    manifest = manifest_of(name, number or max(least, seconds), content.files)
    if number is None and standing.files == manifest.files:
        # Nothing is new but the signatures: a daemon that has accepted it goes on.
        return standing
    if manifest.number < least and manifest != standing:
        raise CommandFailed(
            f"{content.manifest[0]} has number {standing.number} already: take --number {least} or above"
        )
    return manifest


def _name_of(path: str) -> str:
    name = Path(path).resolve().name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return _UNFIT.sub("-", name).strip("-._")[:100] or "definitions"
