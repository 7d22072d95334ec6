"""The definitions under ``config``: the reader takes them, they show the whole language, and answer."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from burgee.composition import compose
from burgee.condition import OPERATORS, RESERVED_NAMES
from burgee.evaluation import evaluate
from burgee.generation import Generation
from burgee.layer import Layer
from burgee.resolution import Resolution
from burgee.snapshot import Snapshot
from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderProcess
from tests.support.constructs import constructs
from tests.support.daemon import run_command
from tests.support.vectors import same, seconds

CONFIG = Path(__file__).parent.parent / "config"
DEFINITIONS = ("flags.yaml", "on-call.yaml", "session-persistence.yaml", "flagd.json")
SINGLE = (("session-persistence.yaml",), ("flagd.json",))
"""Definitions that stand alone; the others are two layers of one."""

DEPLOYMENT = {"compose.yaml", "kubernetes.yaml", "daemon.toml"}
"""Samples that are no definitions, though one has a definition in it."""

NOW = seconds("2026-11-20T12:00:00Z")

CONSUMER = {"account_type": "consumer"}
PAYING = {"plan": "pro", "plan_since": "2024"}

WHO_SHOWS_WHAT = {
    "type boolean": "new-checkout",
    "type string": "deploy-strategy",
    "type integer": "parallel-test-shards",
    "type float": "canary-share",
    "type object": "autoscaling",
    "no variants": "dark-mode",
    "no default variant": "welcome-message",
    "state DISABLED": "old-proxy",
    "metadata": "pricing-page",
    "expires": "deploy-freeze",
    "owner": "log-level",
    "tags": "log-level",
    "rule with a name": "deploy-strategy",
    "rule without a name": "parallel-test-shards",
    "rule without when": "tls-minimum",
    "serve": "deploy-strategy",
    "split": "trial-days",
    "ramp": "new-checkout",
    "by of a split": "search-engine",
    "by of a ramp": "read-replicas",
    "seed of a split": "compression",
    "seed of a ramp": "postgres-17",
    "from of a rule": "tls-minimum",
    "until of a rule": "status-banner",
    "requires": "canary-share",
    "equality": "parallel-test-shards",
    "a bare list": "timeline-view",
    "several keys": "image-quality",
    "all": "upgrade-hint",
    "any": "prefetch-links",
    "not": "deploy-freeze",
    "segment": "consent-banner",
    "attribute": "keyboard-shortcuts",
    "is": "api-rate-limit",
    "is_not": "preview-environments",
    "in": "search-timeout-ms",
    "not_in": "comment-previews",
    "lt": "login-throttle",
    "lte": "welcome-message",
    "gt": "lazy-comments",
    "gte": "offline-mode",
    "starts_with": "flaky-test-retries",
    "ends_with": "calendar-sync",
    "contains": "mask-personal-data",
    "matches": "artifact-signing",
    "semver": "resumable-uploads",
    "ip_in": "debug-toolbar",
    "in_region": "price-display",
    "leaves": "plan-limits",
    "before": "webhook-version",
    "after": "editor",
    "exists": "trace-sampling",
    "override of environment": "log-level",
    "override of organization": "crm-connector",
    "override of customer": "image-quality",
    "override as a scalar": "log-level",
    "override as variant": "legal-hold",
    "override as value": "upload-limit-mb",
    "override as patch": "autoscaling",
    "override as rules": "timeline-view",
    "override as state": "dark-mode",
    "override as inherit": "query-cache-seconds",
    "override with a split": "recommendation-model",
    "lock of a variant": "legacy-export",
    "lock of rules": "second-factor",
    "lock of a patch": "single-sign-on",
    "from of an override": "api-rate-limit",
    "until of an override": "new-checkout",
    "note": "legal-hold",
    "kill as a scalar": "comment-previews",
    "kill to the code default": "lazy-comments",
    "kill as revive": "comment-previews",
}
GROUPS = {
    "ci-cd": 8,
    "performance": 8,
    "compliance": 8,
    "feature": 8,
    "infrastructure": 8,
    "experiment": 6,
    "emergency": 6,
    "integration": 6,
}


@cache
def layers() -> dict[str, Layer]:
    """The definitions, read by the daemon's own reader process."""

    async def read() -> dict[str, Layer]:
        reader = ReaderProcess()
        await reader.start()
        try:
            found = {}
            for name in DEFINITIONS:
                reading = await reader.read(name, [SourceFile(name, (CONFIG / name).read_bytes())])
                assert reading.warnings == (), name
                found[name] = reading.layer
            return found
        finally:
            await reader.close()

    return asyncio.run(read())


@cache
def snapshot(*names: str, **fixed: str) -> Snapshot:
    return compose([layers()[name] for name in names], generation=Generation("config", 1), fixed=fixed)


@cache
def document(name: str) -> dict[str, Any]:
    """A definition as the reader gave it to the core, texts kept as texts."""
    loader: type[yaml.BaseLoader] = yaml.BaseLoader
    return dict(yaml.load((CONFIG / name).read_text(encoding="utf-8"), Loader=loader))


