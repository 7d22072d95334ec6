"""TOML is read by tomllib's rules; what no answer can carry is a fault."""

from __future__ import annotations

import pytest

from burgeed.reading.toml_document import parse_toml
from tests.daemon.reading.planted import planted


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("1", 1),
        ("+1_000", 1000),
        ("0xff", 255),
        ("0o17", 15),
        ("0b11", 3),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        ("-0.0", -0.0),
        ('"\\u00e9\\t"', "é\t"),
        ("'C:\\new'", "C:\\new"),
        ('"""\ntwo\nlines"""', "two\nlines"),
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("2026-12-01 01:02:03.5+02:00", "2026-12-01T01:02:03.500000+02:00"),
        ("[1, 'a', {b = 1.5}]", [1, "a", {"b": 1.5}]),
        ("9223372036854775807", 9223372036854775807),
    ],
)
def test_a_value_is_the_same_whether_or_not_a_fault_stands_beside_it(written: str, value: object) -> None:
    fast = parse_toml("a.toml", f"a = {written}\n".encode())
    slow = parse_toml("a.toml", f"a = {written}\nb = nan\n".encode())
    assert fast.faults == ()
    assert fast.document is not None
    assert slow.document is not None
    assert repr(fast.document["a"]) == repr(value) == repr(slow.document["a"])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a = ▶nan", "no finite number"),
        ("a = [▶-inf]", "no finite number"),
        ("a = {b = ▶+inf}", "no finite number"),
        ("a = ▶1e999", "no finite number"),
        ("a = ▶2026-12-01", "a date without a time"),
        ("a = ▶10:00:00", "a time without a date"),
        ("a = ▶2026-12-01T00:00:00", "a date-time without an offset"),
        ("a = ▶9223372036854775808", "64 bit"),
        ("a = ▶-0xFFFFFFFFFFFFFFFF".replace("-", ""), "64 bit"),
        ("a = ▶" + "9" * 5000, "64 bit"),
        ('a = ▶"\\u0000"', "NUL"),
        ('[x]\n▶"a\\u0000" = 1', "NUL"),
        ("a = 1\n▶a = 2", "line 1, column 1 already"),
        ("'é' = 'é' # é\n▶'é' = 2", "duplicate key `é`"),
        ("'a b' = 1\n▶\"a b\" = 2", "duplicate key `a b`"),
        ("a.b.c = 1\na.b.▶c = 2", "duplicate key `c`"),
        ("a = {b = 1, ▶b = 2}", "duplicate key `b`"),
        ("a = {b.c = 1, b.▶c = 2}", "duplicate key `c`"),
        ("[a]\n[b]\n[▶a]", "line 1, column 2 already"),
        ("[[a]]\nb = 1\n▶b = 2\n[[a]]\nb = 1", "duplicate key `b`"),
        ("[a]\n[[▶a]]", "duplicate key `a`"),
        ("[[a]]\n[▶a]", "duplicate key `a`"),
        ("a = []\n[[▶a]]", "duplicate key `a`"),
        ("a = {}\n[▶a.b]", "duplicate key `a`"),
        ("a = 1\n[▶a.b.c]", "duplicate key `a`"),
        ("[a.b]\nc = 1\n[a]\n▶b.d = 2", "duplicate key `b`"),
        ("▶# nothing\n", "holds no definition"),
        ("▶", "the file is empty"),
    ],
)
def test_a_trap_is_one_fault_at_its_place(text: str, part: str) -> None:
    content, expected = planted(text)
    faults = parse_toml("a.toml", content).faults
    assert [(each.line, each.column) for each in faults] == expected, faults
    assert part in faults[0].message
    assert faults[0].remedy


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a =▶ ", "in quotes"),
        ("a = ▶on", "in quotes"),
        ("a = 1 ▶b = 2", "new line"),
        ("b = 1\na ▶= 'é\nb = 1", "close the quotes"),
        ("b = 1\n▶a = '''é\nb = 1", "close the quotes"),
        ('b = 1\n▶a = """é\nb = 1', "close the quotes"),
        ('a = "é▶\nb = 1', "close the quotes"),
        ("a ▶1", "key = value"),
        ("[a▶\n", "Expected ']'"),
        ("a = [1 ▶2]", "commas"),
        ("▶é b = 1", "quote keys"),
        ("a = ▶True", "small letters"),
        ("a = 1\n▶a = 1\nb =▶ ", "the syntax is broken here"),
    ],
)
def test_broken_syntax_is_placed_and_has_a_remedy(text: str, part: str) -> None:
    content, expected = planted(text)
    parsed = parse_toml("a.toml", content)
    assert parsed.document is None
    assert [(each.line, each.column) for each in parsed.faults] == expected, parsed.faults
    assert part in f"{parsed.faults[-1].message}; {parsed.faults[-1].remedy}"


def test_sixty_four_levels_are_read_and_one_more_is_a_fault() -> None:
    assert parse_toml("a.toml", b"a = " + b"[" * 63 + b"]" * 63).faults == ()
    (fault,) = parse_toml("a.toml", b"a = " + b"[" * 64 + b"]" * 64).faults
    assert (fault.line, fault.column) == (1, 68)
    assert parse_toml("a.toml", b"a." * 63 + b"a = 1").faults == ()
    (fault,) = parse_toml("a.toml", b"a." * 64 + b"a = 1").faults
    assert "deeper than 64" in fault.message
    assert parse_toml("a.toml", b"[" + b"a." * 62 + b"a]\na = 1").faults == ()
    (fault,) = parse_toml("a.toml", b"[" + b"a." * 64 + b"a]\na = 1").faults
    assert "deeper than 64" in fault.message


def test_dots_inside_a_text_are_no_depth() -> None:
    parsed = parse_toml("a.toml", b"a = '" + b"." * 500 + b"'")
    assert parsed.faults == ()
    assert parsed.document == {"a": "." * 500}
