"""What is over, and what every finding has."""

from __future__ import annotations

from tests.core.checks.checking import NOW, findings, serve, told


def test_what_is_over_is_found_from_its_last_instant_on() -> None:
    until = "2026-03-01T00:00:00Z"
    document = {
        "flags": {
            "f": {
                "defaultVariant": "off",
                "expires": "2026-02-28",
                "rules": [serve("on", when={"x": 1}, until=until), serve("on", when={"y": 1})],
            }
        },
        "overrides": {
            "customer": {
                "c-1": {"f": {"variant": "on", "until": until}},
                "c-2": {"f": {"variant": "on", "expires": "2026-02-28T23:00:00-01:00"}},
                "c-3": {"f": {"rules": [serve("on", until=until)]}},
            }
        },
        "kill": {"f": {"variant": "off", "expires": "2026-02-28"}},
    }
    where = "overrides.customer"
    assert told(document, now=NOW) == [
        ("expired", "flags.f.expires"),
        ("expired-window", "flags.f.rules[0].until"),
        ("expired", "kill.f.expires"),
        ("expired-window", f"{where}.c-1.f.until"),
        ("expired", f"{where}.c-2.f.expires"),
        ("expired-window", f"{where}.c-3.f.rules[0].until"),
    ]
    assert told(document, now=NOW - 1) == []


def test_every_finding_is_a_warning_with_a_remedy_a_path_and_a_file() -> None:
    documents = [
        {"flags": {"f": {"rules": [serve("on"), serve("off")]}, "g": {}}},
        {"overrides": {"customer": {"c-1": {"h": "on"}}}},
    ]
    found = findings(*documents)
    assert len(found) == 4
    for each in found:
        fault = each.fault
        assert fault.severity == "warning" and fault.remedy and fault.path and fault.file
