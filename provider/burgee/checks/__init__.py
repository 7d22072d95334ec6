"""Static checks: what is allowed but can hardly be meant. Each finding is a warning with its path."""

from __future__ import annotations

from collections.abc import Sequence

from burgee.checks.expiry import expired
from burgee.checks.finding import Finding
from burgee.checks.implication import Reasoning
from burgee.checks.overrides import idle_overrides, inactive, repeated_overrides, vain_removals
from burgee.checks.rules import idle_rules
from burgee.checks.targeting import odd_targeting
from burgee.checks.variants import idle_variants
from burgee.checks.weights import idle_weights
from burgee.layer import Layer
from burgee.snapshot import Snapshot

__all__ = ["Finding", "check"]


def check(layers: Sequence[Layer], snapshot: Snapshot, *, now: float) -> list[Finding]:
    """Check what layers compose to.

    What a later layer covers is not checked, and only what is certain from ``now`` on is reported.

    Args:
        layers: later ones lie on top.
        snapshot: what they compose to.
        now: seconds since the Unix epoch.

    Returns:
        At most one finding of each kind for each place.
    """
    findings = [*inactive(snapshot), *repeated_overrides(layers), *vain_removals(layers)]
    told = {finding.origin for finding in findings}
    for flag_set in snapshot.flag_sets.values():
        reasoning = Reasoning(flag_set.segments)
        for flag in flag_set.flags.values():
            findings += idle_rules(flag_set, flag, reasoning, now)
            unserved = list(idle_variants(flag_set, flag))
            never_served = {each.fault.path[-1] for each in unserved if each.check == "unused-variant"}
            findings += unserved
            findings += idle_weights(flag_set, flag, never_served)
            findings += odd_targeting(flag, never_served)
            findings += (each for each in idle_overrides(flag_set, flag) if each.origin not in told)
            findings += expired(flag_set, flag, now)
    return findings