def answer(flag: str, *, now: float = NOW, on_call: bool = False, **context: Any) -> Resolution:
    names = ("flags.yaml", "on-call.yaml") if on_call else ("flags.yaml",)
    return evaluate(snapshot(*names), flag, context, now=now)


def shown_by(flag: str) -> set[str]:
    """What a flag shows of the language, in both files that speak of it."""
    flag_type = layers()["flags.yaml"].definitions[0].flags[flag].flag_type
    return {f"type {flag_type}"} | constructs(flag, [document("flags.yaml"), document("on-call.yaml")])


@pytest.mark.parametrize(("construct", "flag"), WHO_SHOWS_WHAT.items())
def test_each_construct_of_the_language_is_shown_by_its_flag(construct: str, flag: str) -> None:
    assert construct in shown_by(flag)


def test_the_table_of_constructs_is_complete() -> None:
    flags = document("flags.yaml")["flags"]
    shown: set[str] = set().union(*(shown_by(flag) for flag in flags))
    assert set(OPERATORS) | set(RESERVED_NAMES) <= WHO_SHOWS_WHAT.keys()
    assert shown - WHO_SHOWS_WHAT.keys() - {"lock of a value", "lock of a state"} == set()


def test_there_are_at_least_64_flags_in_all_groups() -> None:
    flags = document("flags.yaml")["flags"]
    assert len(flags) >= 64
    for group, least in GROUPS.items():
        assert sum(group in flag["tags"] for flag in flags.values()) >= least, group


def test_no_two_flags_are_alike() -> None:
    flags = document("flags.yaml")["flags"]
    descriptions = [flag["description"] for flag in flags.values()]
    rules = [str(flag["rules"]) for flag in flags.values() if "rules" in flag]
    assert len(set(descriptions)) == len(flags)
    assert len(set(rules)) == len(rules)


def test_every_group_has_organizations_customers_and_environments() -> None:
    flags = document("flags.yaml")
    assert len(flags["overrides"]["environment"]) >= 3
    assert len(flags["overrides"]["organization"]) >= 3
    assert len(flags["overrides"]["customer"]) >= 3


def test_on_and_off_are_names_of_variants() -> None:
    flag = layers()["flags.yaml"].definitions[0].flags["new-checkout"]
    assert {name: variant.value for name, variant in flag.variants.items()} == {"on": True, "off": False}
    assert flag.default_variant == "off"


def test_the_layers_leave_nothing_inactive() -> None:
    assert snapshot(*DEFINITIONS).inactive == ()


@pytest.mark.parametrize("names", [("flags.yaml",), ("flags.yaml", "on-call.yaml"), *SINGLE])
def test_the_definitions_are_clean_by_the_strict_check(names: tuple[str, ...]) -> None:
    command = ("check", "--strict", "--now", "2026-11-20T12:00:00Z", "--json")
    ended = run_command(*command, *(CONFIG / name for name in names))
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["ok"]) == (0, True), report
    assert {Path(each["source"]).name for each in report["sources"]} == set(names)


def test_the_definition_in_the_kubernetes_sample_is_clean_by_the_strict_check(tmp_path: Path) -> None:
    [data] = [
        each["data"]
        for each in yaml.safe_load_all((CONFIG / "kubernetes.yaml").read_text(encoding="utf-8"))
        if each["kind"] == "ConfigMap"
    ]
    for name, text in data.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    ended = run_command("check", "--strict", "--now", "2026-11-20T12:00:00Z", tmp_path)
    assert ended.returncode == 0, ended.stdout


def test_every_definition_is_held_to_the_strict_check() -> None:
    held = {"flags.yaml", "on-call.yaml", *(name for names in SINGLE for name in names)}
    kinds = ("*.yaml", "*.json", "*.toml")
    assert held == {path.name for kind in kinds for path in CONFIG.glob(kind)} - DEPLOYMENT


