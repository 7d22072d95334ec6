"""One fault planted at every depth of a document, in each format: its line and column are exact."""

from __future__ import annotations

import pytest

from tests.daemon.reading.planted import faults_of, planted, positions_of

YAML = {
    "a field of the root": ("unknown field `flagz`", "flags: {a: {}}\n▶flagz: {}\n"),
    "a value of the metadata": ("metadata `owner`", "metadata:\n  flagSetId: shop\n  owner: ▶[a, b]\n"),
    "a field of a level": (
        "unknown field `atribute`",
        "hierarchy:\n  - level: team\n    attribute: team\n    ▶atribute: x\n",
    ),
    "a field of a flag": ("`defaultVariant`?", "flags:\n  a:\n    state: ENABLED\n    ▶defaultVarient: on\n"),
    "a variant's value": ("on", "flags:\n  a:\n    variants:\n      on: ▶.nan\n      off: 1.5\n"),
    "a field of a rule": (
        "unknown field `sreve`",
        "flags:\n  a:\n    rules:\n      - serve: on\n        ▶sreve: off\n",
    ),
    "an operator in a block": (
        "unknown operator `inn`",
        "flags:\n  a:\n    rules:\n    - when:\n        plan:\n          ▶inn: [pro]\n      serve: on\n",
    ),
    "an operator in a flow mapping": (
        "unknown operator `inn`",
        "flags:\n  a:\n    rules: [{when: {plan: {▶inn: [pro]}}, serve: on}]\n",
    ),
    "a condition in a list of conditions": (
        "a condition is a string",
        "flags:\n a:\n  rules:\n  - when:\n     any:\n     - {plan: pro}\n     - ▶pro\n    serve: on\n",
    ),
    "an item of a flow sequence": (
        "a list equals nothing",
        "flags: {a: {rules: [{when: {country: {in: [SE, ▶[1]]}}, serve: on}]}}\n",
    ),
    "the variant of a rule": (
        "unknown variant",
        "flags:\n  é😀:\n    rules:\n      - {name: 😀, serve: ▶maybe}\n",
    ),
    "an override's field": (
        "unknown field `lok`",
        "flags: {a: {}}\noverrides:\n  customer:\n    c-1:\n      a: {variant: on, ▶lok: true}\n",
    ),
    "a kill's flag": ("`b`", "flags: {a: {}}\nkill:\n  ▶b: off\n"),
    "a segment": ("a condition is empty", "segments:\n  nordic: ▶{}\n"),
    "a duplicate key in a block": ("duplicate key `a`", "flags:\n  a: {}\n  b: {}\n  ▶a: {}\n"),
    "a duplicate key in a flow mapping": (
        "duplicate key",
        "flags: {a: {variants: {on: true, off: false, ▶on: true}}}\n",
    ),
    "a duplicate key of the root": ("line 1, column 1", "flags: {a: {}}\n▶flags: {b: {}}\n"),
}

JSON = {
    "a field of the root": ("unknown field `flagz`", '{"flags": {"a": {}},\n ▶"flagz": {}}'),
    "a field of a flag": (
        "`defaultVariant`?",
        '{"flags": {"a": {\n  "state": "ENABLED",\n  ▶"defaultVarient": "on"}}}',
    ),
    "a variant's value": ("NaN", '{"flags": {"a": {"variants": {"on": ▶NaN, "off": 1.5}}}}'),
    "a field of a rule": (
        "`sreve`",
        '{"flags": {"a": {"rules": [\n\t{"serve": "on"},\n\t{"serve": "on", ▶"sreve": 1}]}}}',
    ),
    "an operator": (
        "`inn`",
        '{"flags": {"a": {"rules": [{"when": {"plan": {▶"inn": ["pro"]}}, "serve": "on"}]}}}',
    ),
    "a condition in an array": (
        "a condition is a string",
        '{"flags": {"a": {"rules": [{"when": {"any": [{"plan": "pro"}, ▶"pro"]}, "serve": "on"}]}}}',
    ),
    "an item of an array": (
        "a list equals nothing",
        '{"flags": {"a": {"rules": [{"when": {"country": {"in": ["SE",\r\n ▶[1]]}}, "serve": "on"}]}}}',
    ),
    "the variant of a rule after text beyond the BMP": (
        "unknown variant",
        '{"flags": {"é😀": {"rules": [{"name": "\\ud83d\\ude00 😀", "serve": ▶"maybe"}]}}}',
    ),
    "an override's field": (
        "`lok`",
        '{"flags": {"a": {}}, "overrides": {"customer": {"c-1": {"a": {"variant": "on", ▶"lok": true}}}}}',
    ),
    "a duplicate key": ("duplicate key `a`", '{"flags": {"a": {},\n  "b": {},\n  ▶"a": {}}}'),
    "a duplicate key written differently": ("duplicate key `a`", '{"flags": {"a": {}, ▶"\\u0061": {}}}'),
    "a duplicate key of the root": ("line 1, column 2", '{"flags": {},\n▶"flags": {}}'),
    "a duplicate key in an array": (
        "duplicate key `serve`",
        '{"flags": {"a": {"rules": [{"serve": "on"}, {"serve": "on", ▶"serve": "off"}]}}}',
    ),
}

