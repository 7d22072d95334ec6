"""Rules that nobody can reach: found where it is certain, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.checks.checking import of_rules, serve
from tests.support.strategies import INSTANTS

FIRST = "flags.f.rules[0]"
SECOND = "flags.f.rules[1]"


@pytest.mark.parametrize(
    "first",
    [
        serve(),
        {"split": {"a": 1, "b": 1}},
        serve(**{"from": "2026-01-01T00:00:00Z"}),
        {"ramp": {"variant": "a", "start": INSTANTS[0], "complete": "2026-02-01T00:00:00Z"}},
    ],
)
def test_a_rule_after_one_that_answers_everyone_is_never_reached(first: Any) -> None:
    assert of_rules(first, serve("b", when={"plan": "pro"})) == [("unreachable-rule", SECOND)]


@pytest.mark.parametrize(
    "first",
    [
        serve(when={"plan": "free"}),
        {"split": {"a": 1, "b": 1}, "by": "customer"},
        serve(**{"from": "2026-04-01T00:00:00Z"}),
        serve(until="2026-04-01T00:00:00Z"),
        {"ramp": {"variant": "a", "start": INSTANTS[0], "complete": INSTANTS[3]}},
    ],
)
def test_a_rule_after_one_that_lets_some_pass_is_reached(first: Any) -> None:
    assert of_rules(first, serve("b", when={"plan": "pro"})) == []


IMPLIED = [
    ({"plan": "pro"}, {"plan": "pro"}),
    ({"plan": "pro", "beta": True}, {"plan": "pro"}),
    ({"plan": ["pro", "free"]}, {"plan": ["free", "pro", "team"]}),
    ({"plan": "pro"}, {"any": [{"beta": True}, {"plan": "pro"}]}),
    ({"any": [{"plan": "pro"}, {"plan": "free"}]}, {"plan": ["pro", "free"]}),
    ({"seats": {"gte": 10}}, {"seats": {"gt": 5}}),
    ({"seats": {"gt": 5}}, {"seats": {"gte": 5}}),
    ({"seats": {"lt": 5}}, {"seats": {"lte": 5}}),
    ({"seats": 7}, {"seats": {"gte": 5, "lt": 10}}),
    ({"seats": {"gte": 10}}, {"seats": {"exists": True}}),
    ({"email": {"ends_with": "@a.example.com"}}, {"email": {"ends_with": "example.com"}}),
    ({"email": {"starts_with": "root@"}}, {"email": {"contains": "@"}}),
    ({"country": {"in_region": "NORDICS"}}, {"not": {"country": "JP"}}),
    ({"country": {"in_region": "BENELUX"}}, {"country": {"in_region": "EU"}}),
    ({"joined": {"after": INSTANTS[1]}}, {"joined": {"after": INSTANTS[0]}}),
    ({"joined": {"before": INSTANTS[0]}}, {"joined": {"before": INSTANTS[1]}}),
    ({"plan": {"exists": False}}, {"plan": {"is_not": "pro"}}),
    ({"plan": {"not_in": ["pro", "free"]}}, {"plan": {"is_not": "pro"}}),
    ({"not": {"any": [{"plan": "pro"}, {"beta": True}]}}, {"not": {"beta": True}}),
    ({"segment": "paying"}, {"segment": "paying"}),
    ({"segment": "large"}, {"segment": "paying"}),
    ({"segment": "large"}, {"seats": {"gte": 100}}),
    ({"version": "2.3.0"}, {"version": {"semver": ">=2"}}),
    ({"ip": "10.1.2.3"}, {"ip": {"ip_in": "10.0.0.0/8"}}),
    ({"plan": "prosumer"}, {"plan": {"matches": "^pro"}}),
    ({"version": {"semver": ">=3"}}, {"version": {"semver": ">=2"}}),
    ({"version": {"semver": ">2.0.0 <=2.5.0"}}, {"version": {"semver": ">=2.0.0"}}),
    ({"version": {"semver": "^2.3 || 4.1.0"}}, {"version": {"semver": ">=2.1.0 <3 || >=4"}}),
    ({"version": {"semver": ">2.0.0"}}, {"version": {"semver": "!=2.0.0"}}),
    ({"ip": {"ip_in": "10.1.0.0/16"}}, {"ip": {"ip_in": "10.0.0.0/8"}}),
    ({"ip": {"ip_in": ["10.1.2.3", "2001:db8:1::/48"]}}, {"ip": {"ip_in": ["2001:db8::/32", "10.1.2.0/24"]}}),
    ({"ip": {"ip_in": "::ffff:10.1.0.0/112"}}, {"ip": {"ip_in": "10.0.0.0/8"}}),
]
UNRELATED = [
    ({"plan": "pro"}, {"plan": "pro", "beta": True}),
    ({"plan": ["pro", "free"]}, {"plan": "pro"}),
    ({"plan": 1}, {"plan": "1"}),
    ({"plan": 1}, {"plan": True}),
    ({"seats": {"gte": 5}}, {"seats": {"gt": 5}}),
    ({"seats": {"is_not": 5}}, {"any": [{"seats": {"lt": 5}}, {"seats": {"gt": 5}}]}),
    ({"not": {"seats": {"lt": 5}}}, {"seats": {"gte": 5}}),
    ({"plan": {"is_not": "pro"}}, {"plan": {"exists": True}}),
    ({"any": [{"plan": "pro"}, {"beta": True}]}, {"plan": "pro"}),
    ({"segment": "paying"}, {"segment": "large"}),
    ({"country": {"in_region": "EU"}}, {"country": {"in_region": "NORDICS"}}),
    ({"email": {"contains": "@"}}, {"email": {"exists": False}}),
    ({"version": {"semver": ">=2"}}, {"version": {"semver": ">=3"}}),
    ({"version": {"semver": ">=2.0.0"}}, {"version": {"semver": ">2.0.0"}}),
    ({"version": {"semver": ">=2.0.0"}}, {"version": {"semver": ">=2.0.0 <3"}}),
    ({"version": {"semver": ">=2 || 1.0.0"}}, {"version": {"semver": ">=2"}}),
    ({"version": {"semver": "<=2.0.0"}}, {"version": {"semver": "!=2.0.0"}}),
    ({"ip": {"ip_in": "10.0.0.0/8"}}, {"ip": {"ip_in": "10.1.0.0/16"}}),
    ({"ip": {"ip_in": ["10.1.0.0/16", "11.0.0.0/16"]}}, {"ip": {"ip_in": "10.0.0.0/8"}}),
    ({"ip": {"ip_in": "10.0.0.0/8"}}, {"ip": {"ip_in": "::/0"}}),
]
SEGMENTS = {
    "paying": {"plan": ["pro", "team"]},
    "large": {"all": [{"segment": "paying"}, {"seats": {"gte": 250}}]},
}


@pytest.mark.parametrize(("later", "earlier"), IMPLIED)
def test_a_rule_whose_condition_implies_an_earlier_one_is_shadowed(later: Any, earlier: Any) -> None:
    assert of_rules(serve(when=earlier), serve("b", when=later), segments=SEGMENTS) == [
        ("shadowed-rule", SECOND)
    ]


@pytest.mark.parametrize(("later", "earlier"), UNRELATED)
def test_a_rule_whose_condition_does_not_imply_an_earlier_one_is_not(later: Any, earlier: Any) -> None:
    assert of_rules(serve(when=earlier), serve("b", when=later), segments=SEGMENTS) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [{"plan": "pro"}, {"plan": "free"}]},
        {"plan": "pro", "not": {"plan": {"starts_with": "p"}}},
        {"seats": {"gte": 10, "lt": 10}},
        {"all": [{"seats": {"gt": 3}}, {"seats": {"starts_with": "3"}}]},
        {"plan": {"exists": False, "contains": "x"}},
        {"all": [{"joined": {"after": INSTANTS[1]}}, {"joined": {"before": INSTANTS[0]}}]},
    ],
)
def test_a_rule_whose_condition_contradicts_itself_is_never_reached(condition: Any) -> None:
    assert of_rules(serve(when=condition)) == [("unreachable-rule", FIRST)]


@pytest.mark.parametrize(
    "condition",
    [
        {"seats": {"gte": 10, "lte": 10}},
        {"all": [{"plan": {"contains": "x"}}, {"plan": {"starts_with": "y"}}]},
        {"plan": {"exists": False}, "not": {"plan": "pro"}},
        {"not": {"any": [{"seats": {"lt": 3}}, {"seats": {"gte": 3}}]}},
    ],
)
def test_a_rule_whose_condition_somebody_meets_is_reached(condition: Any) -> None:
    assert of_rules(serve(when=condition)) == []


def test_a_shadowing_rule_shadows_only_what_lies_within_its_window() -> None:
    window = {"from": "2026-04-01T00:00:00Z", "until": "2026-05-01T00:00:00Z"}
    later = serve("b", when={"plan": "pro"}, **window)
    earlier = {"when": {"plan": "pro"}, "serve": "a", "from": "2026-03-15T00:00:00Z"}
    assert of_rules(earlier, later) == [("shadowed-rule", SECOND)]
    assert of_rules({**earlier, "until": "2026-04-15T00:00:00Z"}, later) == []


def test_rules_of_an_override_are_looked_at_like_those_of_the_flag() -> None:
    rules = [serve(), serve("b")]
    document = {"overrides": {"customer": {"c-1": {"f": {"rules": rules}}}}}
    found = of_rules(serve("b", when={"plan": "pro"}), **document)
    assert found == [("unreachable-rule", "overrides.customer.c-1.f.rules[1]")]


def test_a_rule_whose_window_lies_outside_its_overrides_window_is_never_reached() -> None:
    rule = serve("b", **{"from": "2026-06-01T00:00:00Z"})
    override = {"rules": [rule], "until": "2026-05-01T00:00:00Z"}
    found = of_rules(serve(when={"plan": "pro"}), overrides={"customer": {"c-1": {"f": override}}})
    assert found == [("unreachable-rule", "overrides.customer.c-1.f.rules[0]")]
    override["until"] = "2026-07-01T00:00:00Z"
    assert of_rules(serve(when={"plan": "pro"}), overrides={"customer": {"c-1": {"f": override}}}) == []


def test_a_ramp_that_starts_after_its_rules_window_serves_nobody() -> None:
    ramp = {"ramp": {"variant": "a", "start": "2026-06-01T00:00:00Z", "complete": INSTANTS[3]}}
    assert of_rules({**ramp, "until": "2026-05-01T00:00:00Z"}) == [("idle-ramp", FIRST)]
    assert of_rules({**ramp, "until": "2026-06-02T00:00:00Z"}) == []
