"""One climb down the ladder for one flag: the order of ``docs/definition.md``, and a trace on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from burgee.answer import Answer, Tell, default_answer, override_answer, serve, summary
from burgee.chains import REQUIRES_DEPTH_LIMIT, chain_lengths, is_within_limit
from burgee.context import Context, identifier
from burgee.expression import Expression
from burgee.flag import ApplyRules, Flag, Level, Origin, Override, Patch
from burgee.patching import Remembered, patched_answer
from burgee.resolution import Reason
from burgee.ruling import RuleList, first_match
from burgee.snapshot import KILL, NONE_INACTIVE, FlagSet, InactiveByPlace
from burgee.targeting import target
from burgee.value import shown
from burgee.verdict import no_identifier


class Climb:
    """Evaluates flags of one set for one context at one instant.

    Args:
        context: with the fixed attributes laid over it.
        now: seconds since the Unix epoch.
        tell: hears of every rung; None saves the work of putting it into words.
        required: variants of prerequisites found so far; None for no variant.
        chains: of :func:`chain_lengths`, for the flag asked and all beneath it; found where left out.
        inactive: by level and scope, what layers say of the flag asked that leads nowhere; only told of.
    """

    __slots__ = ("chains", "context", "flag_set", "inactive", "now", "required", "tell")

    def __init__(
        self,
        flag_set: FlagSet,
        context: Context,
        now: float,
        tell: Tell | None = None,
        required: dict[str, str | None] | None = None,
        chains: Mapping[str, int] | None = None,
        inactive: InactiveByPlace = NONE_INACTIVE,
    ) -> None:
        self.flag_set = flag_set
        self.context = context
        self.now = now
        self.tell = tell
        self.required = {} if required is None else required
        self.chains = chains
        self.inactive = inactive

    def answer(self, flag: Flag) -> Answer:
        """Climb for one flag."""
        if not flag.enabled:
            self._say("flag", "answers", "state is DISABLED: the caller's default", flag.origin, True)
            return Answer(Reason.DISABLED, "default")
        self._say("flag", "passes", f"{flag.flag_type} flag, enabled", flag.origin)
        killed = self._kill(flag)
        if killed is not None:
            return killed
        unmet = self.unmet(flag)
        if unmet is not None:
            return unmet
        locked, fixed_patches, limit = self._locks(flag)
        remembered: list[Remembered] = []
        answer = locked
        if answer is None:
            answer = self._levels(flag, remembered) or self._rules_or_default(flag)
        elif self.tell:
            for level in self.flag_set.hierarchy[:limit]:
                self._say(level.name, "dropped", f"locked by {answer.source}", None)
        return self._patched(answer, [*reversed(remembered), *reversed(fixed_patches)])

    def _say(
        self, name: str, outcome: str, detail: str, origin: Origin | None, decided: bool = False
    ) -> None:
        if self.tell:
            self.tell(name, outcome, detail, origin, decided)

    def _kill(self, flag: Flag) -> Answer | None:
        kill = self.flag_set.kills.get(flag.key)
        if kill is None:
            inactive = self.inactive.get((KILL, ""))
            if inactive is None:
                self._say("kill", "passes", "not killed", None)
            else:
                self._say("kill", "passes", f"the kill is inactive: {inactive.why}", inactive.override.origin)
            return None
        if kill.variant is None:
            self._say("kill", "answers", "killed to the caller's default", kill.origin, True)
            return Answer(Reason.DISABLED, "kill")
        self._say("kill", "answers", f"killed to {kill.variant}", kill.origin, True)
        return serve(flag, kill.variant, Reason.STATIC, "kill")

    def unmet(self, flag: Flag) -> Answer | None:
        """Answer for a flag one of whose prerequisites is not met; None where all are."""
        if not flag.requires:
            return None
        if self.chains is None:
            self.chains = chain_lengths(self.flag_set, flag)
        for key, variant in flag.requires:
            within = is_within_limit(self.chains, key)
            got = self._variant_of(key) if within else None
            if got != variant:
                what = f"it is {got or 'not answered'}"
                if not within:
                    what = f"it stands on a chain of more than {REQUIRES_DEPTH_LIMIT}"
                detail = f"requires {key} to be {variant}, {what}"
                self._say("requires", "answers", detail, flag.origin.below("requires", key), True)
                return replace(default_answer(flag), requires=key)
        self._say("requires", "passes", "all are met", flag.origin.below("requires"))
        return None

    def _variant_of(self, flag_key: str) -> str | None:
        flag = self.flag_set.flags.get(flag_key)
        if flag is None:
            return None
        if flag_key not in self.required:
            quiet = Climb(self.flag_set, self.context, self.now, required=self.required, chains=self.chains)
            self.required[flag_key] = quiet.answer(flag).variant
        return self.required[flag_key]

    def _active(self, flag: Flag, level: Level) -> tuple[str, Override] | None:
        of_flag = self.flag_set.overrides.get(flag.key)
        of_level = of_flag.get(level.name) if of_flag else None
        given = self.context.get(level.attribute)
        scope = identifier(given)
        override = of_level.get(scope) if of_level and scope is not None else None
        if scope is None or override is None:
            if self.tell:
                self._say_none(level, given, scope, has_overrides=bool(of_level))
            return None
        if not override.window.holds(self.now):
            self._say(
                level.name,
                "passes",
                f"the override for {shown(scope)} is outside its window",
                override.origin,
            )
            return None
        return scope, override

    def _say_none(self, level: Level, given: object, scope: str | None, *, has_overrides: bool) -> None:
        """Say why a level has no active override for this context."""
        inactive = None if scope is None else self.inactive.get((level.name, scope))
        if inactive is not None:
            detail = f"the override for {shown(scope)} is inactive: {inactive.why}"
            self._say(level.name, "passes", detail, inactive.override.origin)
        elif not has_overrides:
            self._say(level.name, "passes", "no override of this flag", None)
        elif scope is None:
            self._say(level.name, "passes", no_identifier(level.attribute, given, "no scope"), None)
        else:
            self._say(level.name, "passes", f"no override for {shown(scope)}", None)

    def _say_levels_missing(self) -> None:
        """Tell of overrides on levels that the hierarchy lacks, by the attributes of the levels' names."""
        levels = {level.name for level in self.flag_set.hierarchy}
        for (name, scope), each in self.inactive.items():
            if name not in levels and name != KILL and scope == identifier(self.context.get(name)):
                detail = f"the override for {shown(scope)} is inactive: {each.why}"
                self._say(name, "passes", detail, each.override.origin)

    def _locks(self, flag: Flag) -> tuple[Answer | None, list[Remembered], int]:
        """Look for locks, the most general first.

        Returns:
            The locking answer if there is one, the locked patches from the most general on, and how many of
            the most specific levels a lock drops.
        """
        patches: list[Remembered] = []
        if flag.key not in self.flag_set.locked:
            return None, patches, 0
        quiet = Climb(self.flag_set, self.context, self.now)
        for index in range(len(self.flag_set.hierarchy) - 1, -1, -1):
            level = self.flag_set.hierarchy[index]
            found = quiet._active(flag, level)
            if found is None or not found[1].lock:
                continue
            scope, override = found
            if isinstance(override.effect, Patch):
                patches.append(Remembered(level.name, scope, override.effect.patch, override.origin))
                detail = f"{shown(scope)} fixes {shown(override.effect.patch)}"
                self._say(f"lock {level.name}", "remembered", detail, override.origin)
                continue
            answer = quiet._override(flag, level, scope, override)
            if answer is not None:
                detail = f"{shown(scope)} locks: {summary(answer)}"
                self._say(f"lock {level.name}", "answers", detail, override.origin, True)
                return answer, patches, index
            self._say(f"lock {level.name}", "passes", f"no rule of {shown(scope)} matches", override.origin)
        return None, patches, 0

    def _levels(self, flag: Flag, remembered: list[Remembered]) -> Answer | None:
        self._say_levels_missing()
        for level in self.flag_set.hierarchy:
            found = self._active(flag, level)
            if found is None:
                continue
            scope, override = found
            if isinstance(override.effect, Patch):
                if not override.lock:
                    remembered.append(Remembered(level.name, scope, override.effect.patch, override.origin))
                    detail = f"{shown(scope)} patches {shown(override.effect.patch)}"
                    self._say(level.name, "remembered", detail, override.origin)
                continue
            answer = self._override(flag, level, scope, override)
            if answer is not None:
                self._say(level.name, "answers", f"{shown(scope)}: {summary(answer)}", override.origin, True)
                return answer
            self._say(level.name, "passes", f"no rule of {shown(scope)} matches", override.origin)
        return None

    def _override(self, flag: Flag, level: Level, scope: str, override: Override) -> Answer | None:
        match override.effect:
            case ApplyRules(rules):
                return self.first_match(RuleList(flag, rules, level.name, scope, override.origin))
            case _:
                return override_answer(flag, level.name, override)

    def _rules_or_default(self, flag: Flag) -> Answer:
        answer = self.first_match(RuleList(flag, flag.rules, "default", None, flag.origin))
        if answer is not None:
            return answer
        if flag.targeting is not None:
            answer = self._targeting(flag, flag.targeting)
            if answer is not None:
                return answer
        answer = default_answer(flag)
        self._say("default", "answers", summary(answer), flag.origin.below("defaultVariant"), True)
        return answer

    def _targeting(self, flag: Flag, targeting: Expression) -> Answer | None:
        answer, detail, branch = target(flag, targeting, self.flag_set, self.context, self.now)
        origin = flag.origin.below("targeting", *branch)
        self._say("targeting", "passes" if answer is None else "answers", detail, origin, answer is not None)
        return answer

    def first_match(self, listed: RuleList) -> Answer | None:
        """Answer with the first of these rules that matches, if any does."""
        return first_match(listed, self.flag_set, self.context, self.now, self.tell)

    def _patched(self, answer: Answer, patches: list[Remembered]) -> Answer:
        if not patches or not answer.has_value or not isinstance(answer.value, Mapping):
            return answer
        for each in patches:
            self._say("patch", "applied", f"{each.level} {shown(each.scope)} applied", each.origin)
        return patched_answer(self.flag_set.hierarchy, answer, patches)
