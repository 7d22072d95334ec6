"""`burgee eval`: one flag's answer."""

from __future__ import annotations

from typing import Any

import click

from burgee.evaluation import evaluate
from burgee.wire.ofrep import answer
from burgeed.cli.admin import segment
from burgeed.cli.local import LocalSources
from burgeed.cli.presentation import print_answer, print_json
from burgeed.cli.question import Question, question
from burgeed.cli.session import ExitCode


@click.command("eval")
@question
def evaluate_flag(asked: Question, as_json: bool) -> ExitCode:
    """Evaluate the flag KEY: by the daemon, or here where --source names definitions.

    Exit code 0 with an answer (the caller's default is one), 1 with an error such as FLAG_NOT_FOUND, 2 for
    wrong usage, 3 where no daemon answers.
    """
    document = asked.locally(lambda sources: _here(asked, sources)) if asked.sources else _daemon(asked)
    if as_json:
        print_json(document)
    else:
        print_answer(document)
    return ExitCode.NO if "errorCode" in document else ExitCode.OK


async def _here(asked: Question, sources: LocalSources) -> dict[str, Any]:
    resolution = evaluate(
        sources.snapshot(), asked.key, asked.full_context, now=asked.now, selector=asked.selector
    )
    return answer(resolution)[1]


def _daemon(asked: Question) -> dict[str, Any]:
    path = f"/ofrep/v1/evaluate/flags/{segment(asked.key)}"
    answered = asked.ask(path, {"context": dict(asked.context)})
    document = answered.document()
    if answered.status == 200 and "reason" in document:
        return document
    return {"key": asked.key, **asked.refusal(answered)}
