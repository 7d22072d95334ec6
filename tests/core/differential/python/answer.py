"""Answers one JSON line with one JSON line: whole flags by PyPI's flagd-core, or single expressions by it.

Runs in an environment of its own, whose packages pin what ours does not.
"""

import json
import logging
import sys
import time

from json_logic import jsonLogic
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.contrib.tools.flagd.core.targeting.targeting import OPERATORS
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError

logging.disable(logging.CRITICAL)


def encoded(value):
    """Numbers that JSON has no word for are written as text."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return {"plain": value}
    if isinstance(value, int | float):
        return {"number": repr(value)}
    if isinstance(value, list | tuple):
        return {"list": [encoded(each) for each in value]}
    return {"object": {key: encoded(each) for key, each in value.items()}}


def decoded(value):
    if "number" in value:
        text = value["number"]
        return int(text) if text.lstrip("-").isdigit() else float(text)
    if "list" in value:
        return [decoded(each) for each in value["list"]]
    if "object" in value:
        return {key: decoded(each) for key, each in value["object"].items()}
    return value["plain"]


def context_of(attributes):
    rest = {name: each for name, each in attributes.items() if name != "targetingKey"}
    return EvaluationContext(attributes.get("targetingKey"), rest)


def answered(core, question):
    key, kind, attributes = question
    resolve = getattr(core, f"resolve_{kind}_value")
    try:
        found = resolve(key, None, context_of(attributes))
    except OpenFeatureError as error:
        return {"value": None, "variant": None, "reason": "ERROR", "code": error.error_code.value}
    except Exception as error:
        # The client of OpenFeature calls whatever a provider raises GENERAL.
        return {"value": None, "variant": None, "reason": "ERROR", "code": "GENERAL", "raised": repr(error)}
    value = None if found.variant is None else found.value
    return {"value": value, "variant": found.variant, "reason": found.reason.value, "code": None}


def operation(asked):
    try:
        return {"peer": encoded(jsonLogic(asked["logic"], decoded(asked["data"]), OPERATORS))}
    except Exception as error:
        return {"peer": {"raised": repr(error)}}


def answer(request):
    if "now" in request:
        time.time = lambda: request["now"]
    if "document" not in request:
        return {"operations": [operation(each) for each in request["operations"]]}
    core = FlagdCore()
    core.set_flags(json.dumps(request["document"]))
    return {"flags": [answered(core, question) for question in request["questions"]]}


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:
        reply = {"failed": repr(error)}
    print(json.dumps(reply), flush=True)
