"""JSON is read by RFC 8259, without the freedoms that parsers take."""

from __future__ import annotations

import pytest

from burgeed.reading.json_document import parse_json
from burgeed.reading.limits import FILE_SIZE_LIMIT
from tests.daemon.reading.planted import planted


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"a": 1, ▶"a": 2}', "line 1, column 2 already"),
        ('{"a": {"b": 1}, "c": [{"b": 1, ▶"b": 1}]}', "duplicate key `b`"),
        ('{"a": "x\\": 1", ▶"a": ":"}', "duplicate key `a`"),
        ('{"a": ▶NaN}', "no finite number"),
        ('{"a": ▶-Infinity}', "no finite number"),
        ('{"a": ▶1e999}', "no finite number"),
        ('{"a": ▶9223372036854775808}', "64 bit"),
        ('{"a": [▶-9223372036854775809]}', "64 bit"),
        ('{"a": ▶18446744073709551616}', "64 bit"),
        ('{"a": ▶' + "9" * 5000 + "}", "64 bit"),
        ('{"a": ▶"\\ud800"}', "half of a surrogate pair"),
        ('{▶"\\ude00a": 1}', "half of a surrogate pair"),
        ('{"a": ▶"\\u0000"}', "NUL"),
        ('{"a": "b▶\tc"}', "U+0009"),
        ('{"a": "b▶\\q"}', "unknown escape"),
        ('{"a": ▶True}', "`True` is not JSON"),
        ('{"a": ▶undefined}', "`undefined` is not JSON"),
        ('{"a": ▶014}', "`014` is not JSON"),
        ('{"a": ▶+1}', "`+1` is not JSON"),
        ('{"a": ▶.5}', "`.5` is not JSON"),
        ('{"a": ▶0x10}', "`0x10` is not JSON"),
        ("▶[1]", "a list, not a mapping"),
        (' ▶"a"', "a single value, not a mapping"),
        ("▶null", "holds no definition"),
        ("▶", "the file is empty"),
    ],
)
def test_a_trap_is_one_fault_at_its_place(text: str, part: str) -> None:
    content, expected = planted(text)
    faults = parse_json("a.json", content).faults
    assert [(each.line, each.column) for each in faults] == expected, faults
    assert part in faults[0].message
    assert faults[0].remedy


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"a": 1,\n▶}', "remove the comma before"),
        ('{"a": [1, ▶]}', "a value is expected"),
        ('{"a": 1\n ▶"b": 2}', "a `,` or a `}` is expected, for the `{` of line 1"),
        ('{"a" ▶1}', "a `:` is expected"),
        ("{▶'a': 1}", "double quotes"),
        ("{\"a\": ▶'b'}", "double quotes"),
        ("{▶a: 1}", "double quotes"),
        ('{"a": ▶"b\n}', "no closing quote"),
        ('{"a": 1} ▶{}', "text after the end"),
        ('▶// note\n{"a": 1}', "no comments"),
        ('{"a": 1 ▶/* note */}', "no comments"),
        ('{"a": {"b": 1▶', "the file ends here"),
        ("{▶", "the file ends here"),
        ('{"a": ▶“b”}', "double quotes"),
    ],
)
def test_broken_syntax_is_placed_and_has_a_remedy(text: str, part: str) -> None:
    content, expected = planted(text)
    parsed = parse_json("a.json", content)
    assert parsed.document is None
    assert [(each.line, each.column) for each in parsed.faults] == expected, parsed.faults
    assert part in f"{parsed.faults[0].message}; {parsed.faults[0].remedy}"


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b\\": {", "c\\\\": ":", "": {"a": {}}, "d" : [], "e"\n:\t1}',
        '{"a": "1234567890123456789012345", "b": 9223372036854775807, "c": 123456789012345678901234.5}',
        '{"\\u0061\\"": "\\ud83d\\ude00", "b": "\\\\u0000", "\\u2028": "\u2028\x7f"}',
        '{"a": -0, "b": -0.0, "c": 1E+2, "d": true, "e": null, "f": 1.0}',
    ],
)
def test_the_fast_and_the_slow_way_read_the_same(text: str) -> None:
    import json

    from burgeed.reading.json_scanner import scan
    from burgeed.reading.parsed import Findings
    from burgeed.reading.place import LinePositions

    parsed = parse_json("a.json", text.encode())
    findings = Findings("a.json")
    scanned, _ = scan(text, LinePositions(text), findings)
    assert (parsed.faults, findings.faults) == ((), [])
    assert repr(parsed.document) == repr(scanned) == repr(json.loads(text))


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_a_fault() -> None:
    largest = b'{"flags": {}}'.ljust(FILE_SIZE_LIMIT)
    assert parse_json("a.json", largest).document == {"flags": {}}
    (fault,) = parse_json("a.json", largest + b" ").faults
    assert "larger than 16 MiB" in fault.message


def test_sixty_four_levels_are_read_and_one_more_is_a_fault() -> None:
    assert parse_json("a.json", b'{"a": ' + b"[" * 63 + b"]" * 63 + b"}").faults == ()
    (fault,) = parse_json("a.json", b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}").faults
    assert (fault.line, fault.column) == (1, 70)
    assert "deeper than 64" in fault.message
