"""`burgee diff`: who would be answered otherwise by new definitions than by old ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import click

from burgee.errors import SelectorError, SnapshotError
from burgee.impact import EXAMPLES, impact
from burgee.impact_document import impact_document
from burgee.selector import ANY, Selector
from burgee.snapshot import Snapshot
from burgee.snapshot_bytes import read
from burgee.snapshot_bytes.layout import MAGIC
from burgeed.cli.contexts import contexts_option, read_contexts
from burgeed.cli.impact_output import markdown, print_impact
from burgeed.cli.local import read_sources
from burgeed.cli.parameters import as_command_line, as_json, evaluation_settings, read_now
from burgeed.cli.presentation import print_json
from burgeed.cli.session import CommandFailed, ExitCode, Session
from burgeed.settings import Settings, SourceSetting, gather

LARGEST_SNAPSHOT = 1 << 30
"""Bytes that are read of a snapshot file."""


@click.command()
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@contexts_option
@click.option(
    "--fail-on",
    type=click.Choice(("change", "definition", "none")),
    default="change",
    show_default=True,
    help="When to end with 1: a context is answered otherwise, a flag is defined otherwise, or never.",
)
@click.option("--selector", metavar="TEXT", help="The flag set: flagSetId=ID or source=NAME.")
@click.option("--now", metavar="INSTANT", help="When, in RFC 3339, for both. Default: now.")
@click.option(
    "--examples",
    type=click.IntRange(0, 1000),
    default=EXAMPLES,
    show_default=True,
    help="Contexts to show for one flag.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, for a pull request.")
@evaluation_settings("environment", "context", "fractional")
@as_json
@click.pass_obj
def diff(
    session: Session,
    /,
    old: Path,
    new: Path,
    contexts: BinaryIO | None,
    fail_on: str,
    selector: str | None,
    now: str | None,
    examples: int,
    as_markdown: bool,
    as_json: bool,
    **options: tuple[str, ...],
) -> ExitCode:
    """Compare what OLD and NEW answer a sample of contexts.

    Each is a definition file, a directory of them, or a snapshot file. An answer is another one where its
    value, its variant or its error is. Flags that are defined otherwise are listed too where no context of
    the sample meets the difference. Give the options that the daemon is given; a snapshot has its own.

    Exit code 0 where no context is answered otherwise, 1 where one is (see --fail-on), 2 where OLD, NEW or
    the sample cannot be used.
    """
    if as_json and as_markdown:
        raise click.UsageError("--json and --markdown both say how to print: give one")
    sample = [] if contexts is None else read_contexts(contexts)
    settings = gather(as_command_line(options), session.environment, wants_source=False)
    chosen, instant = _selector(selector), read_now(now, session)
    try:
        before, after = (_read(path, settings, session) for path in (old, new))
        found = impact(before, after, sample, now=instant, selector=chosen, examples=examples)
    except SnapshotError as error:
        raise CommandFailed(f"a snapshot cannot be used: {error}", ExitCode.USAGE) from error
    document = impact_document(found)
    if as_json:
        print_json(document)
    elif as_markdown:
        click.echo(markdown(document), nl=False)
    else:
        print_impact(document)
    failed = {"change": found.affected, "definition": found.flags, "none": ()}[fail_on]
    return ExitCode.NO if failed else ExitCode.OK


def _read(path: Path, settings: Settings, session: Session) -> Snapshot:
    if path.is_file():
        try:
            with path.open("rb") as file:
                if file.read(len(MAGIC)) == MAGIC:
                    file.seek(0)
                    return read(file.read(LARGEST_SNAPSHOT), whole=True)
        except OSError as error:
            raise CommandFailed(f"{path} cannot be read: {error.strerror}", ExitCode.USAGE) from error
    return asyncio.run(_composed(SourceSetting(str(path)), settings, session))


async def _composed(source: SourceSetting, settings: Settings, session: Session) -> Snapshot:
    reading = read_sources([source], session.clock, fractional_version=settings.fractional_version)
    try:
        async with reading as sources:
            (word,) = sources.words
            if not word.accepted:
                faults = "\n".join(str(fault) for fault in word.faults)
                raise CommandFailed(f"{source.uri} cannot be used: {word.why or faults}", ExitCode.USAGE)
            return replace(sources.snapshot(), fixed=dict(settings.fixed))
    except (ValueError, TimeoutError) as error:
        raise CommandFailed(str(error) or "a source said nothing in time", ExitCode.USAGE) from error


def _selector(text: str | None) -> Selector:
    if text is None:
        return ANY
    try:
        return Selector.parse(text)
    except SelectorError as error:
        raise click.BadParameter(str(error), param_hint="--selector") from error
