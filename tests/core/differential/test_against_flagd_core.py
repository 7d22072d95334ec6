"""flagd documents answered by other engines: whole flags, with value, variant, reason and error code.

An answer that differs has to be explained: by the innermost expressions that the two compute differently,
each with a name and a reason (docs/adr/0010-targeting-where-engines-disagree.md), and json-logic-js on our
side in each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from burgee import evaluate
from burgee.definition import read
from burgee.snapshot import FlagSet
from tests.core.differential.comparison import count, seeded, snapshot_of
from tests.core.differential.differences_npm import DIFFERENCES as OF_NPM
from tests.core.differential.differences_pypi import DIFFERENCES as OF_PYPI
from tests.core.differential.differences_pypi import REFUSALS
from tests.core.differential.peers import Peer, Question, flagd_core_of_npm, flagd_core_of_pypi, same
from tests.core.differential.replay import Parting, evaluated, partings
from tests.core.differential.whole_flags import Compared, Difference, agree, compare, name_of
from tests.support.daemon import REPOSITORY
from tests.support.targeting_contexts import NOON

PAIRS = 1000
SEED = 20_261_120
"""The default run is the same each time; how peers err in rare cases is for the long run to find."""
ADR = REPOSITORY / "docs" / "adr" / "0010-targeting-where-engines-disagree.md"


@pytest.fixture(scope="module")
def npm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with flagd_core_of_npm(tmp_path_factory.mktemp("flagd-core")) as peer:
        yield peer


@pytest.fixture(scope="module")
def pypi() -> Iterator[Peer]:
    with flagd_core_of_pypi() as peer:
        yield peer


@pytest.fixture(scope="module")
def judge(request: pytest.FixtureRequest) -> Peer | None:
    """json-logic-js, where there is Node."""
    try:
        found: Peer = request.getfixturevalue("npm")
    except pytest.skip.Exception:
        return None
    return found


def check(compared: Compared, seed: int, share: float) -> None:
    if compared.unknown:
        pytest.fail("\n".join([f"not known, with BURGEE_SEED={seed}:", *compared.unknown]))
    assert compared.equal >= share * compared.pairs
    print(
        f"{compared.pairs} pairs with BURGEE_SEED={seed}, {compared.equal} equal; "
        f"parted by {dict(compared.named)}"
    )


def test_flags_are_answered_as_by_flagd_core_of_npm_but_for_known_differences(npm: Peer) -> None:
    seed, random = seeded(SEED)
    check(compare(npm, random, PAIRS, OF_NPM, fractional=2), seed, 0.6)


def test_flags_are_answered_as_by_flagd_core_of_pypi_but_for_known_differences(
    pypi: Peer, judge: Peer | None
) -> None:
    seed, random = seeded(SEED)
    compared = compare(pypi, random, PAIRS, OF_PYPI, fractional=3, refusals=REFUSALS, judge=judge)
    check(compared, seed, 0.9)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_flags_are_answered_as_by_both_but_for_known_differences(npm: Peer, pypi: Peer) -> None:
    seed, random = seeded()
    pairs = count("BURGEE_PEER_PAIRS", 100_000)
    check(compare(npm, random, pairs, OF_NPM, fractional=2), seed, 0.6)
    compared = compare(pypi, random, pairs, OF_PYPI, fractional=3, refusals=REFUSALS, judge=npm)
    check(compared, seed, 0.9)


def parted(difference: Difference, peer: Peer, judge: Peer | None, fractional: int) -> list[Parting]:
    """The partings of a difference's example."""
    logic, data = difference.example
    flag = {"state": "ENABLED", "variants": {"a": "a"}, "targeting": logic}
    expression = read({"flags": {"f": flag}}).flags["f"].targeting
    assert expression is not None
    flag_set = FlagSet(fractional_version=3 if fractional == 3 else 2)
    return partings(evaluated(flag_set, "f", expression, data, NOON), "f", peer, NOON, judge)


def check_example(
    difference: Difference, differences: Sequence[Difference], peer: Peer, judge: Peer | None, fractional: int
) -> None:
    found = parted(difference, peer, judge, fractional)
    if not found:
        # The two agree on what the rule gives, and part over the variant that this names.
        logic, data = difference.example
        flag = {"state": "ENABLED", "variants": {"on": 1, "1": 2}, "targeting": logic}
        snapshot = snapshot_of({"flags": {"f": flag}})
        answers = peer.flags({"flags": {"f": flag}}, [Question("f", "integer", data)], NOON)
        assert not isinstance(answers, str)
        assert not agree(evaluate(snapshot, "f", data, now=NOON), answers[0])
        return
    assert {name_of(each, differences) for each in found} == {difference.name}
    assert all(each.reference is None or same(each.ours, each.reference) for each in found)


@pytest.mark.parametrize("difference", OF_NPM, ids=lambda each: each.name)
def test_a_difference_from_npm_shows_itself(difference: Difference, npm: Peer) -> None:
    check_example(difference, OF_NPM, npm, None, 2)


@pytest.mark.parametrize("difference", OF_PYPI, ids=lambda each: each.name)
def test_a_difference_from_pypi_shows_itself(difference: Difference, pypi: Peer, judge: Peer | None) -> None:
    check_example(difference, OF_PYPI, pypi, judge, 3)


@pytest.mark.parametrize("difference", [*OF_NPM, *OF_PYPI], ids=lambda each: each.name)
def test_every_difference_stands_in_the_decision_record(difference: Difference) -> None:
    assert f"**{difference.name}**" in Path(ADR).read_text(encoding="utf-8")
