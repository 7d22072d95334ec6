"""How npm's @openfeature/flagd-core 4.0.1 differs, by the engine in it: json-logic-engine 5.0.7."""

from __future__ import annotations

from collections.abc import Mapping

from tests.core.differential.engine_of_npm import (
    COMPARED,
    LOOPS,
    REFUSED,
    coerces_like_unary_plus,
    compares_what_it_computed,
    folds_what_is_no_number,
    folds_what_raises,
    hashes_beyond_ascii,
    is_spliced_bare,
    looks_into_what_is_false,
    nan_raises,
    rewrites_a_sum,
    takes_a_list_for_operands,
)
from tests.core.differential.replay import OWN
from tests.core.differential.whole_flags import Difference

DIFFERENCES = (
    Difference(
        "NaN raises",
        "JavaScript and json-logic-js go on with NaN and Infinity: what does not compare is false. The "
        "engine raises (GENERAL), or refuses the flag where it folds a constant (PARSE_ERROR).",
        ({"==": [{"var": "seats"}, "many"]}, {"seats": 3}),
        nan_raises,
    ),
    Difference(
        "a comparison with what a rule computed",
        "json-logic-js compares what the rule gave. The engine's code has one variable for the left side of "
        "all comparisons and for what `var`, `and`, `or`, `all` and `missing_some` find, so that a rule on "
        "the right side overwrites what it is compared with: two numbers are taken for NaN, null for 0.",
        ({"==": [0, {"reduce": [{"var": "tags"}, {"var": "accumulator"}, 0]}]}, {"tags": []}),
        compares_what_it_computed,
    ),
    Difference(
        "a constant that is no number refuses the flag",
        "A branch that is never taken cannot spoil a flag. Division by a constant 0 refuses it too.",
        ({"map": [{"var": "none"}, {"*": [{"var": "total"}, "x"]}]}, {}),
        lambda parting: parting.theirs.get("raised") == REFUSED and folds_what_is_no_number(parting.logic),
    ),
    Difference(
        "a loop over what is no list raises",
        "json-logic-js takes it for the empty list.",
        ({"map": [{"var": "plan"}, {"var": ""}]}, {"plan": "pro"}),
        lambda parting: (
            parting.raised and parting.operator in LOOPS and not isinstance(parting.operands[0], list)
        ),
    ),
    Difference(
        "a constant part refuses the flag",
        "A branch that is never taken cannot spoil a flag.",
        ({"if": [{"var": "on"}, {"map": ["x", {"var": ""}]}, 1]}, {}),
        lambda parting: parting.theirs.get("raised") == REFUSED and folds_what_raises(parting.logic),
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
            parting.operator in LOOPS and not isinstance(parting.operands[0], list) and not parting.raised
        ),
    ),
    Difference(
        "what is empty, 0 or false, and what is inside it",
        "json-logic-js finds nothing inside an empty text, 0 or false; the engine gives the value itself.",
        ({"map": [["a", "", False], {"var": "email.length"}]}, {}),
        looks_into_what_is_false,
    ),
    Difference(
        "one operand that is a list stands for the operands",
        "json-logic-js takes every list with an item for true, and no number from a list of several. The "
        "engine looks at the items where the list is constant, and within an if without else.",
        ({"if": [{"!!": [{"var": "tags"}]}, {"var": "plan"}]}, {"tags": [0, 1], "plan": "pro"}),
        takes_a_list_for_operands,
    ),
    Difference(
        "a sum of a constant list begins with a number",
        "json-logic-js begins with what the rule says. The engine makes one addition or multiplication of a "
        "`reduce` over a constant list, and within an `if` without else, and reads every operand as a number "
        "first.",
        ({"reduce": [[], {"+": [{"var": "accumulator"}, {"var": "current"}]}, None]}, {}),
        rewrites_a_sum,
    ),
    Difference(
        "min and max refuse what is no number",
        "json-logic-js coerces as Math.min does.",
        ({"max": [{"var": "absent"}]}, {}),
        lambda parting: (
            parting.operator in ("min", "max")
            and parting.theirs.get("raised") in ("[object Object]", REFUSED)
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
        coerces_like_unary_plus,
    ),
    Difference(
        "cat writes null",
        "json-logic-js joins as Array.prototype.join does: null is empty.",
        ({"cat": ["a", {"var": "absent"}]}, {}),
        lambda parting: parting.operator == "cat" and None in parting.operands,
    ),
    Difference(
        "cat of what a rule computed",
        "json-logic-js joins whatever it is given into one text. The engine writes the code of `and`, `or`, "
        "`all`, `missing` and `missing_some` without brackets beside what stands around it.",
        ({"cat": [1, {"missing_some": [0, ["plan"]]}]}, {}),
        lambda parting: (
            parting.operator == "cat"
            and not parting.raised
            and any(map(is_spliced_bare, parting.logic.get("cat", [])))
        ),
    ),
    Difference(
        "null equals 0 and false",
        "JavaScript's == and json-logic-js: null equals nothing but null.",
        ({"==": [{"var": "seats"}, 0]}, {}),
        lambda parting: parting.operator in COMPARED and None in parting.operands and not parting.raised,
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
        lambda parting: parting.operator == "fractional" and hashes_beyond_ascii(parting),
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
