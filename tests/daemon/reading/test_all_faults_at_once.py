"""A document with ten faults gets ten, whichever stage finds them."""

from __future__ import annotations

import pytest

from burgee.errors import DefinitionError
from burgeed.reading.limits import FAULT_LIMIT
from burgeed.reading.messages import SourceFile
from burgeed.reading.source_files import read_files
from tests.daemon.reading.planted import faults_of, planted, positions_of

YAML = """\
metadata: {version: ▶&v "1"}
▶flagz: {}
segments:
  nordic: {country: {▶inn: [SE]}}
flags:
  first:
    variants: {on: ▶!!bool true, off: false}
    description: ▶*v
    ▶description: twice
  second:
    rules:
      - {when: {▶true: yes}, serve: on}
      - {when: {seats: {gt: ▶99999999999999999999}}, serve: on}
      - {when: {segment: ▶nordisk}, serve: on}
  ▶first: {}
"""

JSON = """\
{
  "metadata": {"version": ▶["1"]},
  ▶"flagz": {},
  "segments": {"nordic": {"country": {▶"inn": ["SE"]}}},
  "flags": {
    "first": {
      "variants": {"on": true, "off": false, ▶"on": true},
      "description": ▶"half \\ud83d"
    },
    "second": {
      "rules": [
        {"when": {"seats": {"lt": ▶NaN}}, "serve": "on"},
        {"when": {"seats": {"gt": ▶99999999999999999999}}, "serve": "on"},
        {"when": {"segment": ▶"nordisk"}, "serve": "on"},
        {"when": {"beta": ▶True}, "serve": "on"}
      ]
    },
    ▶"first": {}
  }
}
"""

TOML = """\
▶flagz = 1
[metadata]
version = ▶["1"]
[segments]
nordic = {country = {▶inn = ["SE"]}}
[flags.first]
variants = {on = true, off = false, ▶on = true}
expires = ▶2026-12-31
[flags.second]
[[flags.second.rules]]
serve = "on"
when.seats.lt = ▶inf
[[flags.second.rules]]
serve = "on"
when = {seats = {gt = ▶99999999999999999999}}
[[flags.second.rules]]
serve = "on"
when.segment = ▶"nordisk"
[[flags.second.rules]]
serve = "on"
▶serve = "off"
[flags.▶first]
"""


@pytest.mark.parametrize(("file", "text"), [("a.yaml", YAML), ("a.json", JSON), ("a.toml", TOML)])
def test_ten_planted_faults_are_reported_as_exactly_ten_in_order(file: str, text: str) -> None:
    content, expected = planted(text)
    assert len(expected) == 10
    assert positions_of(faults_of(file, content)) == expected


def test_what_only_a_duplicate_holds_is_neither_missed_nor_missing() -> None:
    content, expected = planted(
        "flags:\n  a: {requires: {b: on}}\n▶flags:\n  b: {▶sate: ENABLED}\nkill: {b: off}\n"
    )
    assert positions_of(faults_of("a.yaml", content)) == expected


def test_the_faults_of_all_files_come_in_the_order_of_files() -> None:
    files = [
        SourceFile("b.yaml", b"flags: {one: {stat: ENABLED}}\n"),
        SourceFile("a.json", b'{"flags": {"two": {}, "one": {}}}'),
        SourceFile("c.toml", b"flagz = 1\n"),
    ]
    with pytest.raises(DefinitionError) as caught:
        read_files("source", files)
    found = [(fault.file, fault.line, fault.column) for fault in caught.value.faults]
    assert found == [("b.yaml", 1, 15), ("a.json", 1, 23), ("c.toml", 1, 1)]


def in_files(*texts: str) -> list[tuple[str | None, str]]:
    """The faults of files named a.yaml, b.yaml and so on: file and message."""
    files = [SourceFile(f"{chr(97 + at)}.yaml", text.encode()) for at, text in enumerate(texts)]
    with pytest.raises(DefinitionError) as caught:
        read_files("source", files)
    return [(fault.file, fault.message) for fault in caught.value.faults]


BROKEN = "flags: {two: {\n"


@pytest.mark.parametrize(
    "refers",
    [
        "flags: {one: {requires: {two: on}}}",
        "flags: {one: {rules: [{when: {segment: two}, serve: on}]}}",
        "{flags: {one: {}}, overrides: {tenant: {t-1: {one: on}}}}",
        "{flags: {one: {}}, overrides: {environment: {production: {two: on}}}}",
        "{flags: {one: {}}, overrides: {customer: {c-1: {one: {variant: on, lock: true}}}}}",
        "{flags: {one: {}}, kill: {two: on}}",
    ],
)
def test_a_broken_file_makes_no_reference_from_another_file_look_wrong(refers: str) -> None:
    assert [file for file, _ in in_files(refers, BROKEN)] == ["b.yaml"]


def test_a_broken_file_hides_no_fault_of_another_that_it_cannot_mend() -> None:
    faulty = "flags: {one: {defaultVariant: purple, sate: ENABLED}, three: {requires: {two: on, one: blue}}}"
    assert [(file, message) for file, message in in_files(faulty, BROKEN) if file == "a.yaml"] == [
        ("a.yaml", "unknown variant `purple`"),
        ("a.yaml", "unknown field `sate`"),
        ("a.yaml", "unknown variant `blue`"),
    ]
    assert [file for file, _ in in_files(faulty, BROKEN)][-1] == "b.yaml"


def test_a_flag_whose_key_is_taken_or_missing_is_read_for_its_own_faults() -> None:
    listed = (
        "flags: [{key: a, defaultVariant: on}, {key: a, defaultVariant: onn}, {defaultVariant: of},"
        " {key: a, variants: {x: 1}, defaultVariant: x}]"
    )
    assert [message for _, message in in_files(listed)] == [
        "flag `a` stands in a.yaml already",
        "unknown variant `onn`",
        "a flag in a list lacks `key`",
        "unknown variant `of`",
        "flag `a` stands in a.yaml already",
    ]


def test_warnings_come_with_the_errors_and_alone_refuse_nothing() -> None:
    warned = b"flags: {a: {variants: {big: 9007199254740993}}}\n"
    layer, warnings = read_files("source", [SourceFile("a.yaml", warned)])
    assert [(each.severity, each.line, each.column) for each in warnings] == [("warning", 1, 29)]
    assert layer.definitions[0].flags.keys() == {"a"}
    faults = faults_of("a.yaml", warned + b"flags: {}\n")
    assert [each.severity for each in faults] == ["warning", "error"]


@pytest.mark.parametrize(
    ("planted_faults", "reported"), [(FAULT_LIMIT, FAULT_LIMIT), (FAULT_LIMIT + 1, FAULT_LIMIT)]
)
def test_a_report_is_bounded_and_says_how_much_it_leaves_out(planted_faults: int, reported: int) -> None:
    fields = "".join(f"x{number}: 1\n" for number in range(planted_faults))
    faults = faults_of("a.yaml", fields.encode())
    assert len(faults) == reported
    left_out = planted_faults - FAULT_LIMIT + 1
    assert faults[-1].message.startswith("unknown field" if left_out == 1 else f"there are {left_out} more")
