"""Why an override or a kill leads nowhere: it stays inactive where layers, each sound by itself, meet."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from burgee.flag import ApplyRules, Flag, Kill, Override, Patch, Ramp, Rule, Serve, ServeValue, ServeVariant
from burgee.patch import has_type, unfit_patch
from burgee.value import kind_name


def why_override_inactive(override: Override, flag: Flag | None, levels: Container[str]) -> str:
    """Say why, or return an empty text where the override is active.

    Args:
        flag: the one that the override is of; None where there is none.
        levels: names of the hierarchy's.
    """
    if override.level not in levels:
        return f"the hierarchy has no level {override.level}"
    effect = override.effect
    rules = effect.rules if isinstance(effect, ApplyRules) else ()
    variants = [effect.variant] if isinstance(effect, ServeVariant) else variants_of(rules)
    why = _missing(override.flag_key, flag, variants)
    if why or flag is None:
        return why
    if isinstance(effect, ServeValue) and not has_type(effect.value, flag.flag_type):
        return f"its value is {kind_name(effect.value)}, the flag's type is {flag.flag_type}"
    if isinstance(effect, Patch):
        unfit = unfit_patch(effect.patch, flag)
        return unfit[1] if unfit else ""
    return ""


def why_kill_inactive(kill: Kill, flag: Flag | None) -> str:
    """Say why, or return an empty text where the kill is effective."""
    return _missing(kill.flag_key, flag, [kill.variant] if kill.variant is not None else [])


def unknown_variant(flag: Flag) -> str | None:
    """The first variant that a flag's default or one of its rules names and that it does not have."""
    default = [] if flag.default_variant is None else [flag.default_variant]
    return next((name for name in (*default, *variants_of(flag.rules)) if name not in flag.variants), None)


def variants_of(rules: Iterable[Rule]) -> Iterator[str]:
    """The names of the variants that rules lead to."""
    for rule in rules:
        if isinstance(rule.outcome, Serve | Ramp):
            yield rule.outcome.variant
        else:
            yield from (variant for variant, _ in rule.outcome.weights)


def _missing(flag_key: str, flag: Flag | None, variants: Iterable[str]) -> str:
    if flag is None:
        return f"there is no flag {flag_key}"
    unknown = next((variant for variant in variants if variant not in flag.variants), None)
    return "" if unknown is None else f"flag {flag_key} has no variant {unknown}"
