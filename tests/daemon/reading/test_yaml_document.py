"""YAML is read by the 1.2 core schema, and what a composed document would hide is a fault."""

from __future__ import annotations

import pytest

from burgeed.reading.yaml_document import parse_yaml
from tests.daemon.reading.planted import planted

KEPT = [
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("No", "No"),
    ("y", "y"),
    ("true", True),
    ("TRUE", True),
    ("False", False),
    ("tRUE", "tRUE"),
    ('"true"', "true"),
    ("null", None),
    ("~", None),
    ("", None),
    ("NULL", None),
    ("nULL", "nULL"),
    ("014", 14),
    ("0o14", 12),
    ("0x1F", 31),
    ("-0x1F", "-0x1F"),
    ("+7", 7),
    ("-0", 0),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("12:30:45", "12:30:45"),
    ("2026-11-20", "2026-11-20"),
    ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"),
    ("1.0", 1.0),
    ("1.", 1.0),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("+.5e-1", 0.05),
    (".", "."),
    ("1e", "1e"),
    ("-", "-"),
    ("=", "="),
    (".infinity", ".infinity"),
    ("nan", "nan"),
    ("9223372036854775807", 9223372036854775807),
    ("-9223372036854775808", -9223372036854775808),
    ("000000000000000000000000000001", 1),
    ("'it''s'", "it's"),
    ('"\\U0001F600"', "😀"),
    ("|\n  two\n  lines\n", "two\nlines\n"),
]


@pytest.mark.parametrize(("written", "value"), [case for case in KEPT if case[0] != "-"])
def test_a_scalar_means_what_the_core_schema_says(written: str, value: object) -> None:
    parsed = parse_yaml("a.yaml", f"key: {written}\n".encode())
    assert parsed.faults == ()
    assert parsed.document is not None
    found = parsed.document["key"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: ▶.inf", "no finite number"),
        ("a: ▶-.INF", "no finite number"),
        ("a: ▶.NaN", "no finite number"),
        ("a: ▶1e999", "no finite number"),
        ("a: ▶9223372036854775808", "64 bit"),
        ("a: ▶-9223372036854775809", "64 bit"),
        ("a: ▶0xFFFFFFFFFFFFFFFF", "64 bit"),
        ("a: [1, ▶" + "9" * 5000 + "]", "64 bit"),
        ("a: ▶&x 1", "anchor `&x`"),
        ("▶&x a: 1", "anchor `&x`"),
        ("a: ▶&x\n  b: 1", "anchor `&x`"),
        ("a: ▶*x", "alias `*x`"),
        ("? ▶*x\n: 1", "alias `*x`"),
        ("a: ▶!!str 5", "tag `!!str`"),
        ("a: ▶!local 5", "tag `!local`"),
        ("a: ▶! 5", "tag `!`"),
        ("a: ▶!!set {b: }", "tag `!!set`"),
        ("▶!!map {a: 1}", "tag `!!map`"),
        ("▶<<: {a: 1}", "merge keys"),
        ("b:\n  ▶<<: [*x, *y]\n  a: 1", "merge keys"),
        ("▶1: x", "`1` is a number"),
        ("a: {▶true: x}", "`true` is a boolean"),
        ("a:\n  ▶~: x", "`~` is null"),
        ("?▶ \n: x", "is null"),
        ("? ▶[a, b]\n: x", "a key is a list"),
        ("? ▶{a: b}\n: {c: d}", "a key is a mapping"),
        ("a: 1\nb: {}\n▶a: 2", "line 1, column 1 already"),
        ("a: {b: 1, ▶'b': 2}", "duplicate key `b`"),
        ("a: 1\n▶---\nb: 2", "a second document"),
        ("a: 1\n...\n▶---\n", "a second document"),
        ("▶%YAML 1.1\n---\na: on", "YAML 1.1"),
        ('a: ▶"\\0"', "NUL"),
        ('▶"a\\0": 1', "NUL"),
        ("▶- a\n- b", "a list, not a mapping"),
        ("▶flags", "a single value, not a mapping"),
        ("▶# nothing\n", "holds no definition"),
        ("▶", "the file is empty"),
        ("▶ \n\n", "the file is empty"),
        ("---\n▶~\n", "holds no definition"),
    ],
)
def test_a_trap_is_one_fault_at_its_place(text: str, part: str) -> None:
    content, expected = planted(text)
    faults = parse_yaml("a.yaml", content).faults
    assert [(each.line, each.column) for each in faults] == expected, faults
    assert part in faults[0].message
    assert faults[0].remedy


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a:\n▶\tb: 1", "spaces"),
        ("a: ▶@b", "in quotes"),
        ("a: b▶: c", "in quotes"),
        ("a: [1, 2\nb▶: 3\n", "comma"),
        ('a: "b\n▶', "close the quotes"),
        ('a: "▶\\q"', "double the backslash"),
        ('a: "\\u▶d83d\\ude00"', "write the character itself"),
        ("a:\n  b: 1\n ▶c: 2", "indentation"),
        ("a: ▶\x07", "U+0007"),
        ("é: ▶\x7f", "U+007F"),
        ("a: b▶\u2028c", "U+2028"),
        ("a: 1 # note▶\x85b: 2", "U+0085"),
    ],
)
def test_broken_syntax_is_placed_and_has_a_remedy(text: str, part: str) -> None:
    content, expected = planted(text)
    parsed = parse_yaml("a.yaml", content)
    assert parsed.document is None
    assert [(each.line, each.column) for each in parsed.faults] == expected, parsed.faults
    assert part in f"{parsed.faults[0].message}; {parsed.faults[0].remedy}"


def test_what_was_found_before_broken_syntax_is_reported_with_it() -> None:
    content, expected = planted("a: ▶&x 1\n▶a: 2\nb: [▶}\n")
    assert [(each.line, each.column) for each in parse_yaml("a.yaml", content).faults] == expected


def test_an_alias_of_a_scalar_still_stands_for_it_and_that_of_a_list_does_not() -> None:
    parsed = parse_yaml("a.yaml", b"a: &x 1.5\nb: *x\nc: &y [1]\nd: *y\n")
    assert parsed.document == {"a": 1.5, "b": 1.5, "c": [1], "d": None}
    assert len(parsed.faults) == 4


@pytest.mark.parametrize(
    ("content", "position", "part"),
    [
        (b"a: 1\nb: \xc3\xa9\xff\n", (2, 5), "0xff is not UTF-8"),
        (b"\xef\xbb\xbfa: \xed\xa0\x80", (1, 4), "not UTF-8"),
        (b"a: 1\n\xc3", (2, 1), "not UTF-8"),
        (b"a: \x00", (1, 4), "NUL"),
        ("a: 1".encode("utf-16"), (1, 1), "UTF-16"),
    ],
)
def test_bytes_that_are_no_text_are_placed(content: bytes, position: tuple[int, int], part: str) -> None:
    (fault,) = parse_yaml("a.yaml", content).faults
    assert (fault.line, fault.column) == position
    assert part in fault.message


def test_sixty_four_levels_are_read_and_one_more_is_a_fault() -> None:
    assert parse_yaml("a.yaml", b"a: " + b"[" * 63 + b"]" * 63).faults == ()
    (fault,) = parse_yaml("a.yaml", b"a: " + b"[" * 64 + b"]" * 64).faults
    assert (fault.line, fault.column) == (1, 67)
    (fault,) = parse_yaml("a.yaml", b"? " + b"[" * 65 + b"]" * 65).faults[1:]
    assert "deeper than 64" in fault.message