@pytest.mark.parametrize(
    ("flag", "context", "value", "reason", "source"),
    [
        ("log-level", {}, "info", "DEFAULT", "default"),
        ("log-level", {"environment": "production"}, "warning", "TARGETING_MATCH", "environment"),
        ("crm-connector", {"organization": "globex"}, "hubspot", "TARGETING_MATCH", "organization"),
        ("upload-limit-mb", {"organization": "acme"}, 1200, "TARGETING_MATCH", "organization"),
        ("legacy-export", {"organization": "acme"}, False, "TARGETING_MATCH", "organization"),
        ("mask-personal-data", {"environment": "production"}, True, "TARGETING_MATCH", "environment"),
        ("webhook-timeout-seconds", {"customer": 1001}, 30.0, "TARGETING_MATCH", "customer"),
        ("data-residency", {"country": "NO"}, "eu-north-1", "TARGETING_MATCH", "default"),
        ("search-timeout-ms", {"organization": "acme", "client": "report"}, 1000, "DEFAULT", "default"),
        ("new-checkout", {"organization": "acme", "currency": "JPY"}, False, "DEFAULT", "default"),
        ("new-checkout", {"email": "ada@example.com"}, True, "TARGETING_MATCH", "default"),
        ("comment-previews", {"link_host": "example.org"}, False, "STATIC", "kill"),
        ("event-schema-version", {"environment": "staging"}, 2, "TARGETING_MATCH", "default"),
        ("event-schema-version", {"environment": "production"}, 1, "DEFAULT", "default"),
        ("artifact-signing", {"branch": "release/4.12"}, True, "TARGETING_MATCH", "default"),
        ("artifact-signing", {"branch": "release/4.12-rc"}, False, "DEFAULT", "default"),
        ("price-display", CONSUMER | {"country": "ch"}, "gross", "TARGETING_MATCH", "default"),
        ("price-display", CONSUMER | {"country": "US"}, "net", "DEFAULT", "default"),
        ("resumable-uploads", {"app_version": "5.9"}, True, "TARGETING_MATCH", "default"),
        ("resumable-uploads", {"app_version": "6.0.1"}, False, "DEFAULT", "default"),
        ("debug-toolbar", {"ip": "::ffff:192.0.2.200"}, True, "TARGETING_MATCH", "default"),
        ("debug-toolbar", {"ip": "2001:db8:41::1"}, False, "DEFAULT", "default"),
        ("plan-limits.projects.active", PAYING, 100, "TARGETING_MATCH", "default"),
        ("plan-limits.storage_gb", {}, 1.0, "DEFAULT", "default"),
    ],
)  # fmt: skip
def test_the_flags_answer(flag: str, context: dict[str, Any], value: Any, reason: str, source: str) -> None:
    got = answer(flag, **context)
    assert same(got.value, value)
    assert (got.reason, got.metadata["burgee.source"]) == (reason, source)


@pytest.mark.parametrize(
    ("flag", "context", "beneath", "on_call"),
    [
        ("recommendation-model", {"organization": "umbrella", "targetingKey": "u-1"}, None, "baseline"),
        ("query-cache-seconds", {"environment": "production"}, "long", "short"),
        ("upload-limit-mb", {"organization": "acme"}, None, "small"),
        ("comment-previews", {"link_host": "example.org"}, "off", "on"),
        ("shed-load", {"environment": "production"}, "none", "some"),
    ],
)
def test_the_layer_of_the_person_on_call_lies_on_top(
    flag: str, context: dict[str, Any], beneath: str | None, on_call: str
) -> None:
    assert answer(flag, on_call=True, **context).variant == on_call
    if beneath is not None:
        assert answer(flag, **context).variant == beneath


PRODUCTION = {"environment": "production"}
STAGING = {"environment": "staging"}
DEVELOPMENT = {"environment": "development"}
ACME, GLOBEX, INITECH = {"organization": "acme"}, {"organization": "globex"}, {"organization": "initech"}
C_42, C_77 = {"customer": "c-42"}, {"customer": "c-77"}


def phases(turned_on: str) -> dict[str, dict[str, bool]]:
    """The flag's value: ``1`` for each leaf that is on, in the order of the phases."""
    parent, enhanced, monitoring, tabs = (letter == "1" for letter in turned_on)
    return {
        "phase1": {"parentStorage": parent},
        "phase2": {"enhancedStorage": enhanced, "connectionMonitoring": monitoring},
        "phase3": {"tabSync": tabs},
    }


@pytest.mark.parametrize(
    ("context", "phase_1_2a_2b_3", "patched"),
    [
        ({}, "----", None),
        (PRODUCTION, "1---", "environment"),
        (STAGING, "111-", "environment"),
        (DEVELOPMENT, "1111", "environment"),
        (PRODUCTION | ACME, "11--", "environment,organization"),
        (ACME, "-1--", "organization"),
        (PRODUCTION | INITECH, "1--1", "environment,organization"),
        (PRODUCTION | C_42, "1-1-", "environment,customer"),
        (PRODUCTION | ACME | C_42, "111-", "environment,organization,customer"),
        (STAGING | GLOBEX, "11--", "environment,organization"),
        (PRODUCTION | GLOBEX | C_42, "1---", "environment,organization,customer"),
        (DEVELOPMENT | C_77, "-111", "environment,customer"),
    ],
)
def test_the_phases_of_session_persistence(
    context: dict[str, str], phase_1_2a_2b_3: str, patched: str | None
) -> None:
    got = evaluate(snapshot("session-persistence.yaml"), "session-persistence", context, now=NOW)
    assert same(got.value, phases(phase_1_2a_2b_3))
    assert got.metadata.get("burgee.patched") == patched
    assert got.variant == "none"


def test_a_trial_of_session_persistence_ends_with_the_year() -> None:
    flags = snapshot("session-persistence.yaml", environment="production")
    context = {"organization": "initech"}
    last, over = seconds("2026-12-30T23:59:59Z"), seconds("2026-12-31T00:00:00Z")
    before = evaluate(flags, "session-persistence", context, now=last)
    after = evaluate(flags, "session-persistence", context, now=over)
    assert same(before.value, phases("1--1"))
    assert same(after.value, phases("1---"))
