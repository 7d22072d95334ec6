"""flagd's in-process engine in Python."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.contrib.tools.flagd.core import FlagdCore

from engines import flagd_documents
from engines.engine import Engine, Question
from engines.in_memory import evaluation_context
from engines.workloads import MANY_FLAGS, WORKLOADS, TwoConditions, User


def engine() -> Engine:
    """flagd with all flags, its provider reading them from a file."""
    core = FlagdCore()
    core.set_flags(json.dumps(flagd_documents.document()))
    native = {
        workload.name: Question(
            "resolve(key, default, user)",
            {
                "resolve": getattr(core, f"resolve_{workload.kind}_value"),
                "key": workload.key,
                "default": workload.default,
            },
            lambda details: details.value,
        )
        for workload in WORKLOADS[:-1]
    }
    native["W7"] = Question(
        "[resolve(key, False, user) for key in keys]",
        {"resolve": core.resolve_boolean_value, "keys": [flag.key for flag in MANY_FLAGS]},
        lambda answers: [each.value for each in answers],
    )
    file = Path(tempfile.mkdtemp(prefix="bench-engines-")) / "flags.json"
    file.write_text(json.dumps(flagd_documents.document()))
    provider = FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(file))
    return Engine(
        "flagd",
        ("openfeature-provider-flagd", "openfeature-flagd-core", "panzi-json-logic"),
        "Native is `FlagdCore.resolve_*_value`; it has no bulk call, so W7 is a loop.",
        evaluation_context,
        native,
        provider,
    )


class CoreLoading:
    """Takes a document over by `FlagdCore.set_flags`."""

    def document(self, flags: Sequence[TwoConditions]) -> bytes:
        """One JSON document."""
        return json.dumps(flagd_documents.many(flags)).encode()

    def take(self, content: bytes, previous: FlagdCore | None) -> FlagdCore:
        """Set the flags, in the same core the next time."""
        core = previous or FlagdCore()
        core.set_flags(content.decode())
        return core

    def is_on(self, taken: FlagdCore, key: str, user: User) -> bool:
        """Ask for one flag."""
        return taken.resolve_boolean_value(key, False, evaluation_context(user)).value is True
