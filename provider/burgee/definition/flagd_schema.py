"""Documents that name a schema of flagd's: they are held to what it demands beyond our own language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from burgee.definition.report import Report
from burgee.fault import Path

FLAGS_SCHEMA: Final = "https://flagd.dev/schema/v0/flags.json"
"""For providers: flags are a mapping."""

FLAGD_SCHEMA: Final = "https://flagd.dev/schema/v0/flagd.json"
"""For flagd's daemon: flags may be a list as well."""

_REQUIRED: Final = {"state": "ENABLED or DISABLED", "variants": "at least one variant"}


def check_flagd_schema(report: Report, document: Mapping[str, Any]) -> None:
    """Put down what a schema of flagd's refuses and the language does not, where ``$schema`` names one."""
    schema = document.get("$schema")
    if schema not in (FLAGS_SCHEMA, FLAGD_SCHEMA):
        return
    if "flags" not in document:
        report.error((), "`flags` is missing, which the schema that `$schema` names demands", "write `flags`")
        return
    flags = document["flags"]
    if isinstance(flags, list) and schema == FLAGS_SCHEMA:
        message = "`flags` is a list, the schema that `$schema` names takes a mapping"
        report.error(("flags",), message, f"write a mapping, or name {FLAGD_SCHEMA}")
    for step, flag in flags.items() if isinstance(flags, Mapping) else enumerate(_listed(flags)):
        path: Path = ("flags", step)
        if not isinstance(flag, Mapping):
            continue
        for name, remedy in _REQUIRED.items():
            if name not in flag:
                message = f"a flag lacks `{name}`, which the schema that `$schema` names demands"
                report.error(path, message, f"write {remedy}, or leave out `$schema`")


def _listed(flags: object) -> list[Any]:
    return flags if isinstance(flags, list) else []
