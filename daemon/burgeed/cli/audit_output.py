"""Records of the audit, prunings and erasures, as a command prints them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from burgeed.cli.presentation import instant, print_line, print_table, value_text

COLUMNS = [
    "seq", "when", "actor", "action", "flag", "scope", "leaf", "old", "new", "reason", "request", "detail",
]  # fmt: skip

PRUNES = "Entries older than the retention are deleted for ever."
"""What a pruning does, for who is asked whether they mean it."""

_ROOM_FOR_REQUEST = 200
"""Columns of a terminal from which on request ids are shown."""


def print_records(records: Sequence[Mapping[str, Any]]) -> None:
    """A table of records, each as :meth:`AuditRecord.as_json` has it.

    On a terminal, columns without any content are left out, and the request where there is no room for it.
    Piped, all of them are there.
    """
    if not records:
        print_line(("no entry is so", "quiet"))
        return
    rows = [_row(record) for record in records]
    left_out = _left_out(rows) if sys.stdout.isatty() else set()
    shown = [place for place, column in enumerate(COLUMNS) if column not in left_out]
    print_table([COLUMNS[place] for place in shown], [[row[place] for place in shown] for row in rows])


def print_pruned(outcome: Mapping[str, Any]) -> None:
    """What a pruning did, or would do."""
    what = f"{outcome['segments']} segments with {outcome['entries']} entries"
    if outcome["dryRun"]:
        print_line(("would be pruned, and nothing is: ", "warning"), what)
    else:
        print_line(f"{what} are pruned")


def print_erased(kind: str, name: str, outcome: Mapping[str, Any]) -> None:
    """What an erasure did, or would do."""
    where = f"in {outcome['entries']} entries and {outcome['revisions']} revisions"
    if outcome["dryRun"]:
        print_line(("would be erased, and nothing is: ", "warning"), f"{kind} {name}, {where}")
    else:
        print_line(f"{kind} {name} is erased, {where}")
    for document, history in (("subjectId", "audit"), ("pseudonym", "history")):
        if outcome.get(document):
            print_line(f"pseudonym in the {history}: ", outcome[document])
    for place in outcome.get("left", ()):
        print_line(("left: ", "warning"), place)


def erases(kind: str, name: str) -> str:
    """What an erasure does, for who is asked whether they mean it."""
    return f"What the audit and the history say of {kind} {name} becomes unreadable for ever."


def nothing_known(kind: str, name: str) -> str:
    """Why nobody is erased."""
    return f"nothing is known of {kind} {name}; for who acts, the kind is person"


def _row(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    on_behalf = f" for {record['onBehalfOf']}" if record["onBehalfOf"] else ""
    scope = f"{record['level']} {record['scope']}".strip()
    old, new = (value_text(record[name]) if name in record else "" for name in ("old", "new"))
    return [
        (str(record["seq"]), "quiet"), (instant(record["at"]), "quiet"),
        (record["actor"] + on_behalf, "strong"),
        (record["action"], ""), (record["flag"], ""), (scope, ""), (record["leaf"], ""), (old, "quiet"),
        (new, "good"), (record["reason"], "quiet"), (record["requestId"], "quiet"),
        (_detail(record["detail"]), ""),
    ]  # fmt: skip


def _detail(detail: object) -> str:
    """Why something was refused, or what else an entry tells: ``name=value`` on one line."""
    if not isinstance(detail, Mapping):
        return "" if detail is None else value_text(detail)
    if isinstance(detail.get("why"), str):
        return str(detail["why"])
    return " ".join(
        f"{name}={value if isinstance(value, str) else orjson.dumps(value).decode()}"
        for name, value in detail.items()
        if not _is_empty(value)
    )


def _is_empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_empty, value.values()))
    return value in (None, "", [])


def _left_out(rows: Sequence[Sequence[tuple[str, str]]]) -> set[str]:
    empty = {column for place, column in enumerate(COLUMNS) if not any(row[place][0] for row in rows)}
    return empty if shutil.get_terminal_size().columns >= _ROOM_FOR_REQUEST else {*empty, "request"}
