"""`burgee bundle verify`: what a daemon with these keys would say to a source's signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from burgeed.bundles.errors import BundleRefused, BundlesUnusable
from burgeed.bundles.pinned_keys import read_pinned_keys
from burgeed.bundles.verification import verify
from burgeed.cli.bundle_content import read_content
from burgeed.cli.fault_output import counted, print_fault
from burgeed.cli.parameters import as_json
from burgeed.cli.presentation import print_json, print_line
from burgeed.cli.session import CommandFailed, ExitCode
from burgeed.store.status import fault_report


@click.command("verify")
@click.argument("source", metavar="SOURCE")
@click.option(
    "--source-key",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="A public key's file, as the daemon is given it; repeatable: one of them has to have signed.",
)
@as_json
def verify_bundle(source: str, paths: tuple[Path, ...], as_json: bool) -> ExitCode:
    """Verify that a definition file, or a directory of them, is what one of these keys has signed.

    Exit code 0 if it is, 1 if not. Which numbers a daemon has accepted before, only that daemon knows.
    """
    try:
        keys = read_pinned_keys(paths)
    except BundlesUnusable as error:
        raise CommandFailed(str(error), ExitCode.USAGE) from error
    content = read_content(source)
    report: dict[str, Any] = {"source": source, "ok": False, "faults": []}
    try:
        found = verify(content.files, content.manifest, keys)
    except BundleRefused as refusal:
        report["faults"] = [fault_report(fault) for fault in refusal.faults]
    else:
        manifest = found.manifest
        report |= {"ok": True, "name": manifest.name, "number": manifest.number, "key": found.key_id}
        report["files"] = [file._asdict() for file in manifest.files]
    print_json(report) if as_json else _print(report)
    return ExitCode.OK if report["ok"] else ExitCode.NO


def _print(report: dict[str, Any]) -> None:
    source = report["source"]
    if not report["ok"]:
        for fault in report["faults"]:
            print_fault(fault, source)
        print_line((f"{source}: ", "strong"), (counted(len(report["faults"]), "fault"), "error"))
        return
    print_line(
        (f"{source}: ", "strong"),
        ("ok", "good"),
        f", bundle {report['name']} number {report['number']}, {counted(len(report['files']), 'file')}, "
        f"signed by {report['key']}",
    )
