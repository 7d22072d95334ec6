"""The answers are those that OFREP's own OpenAPI document describes, where it can be right.

The document is not ours: it is read where it lies, and these tests are skipped where it does not. Its known
defects are mended before it is used: ``codeDefaultFlag`` matches every object, so that no plain value can be
the only match, and the enumerations of reasons and of error codes leave out some that the specification has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from tests.daemon.server.conftest import DEFINITION
from tests.daemon.server.serving import Reply, serving

DOCUMENT = Path(__file__).parents[4] / "shared" / "data" / "ofrep-openapi-0.3.0.yaml"
SINGLE = "/ofrep/v1/evaluate/flags/{key}"
BULK = "/ofrep/v1/evaluate/flags"


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    if not DOCUMENT.exists():
        pytest.skip(f"the OFREP document is not at {DOCUMENT}")
    document: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
    schemas = document["components"]["schemas"]
    schemas["codeDefaultFlag"]["not"] = {"required": ["value"]}
    success = schemas["evaluationSuccess"]
    del success["allOf"][0]["properties"]["reason"]["enum"]
    success["allOf"][1]["anyOf"] = success["allOf"][1].pop("oneOf")
    del schemas["evaluationFailure"]["properties"]["errorCode"]["enum"]
    bulk = schemas["bulkEvaluationSuccess"]["properties"]["flags"]["items"]
    bulk["anyOf"] = bulk.pop("oneOf")
    return document


def check(openapi: dict[str, Any], path: str, reply: Reply) -> None:
    """Validate the body against the schema of its status."""
    content = openapi["paths"][path]["post"]["responses"][str(reply.status)]["content"]
    schema = {**content["application/json"]["schema"], "components": openapi["components"]}
    Draft202012Validator(schema).validate(reply.json)


@pytest.mark.parametrize("key", sorted({*DEFINITION["flags"], "unknown"} - {"..", "ключ ?#%2F+"}))
@pytest.mark.parametrize("context", [{}, {"targetingKey": "u"}, {"customer": "c-1", "plan": "pro", "é t": 1}])
async def test_a_single_answer_is_as_described(
    openapi: dict[str, Any], tmp_path: Path, key: str, context: dict[str, Any]
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate(key, **context)
    assert reply.status in (200, 400, 404)
    check(openapi, SINGLE, reply)


@pytest.mark.parametrize("headers", [{}, {"Burgee-Detail": "1"}])
async def test_a_bulk_answer_is_as_described(
    openapi: dict[str, Any], tmp_path: Path, headers: dict[str, str]
) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        reply = await server.unix.evaluate_all(headers)
    assert reply.status == 200
    assert len(reply.json["flags"]) == len(DEFINITION["flags"])
    check(openapi, BULK, reply)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"context":1}', b'{"context":{"targetingKey":1}}'])
async def test_a_refusal_is_as_described(openapi: dict[str, Any], tmp_path: Path, body: bytes) -> None:
    async with serving(tmp_path, DEFINITION) as server:
        single = await server.unix.send("POST", SINGLE.format(key="static"), body)
        bulk = await server.unix.send("POST", BULK, body)
    assert (single.status, bulk.status) == (400, 400)
    check(openapi, SINGLE, single)
    check(openapi, BULK, bulk)


async def test_the_check_can_fail(openapi: dict[str, Any]) -> None:
    body = b'{"key":"k","reason":"STATIC","value":true,"metadata":{"nested":{}}}'
    wrong = Reply(200, {"content-type": "application/json"}, body)
    with pytest.raises(Exception, match="is not valid under any of the given schemas"):
        check(openapi, SINGLE, wrong)