TOML = {
    "a field of the root": ("unknown field `flagz`", "▶flagz = 1\n[flags.a]\n"),
    "a table of the root": ("unknown field `flagz`", "[flags.a]\n[▶flagz]\n"),
    "a field of a flag": ("`defaultVariant`?", '[flags.a]\nstate = "ENABLED"\n▶defaultVarient = "on"\n'),
    "a dotted field of a flag": (
        "`defaultVariant`?",
        '[flags]\na.state = "ENABLED"\na.▶defaultVarient = "on"\n',
    ),
    "a variant's value": ("nan", "[flags.a.variants]\non = ▶nan\noff = 1.5\n"),
    "a field of a rule": (
        "`sreve`",
        '[flags.a]\n[[flags.a.rules]]\nserve = "on"\n[[flags.a.rules]]\nserve = "on"\n▶sreve = 1\n',
    ),
    "an operator in a table of a rule": (
        "`inn`",
        '[[flags.a.rules]]\nserve = "on"\n[flags.a.rules.when.plan]\n▶inn = ["pro"]\n',
    ),
    "an operator in an inline table": (
        "`inn`",
        '[[flags.a.rules]]\nserve = "on"\nwhen = {plan = {▶inn = ["pro"]}}\n',
    ),
    "a condition in an array": (
        "a condition is a string",
        '[[flags.a.rules]]\nserve = "on"\nwhen.any = [\n  {plan = "pro"}, # a plan\n  ▶"pro",\n]\n',
    ),
    "an item of an array": (
        "a list equals nothing",
        '[[flags.a.rules]]\nserve = "on"\nwhen = {country = {in = ["SE", ▶[1]]}}\n',
    ),
    "the variant of a rule after text beyond the BMP": (
        "unknown variant",
        '[["flags"."é😀".rules]]\nname = "😀"\nserve = ▶"maybe"\n["flags"."b"]\n',
    ),
    "an override's field in an inline table": (
        "`lok`",
        '[flags.a]\n[overrides.customer.c-1]\na = {variant = "on", ▶lok = true}\n',
    ),
    "an override's field in a table": (
        "`lok`",
        '[flags.a]\n[overrides.customer."c 1".a]\nvariant = "on"\r\n▶lok = true\n',
    ),
    "a duplicate key": ("duplicate key `state`", '[flags.a]\nstate = "ENABLED"\n▶state = "DISABLED"\n'),
    "a duplicate key in an inline table": (
        "duplicate key `on`",
        "[flags.a]\nvariants = {on = true, off = false, ▶on = true}\n",
    ),
    "a duplicate table": ("duplicate key `a`", "[flags.a]\n[flags.b]\n[flags.▶a]\n"),
    "a table that is a value already": (
        "duplicate key `variants`",
        "[flags.a]\nvariants = {on = true}\n[flags.a.▶variants]\n",
    ),
    "a duplicate dotted key": ("duplicate key `on`", "[flags.a]\nvariants.on = true\nvariants.▶on = false\n"),
    "a list of tables that is a value already": (
        "duplicate key `rules`",
        "[flags.a]\nrules = []\n[[flags.a.▶rules]]\n",
    ),
    "a local date": ("without a time", "[flags.a]\nexpires = ▶2026-12-31\n"),
}

CASES = [
    pytest.param(file, part, text, id=f"{file[1:]}: {name}")
    for file, cases in ((".yaml", YAML), (".json", JSON), (".toml", TOML))
    for name, (part, text) in cases.items()
]


@pytest.mark.parametrize(("ending", "part", "text"), CASES)
def test_a_planted_fault_is_the_only_one_and_has_its_exact_position(
    ending: str, part: str, text: str
) -> None:
    content, expected = planted(text)
    faults = faults_of(f"flags{ending}", content)
    assert positions_of(faults) == expected, faults
    assert part in str(faults[0])
    assert faults[0].file == f"flags{ending}"


@pytest.mark.parametrize("ending", [".yaml", ".json", ".toml"])
def test_a_byte_order_mark_moves_no_column(ending: str) -> None:
    cases = {".yaml": YAML, ".json": JSON, ".toml": TOML}[ending]
    content, expected = planted(cases["a field of the root"][1])
    assert positions_of(faults_of(f"flags{ending}", b"\xef\xbb\xbf" + content)) == expected


def test_a_position_counts_characters_and_not_bytes() -> None:
    fault = faults_of("flags.yaml", "flags: {é😀: {x: 1}}\n".encode())[0]
    assert (fault.line, fault.column) == (1, 14)


def test_a_missing_field_is_placed_at_the_key_of_what_lacks_it() -> None:
    content, expected = planted("hierarchy:\n  - ▶level: customer\n")
    assert positions_of(faults_of("flags.yaml", content)) == expected
