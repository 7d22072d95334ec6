"""The description is of what is answered: every route, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31
from tests.daemon.server.admin.controlled import SHOP, controlled
from tests.daemon.server.serving import serving

from burgee.definition import SourceDocument, read_layer
from burgee.definition.rendering import render_flag, render_override
from burgeed.authority.principal import Scope
from burgeed.server import openapi_definition
from burgeed.server.problems import CONTENT_TYPE, TITLES
from burgeed.server.route import OPEN
from burgeed.server.route_table import ROUTES

REPOSITORY = Path(__file__).parents[4]


@pytest.fixture
async def description(tmp_path: Path) -> Any:
    async with controlled(tmp_path) as server:
        reply = await server.tcp.send("GET", "/openapi.json")
    assert reply.status == 200
    return reply.json


def operations(description: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for name, each in document.items():
            if name == "$ref" and isinstance(each, str):
                yield each
            else:
                yield from references(each)
    elif isinstance(document, list):
        for each in document:
            yield from references(each)


async def test_every_route_is_described_and_every_description_is_a_route(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        application = server.server.listeners._application
        description = (await server.tcp.send("GET", "/openapi.json")).json
        described = {(method, path) for method, path, _ in operations(description)}
        table = {(route.method, route.path) for route in application[ROUTES]}
        # What the router really has, brought into OpenAPI's writing.
        answered = {
            (route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", route.resource.canonical))
            for route in application.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }
    assert described == table == answered
    assert len(described) > 50


async def test_each_route_has_a_rule_and_a_name_of_its_own(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        routes = server.server.listeners._application[ROUTES]
    assert len({route.operation for route in routes}) == len(routes)
    assert all(route.access == OPEN or isinstance(route.access, Scope) for route in routes)
    open_ = {route.path for route in routes if route.access == OPEN}
    assert open_ == {"/healthz", "/readyz", "/health", "/status", "/openapi.json"}
    writing = [route for route in routes if route.path.startswith("/admin/") and route.method != "GET"]
    may_read = {"explain", "tellImpact"}
    assert {route.operation for route in writing if route.access is Scope.READ} == may_read


async def test_the_description_is_sound(description: Any) -> None:
    assert [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(description)] == []
    for name, schema in description["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert name
    for reference in set(references(description)):
        found = description
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    for _, path, operation in operations(description):
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))


async def test_problems_and_tokens_are_described(description: Any) -> None:
    for _, path, operation in operations(description):
        refused = operation["responses"].get("401", {}).get("$ref", "")
        if path.startswith("/admin/v1/"):
            assert refused.endswith("/Problem401")
            assert {"bearer": []} in operation["security"]
    answers = description["components"]["responses"]
    assert list(answers["Problem409"]["content"]) == [CONTENT_TYPE]
    assert list(answers["Error503"]["content"]) == ["application/json"]
    assert set(description["components"]["securitySchemes"]) == {"bearer", "apiKey"}


def test_the_definition_s_schema_is_the_published_one() -> None:
    ours = Path(openapi_definition.__file__).with_name("definition.schema.json").read_bytes()
    assert ours == (REPOSITORY / "docs" / "definition.schema.json").read_bytes()


async def test_what_is_shown_of_flags_and_overrides_fits_its_schema(description: Any) -> None:
    layer, _ = read_layer("x", [SourceDocument(SHOP)])
    [definition] = layer.definitions
    for name, documents in (
        ("Flag", [render_flag(flag) for flag in definition.flags.values()]),
        ("Override", [render_override(each) for each in definition.overrides.values()]),
    ):
        schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
        for document in documents:
            Draft202012Validator(schema).validate(document)
    schema = {"$ref": "#/components/schemas/Flag", "components": description["components"]}
    assert not Draft202012Validator(schema).is_valid({"defaultVarant": "on"})


async def test_the_description_needs_no_token_and_is_there_before_anything_is_served(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for peer in (server.unix, server.tcp):
            reply = await peer.send("GET", "/openapi.json")
            assert (reply.status, reply.json["openapi"]) == (200, "3.1.1")


def test_each_kind_of_problem_has_a_title_of_its_own() -> None:
    assert len(set(TITLES.values())) == len(TITLES)
