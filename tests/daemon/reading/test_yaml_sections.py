"""YAML read section by section is what the whole of it is, whatever was read before and was edited."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.fault import Path
from burgeed.reading import yaml_sections
from burgeed.reading.parsed import ParsedDocument
from burgeed.reading.yaml_document import parse_yaml
from burgeed.reading.yaml_sections import KeptSections, parse_sections

DOCUMENT = """\
# Of the shop.
metadata:
  flagSetId: shop   # the set

flags:
  # The first of all.
  new-checkout:
    variants: {on: true, off: false}
    rules:
      - when: {plan: pro}
        serve: on
    description: |
      Several lines,
        indented.

  banner:
    description: "a text
      of two lines"
    variants:
      a: plain text
        that goes on
      b: 'it''s'

# Between.
  "quoted key": {defaultVariant: off}
  dark: {}
overrides:
  environment:
    production:
      new-checkout: on
      dark: {variant: on,
        note: flow}
  customer:   # whom it is for
    c-1:
      dark: off
    "c 2": {dark: on}
segments:
    nordic:
        country: {in: [SE, NO]}
kill:
"""
LINES = [*DOCUMENT.splitlines(), "  dark: {owner: me}", "    dark: off", "c-1:"]
ODD_LINES = [
    *(
        "",
        "   ",
        "# note",
        "      # note",
        "---",
        "...",
        "- a",
        "  - a",
        "? a",
        ": b",
        "%YAML 1.1",
        "\t",
        "  \tx: 1",
    ),
    *(
        '  a: "open',
        "  a: 'open",
        "  a: [1,",
        "  a: {b: 1",
        ']"',
        "  a: |",
        "  a: >+",
        "    |",
        "text",
        "  more text",
    ),
    *(
        "  a: &x 1",
        "  b: *x",
        "  <<: {a: 1}",
        "  true: 1",
        "  1: 1",
        "  a: !!str 1",
        "{a: 1}",
        "'k': 1",
        '"k": 1',
    ),
    *(
        "  a:",
        "  a: 'b': c",
        "a : 1",
        "  a:1",
        "  a: 1 # c",
        "  a: 1# c",
        "  a: \x07",
        "# \x07",
        "  a: \ufeff",
    ),
    *(
        "  a: 99999999999999999999",
        "  a: .inf",
        "flags:",
        "flags: # here",
        "flags: {}",
        "flags: |",
        "\r",
        "  a: 1\r",
    ),
    *("  a: \u2028", "x" * 1100 + ": 1", "  " + "y" * 1100 + ": 1", "  a: \\", "  é: ü", " a: 1", "   a: 1"),
]


def edited(lines: list[str], random: Random) -> list[str]:
    """The lines after a few edits, as people and their mishaps make them."""
    lines = list(lines)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(lines) + 1)
        match random.randrange(8):
            case 0:
                lines[at:at] = [random.choice(ODD_LINES)]
            case 1:
                lines[at:at] = [random.choice(LINES)]
            case 2:
                del lines[at : at + random.choice((1, 1, 2, 5))]
            case 3:
                to = random.randrange(len(lines) + 1)
                moved = lines[at : at + random.choice((1, 2, 4))]
                lines[to:to] = moved
            case 4 if at < len(lines):
                lines[at] = " " * random.randrange(9) + lines[at].lstrip(" ")
            case 5 if at < len(lines) and lines[at]:
                cut = random.randrange(len(lines[at]))
                lines[at] = (
                    lines[at][:cut] + random.choice(("", *"\"'{}[]:#,|>&*!-? x\t")) + lines[at][cut + 1 :]
                )
            case 6:
                lines[at:at] = [f"  flag-{random.randrange(3)}: {{owner: {random.choice('ab')}}}"]
            case 7 if at < len(lines):
                lines[at] += random.choice((" ", " # c", "x", ":", "\r", ' "'))
    return lines


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """All paths of a document, and some that lead nowhere."""
    yield path
    yield (*path, "nowhere")
    yield (*path, 7, "x")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in items:
        yield from paths(each, (*path, step))


def places(parsed: ParsedDocument) -> list[Any]:
    """Where everything stands."""
    found, document = parsed.places(), parsed.document
    if document is None:
        return []
    return [
        (path, found.exact(path), found.nearest(path, "key"), found.nearest(path, "value"))
        for path in paths(document)
    ]


def assert_same(text: str, kept: KeptSections) -> bool:
    """That both readings have one outcome, to the last kind and column; whether it is a document."""
    content = text.encode()
    whole, by_sections = parse_yaml("f.yaml", content), parse_sections("f.yaml", content, kept)
    assert repr(by_sections.document) == repr(whole.document), text
    assert (by_sections.faults, by_sections.voids) == (whole.faults, whole.voids), text
    assert places(by_sections) == places(whole), text
    return not whole.faults


@settings(max_examples=int(os.environ.get("BURGEE_SECTION_EDITS", "40")), deadline=None, database=None)
@given(st.integers(0, 2**62))
def test_edited_text_is_read_as_the_whole_of_it_is(seed: int) -> None:
    random = Random(seed)
    kept = KeptSections()
    lines = DOCUMENT.split("\n")
    assert_same("\n".join(lines), kept)
    for _ in range(12):
        after = edited(lines, random)
        # What is broken stays so: the next edit is of what was sound.
        if assert_same("\n".join(after), kept) and random.random() < 0.5:
            lines = after


TRAPS = [
    "# \x07\nflags:\n  a: {}\n",
    "flags: # \x07\n  a: {}\n",
    "flags:\n  # \x07\n  a: {}\n",
    "flags:\n  # note\r  a: 1\n  b: 2\n",
    "true:\n  a: 1\n",
    "flags:\n  a: 1\n  a: 2\n",
    "flags:\n  a: 1\nflags:\n  b: 2\n",
    'flags:\n  a: "x\n  b: y"\n  c: 1\n',
    "flags:\n  a: [1,\n  b]\n  c: 1\n",
    "flags:\n  a: |+\n    x\n\n# end\n\n  b: 1\n",
    "flags:\n  a: x",
    "---\nflags:\n  a: 1\n---\nflags:\n  b: 1\n",
    "--- # one\nflags:\n  a: 1\n...\n",
    "flags:\n- a: 1\n- b: 2\n",
    "flags:\n  a:\n  - 1\n  b: 2\n",
    "text\n",
    "",
]


@pytest.mark.parametrize("text", TRAPS)
def test_what_could_deceive_is_read_as_the_whole_of_it_is(text: str) -> None:
    kept = KeptSections()
    for each in (text, DOCUMENT, text, text.replace("1", "3"), f"x: 1\n{text}"):
        assert_same(each, kept)


def parsed_of(text: str, kept: KeptSections, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the parser was given of a text."""
    given_texts: list[str] = []
    read = yaml_sections.read_text

    def noting(text: str, *rest: Any) -> Any:
        given_texts.append(text)
        return read(text, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(yaml_sections, "read_text", noting)
        patched.setattr(yaml_sections, "parse_yaml", lambda *_: pytest.fail("read as a whole"))
        parse_sections("f.yaml", text.encode(), kept)
    return given_texts


def test_only_the_sections_that_are_another_text_are_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = KeptSections()
    assert parsed_of(DOCUMENT, kept, monkeypatch)
    assert parsed_of(DOCUMENT, kept, monkeypatch) == []
    moved = f"# One line more.\n{DOCUMENT}".replace("  dark: {}", "  dark: {owner: me}")
    assert parsed_of(moved, kept, monkeypatch) == ["  dark: {owner: me}\n"]
    changed = moved.replace("      dark: off", "      dark: on")
    assert parsed_of(changed, kept, monkeypatch) == ["      dark: on\n"]
