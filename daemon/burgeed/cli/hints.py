"""What a person can type next: a curl line and a Python snippet that work against the daemon just started."""

from __future__ import annotations

import shlex
from urllib.parse import quote

from burgee.flag import Flag
from burgee.snapshot import Snapshot

ACCESSORS = {
    "boolean": ("get_boolean_value", "False"),
    "string": ("get_string_value", '"fallback"'),
    "integer": ("get_integer_value", "0"),
    "float": ("get_float_value", "0.0"),
    "object": ("get_object_value", "{}"),
}
"""By flag type: the OpenFeature client's method, and a default in Python."""


def first_flag(snapshot: Snapshot) -> Flag | None:
    """A flag to show: the first of the first set, as they were written."""
    for flag_set in snapshot.flag_sets.values():
        for flag in flag_set.flags.values():
            return flag
    return None


def curl_line(flag_key: str, socket: str, http: str | None) -> str:
    """A shell command that evaluates the flag."""
    path = f"/ofrep/v1/evaluate/flags/{quote(flag_key, safe='')}"
    # Under TLS curl would have to be told of an authority first.
    is_plain = http is not None and http.startswith("http://")
    where = f"{http}{path}" if is_plain else f"--unix-socket {shlex.quote(socket)} http://localhost{path}"
    message = '{"context": {"targetingKey": "u-1", "customer": "c-42", "organization": "acme"}}'
    return f"curl -s {where} -H 'Content-Type: application/json' -d {shlex.quote(message)}"


def snippet(flag: Flag, socket: str) -> str:
    """A Python program that evaluates the flag through the OpenFeature client."""
    method, default = ACCESSORS[flag.flag_type]
    return f"""\
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.contrib.provider.burgee import BurgeeProvider

api.set_provider_and_wait(BurgeeProvider(address={f"unix://{socket}"!r}))
client = api.get_client()
context = EvaluationContext("u-1", {{"customer": "c-42", "organization": "acme"}})
print(client.{method}({flag.key!r}, {default}, context))
api.shutdown()
"""
