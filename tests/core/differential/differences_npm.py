"""How npm's @openfeature/flagd-core 4.0.1 differs, by the engine in it: json-logic-engine 5.0.7."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from burgee.javascript import parse_float, to_number, truthy
from tests.core.differential.replay import OWN, Parting
from tests.core.differential.whole_flags import Difference

_COMPARED = ("==", "!=", "<", "<=", ">", ">=")
_COMPUTED = ("+", "-", "*", "/", "%", "min", "max")
_LOOPS = ("map", "filter", "all", "none", "some", "reduce")
_REFUSED = "Error: PARSE_ERROR"
_ERRORS = ("NaN", _REFUSED)


def _is_no_number(value: Any) -> bool:
    return not isinstance(value, int | float) or not math.isfinite(value)


def _nan_raises(parting: Parting) -> bool:
    if parting.theirs.get("raised") not in _ERRORS:
        return False
    if parting.operator in _COMPUTED:
        strange = any(not isinstance(each, int | float) for each in parting.operands)
        return strange or str(parting.ours.get("number")) in ("NaN", "Infinity", "-Infinity")
    return parting.operator in _COMPARED and any(map(_is_no_number, parting.operands))


def _folds_what_is_no_number(logic: Any) -> bool:
    """Whether arithmetic or a comparison inside has a constant operand that is no number."""
    if isinstance(logic, list):
        return any(map(_folds_what_is_no_number, logic))
    if not isinstance(logic, Mapping) or not logic:
        return False
    operator, operands = next(iter(logic.items()))
    listed = operands if isinstance(operands, list) else [operands]
    if operator in (*_COMPARED, *_COMPUTED) and any(
        _is_constant(each) and _is_no_number(each) for each in listed
    ):
        return True
    return any(map(_folds_what_is_no_number, listed))


def _is_constant(logic: Any) -> bool:
    if isinstance(logic, list):
        return all(map(_is_constant, logic))
    if not isinstance(logic, Mapping) or not logic:
        return True
    operator, operands = next(iter(logic.items()))
    if operator in ("var", "missing", "missing_some", "fractional"):
        return bool(operands == [])
    # Within a loop over a constant list the engine knows what var sees.
    return _is_constant(operands[0] if operator in _LOOPS else operands)


def _compares_what_it_computed(parting: Parting) -> bool:
    if parting.operator not in _COMPARED or parting.theirs.get("raised", "NaN") != "NaN":
        return False
    operands = parting.logic.get(parting.operator, [])
    return any(isinstance(each, Mapping) and not {"var", "missing"} & each.keys() for each in operands)


def _gives_text(logic: Any) -> bool:
    """Whether a rule may give a text, as far as its outermost operator tells."""
    if isinstance(logic, Mapping):
        return next(iter(logic), "") in ("cat", "substr", "if", "?:", "and", "or", "reduce", "var")
    return isinstance(logic, str)


def _folds_what_raises(logic: Any) -> bool:
    if isinstance(logic, list):
        return any(map(_folds_what_raises, logic))
    if not isinstance(logic, Mapping) or not logic:
        return False
    operator, operands = next(iter(logic.items()))
    if operator in _LOOPS and _is_constant(operands[0]):
        return True
    if operator == "in" and not isinstance(operands[1], Mapping | list | str):
        return True
    if operator == "substr" and _is_constant(operands[0]) and not _gives_text(operands[0]):
        return True
    return _folds_what_raises(operands)


def _hashes_beyond_ascii(parting: Parting) -> bool:
    first = parting.operands[0]
    unit = first if isinstance(first, str) else str(parting.data.get("targetingKey", ""))
    return not unit.isascii()


def _is_false(value: Any) -> bool:
    return value is not None and not truthy(value)


def _looks_into_what_is_false(parting: Parting) -> bool:
    if parting.operator in _LOOPS:
        items = parting.operands[0] if isinstance(parting.operands[0], list) else []
        return not parting.raised and any(map(_is_false, items))
    if not isinstance(parting.data, Mapping) or parting.operator not in ("var", "if"):
        return False
    paths = [path.partition(".") for path in _paths(parting.logic)]
    return any(dot and _is_false(parting.data.get(head)) for head, dot, _ in paths)


def _paths(logic: Any) -> Iterator[str]:
    """The paths of all ``var`` inside that are written down."""
    if isinstance(logic, list):
        for each in logic:
            yield from _paths(each)
    elif isinstance(logic, Mapping) and logic:
        operator, operands = next(iter(logic.items()))
        path = operands[0] if isinstance(operands, list) and operands else operands
        if operator == "var" and isinstance(path, str):
            yield path
        yield from _paths(operands)


def _looks_at_the_first_item(parting: Parting) -> bool:
    if parting.raised:
        return False
    if parting.operator in ("!", "!!"):
        lists = [parting.operands[0]] if _is_constant(parting.logic) else []
    elif parting.operator == "if" and len(parting.logic.get("if", [])) == 2:
        lists = [operands[0] for operator, operands in parting.nested if operator in ("!", "!!")]
    else:
        return False
    return any(isinstance(each, list) and each and not truthy(each[0]) for each in lists)


def _coerces_like_unary_plus(parting: Parting) -> bool:
    if parting.operator not in ("+", "*") or parting.raised:
        return False
    return any(
        not isinstance(each, int | float) or isinstance(each, bool) or to_number(each) != parse_float(each)
        for each in parting.operands
    )


DIFFERENCES = (
    Difference(
        "NaN raises",
        "JavaScript and json-logic-js go on with NaN and Infinity: what does not compare is false. The "
        "engine raises (GENERAL), or refuses the flag where it folds a constant (PARSE_ERROR).",
        ({"==": [{"var": "seats"}, "many"]}, {"seats": 3}),
        _nan_raises,
    ),
    Difference(
        "a comparison with what a rule computed",
        "json-logic-js compares what the rule gave. The engine compiles the rule into the comparison, and "
        "then takes two numbers for NaN.",
        ({"==": [0, {"reduce": [{"var": "tags"}, {"var": "accumulator"}, 0]}]}, {"tags": []}),
        _compares_what_it_computed,
    ),
    Difference(
        "a constant that is no number refuses the flag",
        "A branch that is never taken cannot spoil a flag.",
        ({"map": [{"var": "none"}, {"*": [{"var": "total"}, "x"]}]}, {}),
        lambda parting: parting.theirs.get("raised") == _REFUSED and _folds_what_is_no_number(parting.logic),
    ),
    Difference(
        "a loop over what is no list raises",
        "json-logic-js takes it for the empty list.",
        ({"map": [{"var": "plan"}, {"var": ""}]}, {"plan": "pro"}),
        lambda parting: (
            parting.raised and parting.operator in _LOOPS and not isinstance(parting.operands[0], list)
        ),
    ),
    Difference(
        "a constant part refuses the flag",
        "A branch that is never taken cannot spoil a flag.",
        ({"if": [{"var": "on"}, {"map": ["x", {"var": ""}]}, 1]}, {}),
        lambda parting: parting.theirs.get("raised") == _REFUSED and _folds_what_raises(parting.logic),
    ),
    Difference(
        "in what is neither list nor text raises",
        "json-logic-js: it is in nothing.",
        ({"in": ["a", {"var": "seats"}]}, {"seats": 3}),
        lambda parting: (
            parting.raised and parting.operator == "in" and not isinstance(parting.operands[1], list | str)
        ),
    ),
    Difference(
        "an empty text is in an empty text that a rule computed",
        "json-logic-js: nothing is in an empty text. The engine says so too where the text is no rule's.",
        ({"in": ["", {"and": [{"var": "plan"}, "1"]}]}, {"plan": ""}),
        lambda parting: parting.operator == "in" and parting.operands[1] == "" and not parting.raised,
    ),
    Difference(
        "all and none of what is no list",
        "json-logic-js: all of an empty list, or of no list, is false, and none of it is true. The engine "
        "says the opposite, or goes through the characters of a text.",
        ({"all": [{"var": "absent"}, {"==": [{"var": ""}, 1]}]}, {}),
        lambda parting: (
            parting.operator in _LOOPS and not isinstance(parting.operands[0], list) and not parting.raised
        ),
    ),
    Difference(
        "what is empty, 0 or false, and what is inside it",
        "json-logic-js finds nothing inside an empty text, 0 or false; the engine gives the value itself.",
        ({"map": [["a", "", False], {"var": "email.length"}]}, {}),
        _looks_into_what_is_false,
    ),
    Difference(
        "! and !! look at a list's first item",
        "json-logic-js takes every list with an item for true. The engine looks at the first item where the "
        "list is constant, and within an if without else.",
        ({"if": [{"!!": [{"var": "tags"}]}, {"var": "plan"}]}, {"tags": [0, 1], "plan": "pro"}),
        _looks_at_the_first_item,
    ),
    Difference(
        "min and max refuse what is no number",
        "json-logic-js coerces as Math.min does.",
        ({"max": [{"var": "absent"}]}, {}),
        lambda parting: (
            parting.operator in ("min", "max")
            and parting.theirs.get("raised") in ("[object Object]", _REFUSED)
            and any(not isinstance(each, int | float) or isinstance(each, bool) for each in parting.operands)
        ),
    ),
    Difference(
        "substr of what is no text raises",
        "json-logic-js writes it as text first.",
        ({"substr": [{"var": "seats"}, 1]}, {"seats": 1234}),
        lambda parting: (
            parting.raised and parting.operator == "substr" and not isinstance(parting.operands[0], str)
        ),
    ),
    Difference(
        "+ and * coerce with Number",
        "json-logic-js coerces with parseFloat: null, true and an empty text are NaN, `3.14abc` is 3.14.",
        ({"+": [1, {"var": "absent"}]}, {}),
        _coerces_like_unary_plus,
    ),
    Difference(
        "cat writes null",
        "json-logic-js joins as Array.prototype.join does: null is empty.",
        ({"cat": ["a", {"var": "absent"}]}, {}),
        lambda parting: parting.operator == "cat" and None in parting.operands,
    ),
    Difference(
        "cat of what a rule computed",
        "json-logic-js joins whatever it is given into one text.",
        ({"cat": [1, {"missing_some": [0, ["plan"]]}]}, {}),
        lambda parting: (
            parting.operator == "cat"
            and not parting.raised
            and any(isinstance(each, Mapping) and "var" not in each for each in parting.logic.get("cat", []))
        ),
    ),
    Difference(
        "null equals 0 and false",
        "JavaScript's == and json-logic-js: null equals nothing but null.",
        ({"==": [{"var": "seats"}, 0]}, {}),
        lambda parting: parting.operator in _COMPARED and None in parting.operands and not parting.raised,
    ),
    Difference(
        "missing looks for names only",
        "json-logic-js counts null and an empty text as missing, and finds the length of a text.",
        ({"missing": ["plan"]}, {"plan": ""}),
        lambda parting: parting.operator in ("missing", "missing_some") and not parting.raised,
    ),
    Difference(
        "null is taken for absent by var",
        "json-logic-js gives the default only where there is nothing.",
        ({"var": ["plan", "free"]}, {"plan": None}),
        lambda parting: parting.operator == "var" and parting.ours == {"plain": None} and not parting.raised,
    ),
    Difference(
        "fractional refuses a unit that is null",
        "flagd drops it and takes the targeting key (fractional v2; flagd's documentation and testbed).",
        ({"fractional": [{"var": "absent"}, ["a", 1]]}, {"targetingKey": "u", "$flagd": {"flagKey": "f"}}),
        lambda parting: (
            parting.operator == "fractional" and not parting.raised and parting.operands[0] is None
        ),
    ),
    Difference(
        "fractional hashes UTF-16",
        "flagd hashes the UTF-8 of the unit; the peer's murmur3 takes the code units of JavaScript's text.",
        ({"fractional": [{"var": "name"}, ["a", 1], ["b", 1]]}, {"name": "Åsa", "$flagd": {"flagKey": "f"}}),
        lambda parting: parting.operator == "fractional" and _hashes_beyond_ascii(parting),
    ),
    Difference(
        "fractional looks at buckets that are not chosen",
        "A bucket's variant is judged once it is chosen, so that a bucket nobody is in spoils nothing.",
        (
            {"fractional": [[{"var": "tags"}, 0], ["b", 1]]},
            {"targetingKey": "u", "tags": [], "$flagd": {"flagKey": "f"}},
        ),
        lambda parting: (
            parting.operator == "fractional"
            and parting.theirs == {"plain": None}
            and any(
                isinstance(each, list) and each and isinstance(each[0], list | Mapping)
                for each in parting.operands
            )
        ),
    ),
    Difference(
        "sem_ver refuses numbers beyond 2**53",
        "A version's numbers have no largest one (semver.org, 2); node-semver stops at JavaScript's.",
        ({"sem_ver": [{"var": "version"}, ">", "1.0.0"]}, {"version": 2**53}),
        lambda parting: (
            parting.operator == "sem_ver"
            and parting.theirs == {"plain": None}
            and any(len(str(each)) >= 16 for each in parting.operands)
        ),
    ),
    Difference(
        "sem_ver forgives spaces around a full version",
        "A version has none (semver.org, 9 to 11), and flagd and PyPI's engine forgive none either; the peer "
        "forgives them only where no number is left out.",
        ({"sem_ver": [{"var": "version"}, "=", "1.2.3"]}, {"version": " 1.2.3 "}),
        lambda parting: (
            parting.operator == "sem_ver"
            and parting.ours == {"plain": None}
            and any(isinstance(each, str) and each != each.strip() for each in parting.operands)
        ),
    ),
    Difference(
        "a targeting key that is no text",
        "OpenFeature's targeting key is text. flagd has no bucket for anything else; the peer writes it as "
        "text.",
        ({"fractional": [["a", 1]]}, {"targetingKey": 7, "$flagd": {"flagKey": "f"}}),
        lambda parting: (
            parting.operator == "fractional"
            and isinstance(parting.operands[0], list)
            and not isinstance(parting.data.get("targetingKey"), str)
        ),
    ),
    Difference(
        "a list names a variant",
        "flagd looks for the list written as JSON, which no variant is called; the peer joins it as "
        "JavaScript does.",
        ({"merge": ["on"]}, {}),
        lambda parting: parting.operator == "result" and isinstance(parting.operands[0], list),
    ),
    Difference(
        "flagd's operators raise within a loop",
        "The engine hands them an item in place of the context. They see their operands in ours.",
        ({"map": [{"var": "tags"}, {"starts_with": [{"var": ""}, "a"]}]}, {"tags": ["ab"]}),
        lambda parting: parting.operator in OWN and "ogger" in parting.theirs.get("raised", ""),
    ),
)
