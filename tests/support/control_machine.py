"""A machine that writes, restarts and lets time pass, and compares every answer with the plain model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from burgee.instant import instant_text
from tests.support.control_model import CONTEXTS, FILE, FLAGS, OWN, SCOPES, VARIANTS, Model, composed


class Answer(NamedTuple):
    """What a driver says of a write.

    Attributes:
        slug: of the refusal; empty where it was done.
        revision: the one of the write, or the present one.
    """

    slug: str
    revision: int


class Driver(Protocol):
    """Drives a control plane over :data:`FILE`; each machine is given a fresh one."""

    def write(self, command: Mapping[str, Any]) -> Answer:
        """Carry out a command of :class:`ControlMachine`'s."""
        ...

    def evaluate(self, context: Mapping[str, Any]) -> Mapping[str, tuple[str | None, Any]]:
        """Flag key -> (variant, value) for every flag there is; None for none and for the code's default."""
        ...

    def revision(self) -> int:
        """The present one."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let the wall's time pass."""
        ...

    def restart(self) -> None:
        """Stop it in an orderly way and start it again."""
        ...

    def kill(self) -> None:
        """End it at once and start it again."""
        ...

    def close(self) -> None:
        """End it for good."""
        ...


def _overrides(flag: str) -> st.SearchStrategy[Any]:
    variants = st.sampled_from(VARIANTS[flag])
    plain: list[st.SearchStrategy[Any]] = [
        variants,
        variants.map(lambda variant: {"variant": variant, "lock": True}),
        st.just({"state": "DISABLED"}),
        variants.map(lambda variant: {"rules": [{"when": {"tester": True}, "serve": variant}]}),
    ]
    if flag == "limits":
        plain.append(
            st.sampled_from([{"patch": {"seats": 5}}, {"patch": {"deep": {"beta": True}}, "lock": True}])
        )
    return st.one_of(plain)


_places = st.sampled_from([(level, scope) for level, scopes in SCOPES.items() for scope in scopes])
_flags = st.sampled_from(FLAGS)
_own_documents = st.sampled_from(
    [
        {"defaultVariant": "on"},
        {"variants": {"on": True, "off": False, "extra": True}, "defaultVariant": "extra"},
        {"defaultVariant": "off", "state": "DISABLED"},
    ]
)
_file_documents = {
    "switch": {"variants": {"on": True, "off": False}, "defaultVariant": "on"},
    "colour": {"variants": {"red": "R", "green": "G"}, "defaultVariant": "green"},
    "limits": {"variants": FILE["flags"]["limits"]["variants"], "defaultVariant": "big"},
    "dependent": {"defaultVariant": "off"},
    "stopped": FILE["flags"]["stopped"],
}


@st.composite
def _items(draw: st.DrawFn) -> dict[str, Any]:
    flag, (level, scope) = draw(_flags), draw(_places)
    document = draw(st.none() | _overrides(flag))
    return {"flag": flag, "level": level, "scope": scope, "document": document}


class ControlMachine(RuleBasedStateMachine):
    """Writes, restarts and the passing of time; after each, every answer is the model's.

    Subclasses set ``make_driver``. Commands are mappings with ``verb``: ``create replace delete toggle
    rollout kill revive set many reset clear rollback``; ``dry_run``, ``break_glass`` and ``if_match`` may
    stand beside their arguments.
    """

    make_driver: Callable[[], Driver]

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.driver = type(self).make_driver()

    def teardown(self) -> None:
        if hasattr(self, "driver"):
            self.driver.close()

    def write(self, **command: Any) -> None:
        slug, entries = self.model.planned(command)
        answer = self.driver.write(command)
        assert answer.slug == slug, (command, answer)
        if slug or command.get("dry_run"):
            assert self.driver.revision() == self.model.revision
        elif answer.revision != self.model.revision:
            assert answer.revision == self.model.revision + 1, (command, answer)
            self.model.past.append(entries)
        else:
            assert composed(entries) == composed(self.model.entries), command

    @rule(item=_items(), dry_run=st.booleans(), break_glass=st.booleans())
    def set_or_remove_an_override(self, item: dict[str, Any], dry_run: bool, break_glass: bool) -> None:
        self.write(verb="set", **item, dry_run=dry_run and break_glass, break_glass=break_glass)

    @rule(item=_items(), seconds=st.sampled_from([5, 60]))
    def set_an_override_with_an_end(self, item: dict[str, Any], seconds: int) -> None:
        if isinstance(item["document"], dict):
            document = {**item["document"], "until": instant_text(self.model.now + seconds)}
            self.write(verb="set", **{**item, "document": document})

    @rule(
        place=_places, flag=_flags, note=st.sampled_from(["x", None]), variant=st.sampled_from(["on", "red"])
    )
    def patch_an_override(self, place: tuple[str, str], flag: str, note: str | None, variant: str) -> None:
        present = self.model.entries.get(("override", flag, *place), {})
        if present.keys() <= {"variant", "note"}:
            document = {"note": note, "variant": variant}
            self.write(verb="set", flag=flag, level=place[0], scope=place[1], document=document, merge=True)

    @rule(item=_items(), back=st.integers(0, 3))
    def set_an_override_if_unchanged(self, item: dict[str, Any], back: int) -> None:
        self.write(verb="set", **item, if_match=max(0, self.model.revision - back))

    @rule(
        items=st.lists(_items(), min_size=1, max_size=4, unique_by=lambda each: (each["flag"], each["scope"]))
    )
    def set_many(self, items: list[dict[str, Any]]) -> None:
        self.write(verb="many", items=items)

    @rule(place=_places, flag=st.none() | _flags, break_glass=st.booleans())
    def inherit(self, place: tuple[str, str], flag: str | None, break_glass: bool) -> None:
        self.write(verb="reset", level=place[0], scope=place[1], flag=flag, break_glass=break_glass)

    @rule(place=_places)
    def clear(self, place: tuple[str, str]) -> None:
        self.write(verb="clear", level=place[0], scope=place[1])

    @rule(flag=st.sampled_from(OWN), document=_own_documents)
    def create_a_flag(self, flag: str, document: dict[str, Any]) -> None:
        self.write(verb="create", flag=flag, document=document)

    @rule(flag=_flags, document=_own_documents)
    def replace_a_flag(self, flag: str, document: dict[str, Any]) -> None:
        self.write(verb="replace", flag=flag, document=_file_documents.get(flag, document))

    @rule(flag=_flags)
    def delete_a_flag(self, flag: str) -> None:
        self.write(verb="delete", flag=flag)

    @rule(flag=_flags, enabled=st.sampled_from([None, True, False]))
    def toggle(self, flag: str, enabled: bool | None) -> None:
        self.write(verb="toggle", flag=flag, enabled=enabled)

    @rule(flag=_flags, weight=st.none() | st.integers(0, 100))
    def set_a_rollout(self, flag: str, weight: int | None) -> None:
        first, second = VARIANTS[flag][:2]
        rollout = None if weight is None else {"split": {first: weight, second: 100 - weight}}
        self.write(verb="rollout", flag=flag, rollout=rollout)

    @rule(flag=_flags, place=st.none() | st.integers(0, 2))
    def kill_a_flag(self, flag: str, place: int | None) -> None:
        names = VARIANTS[flag]
        document = {"code_default": True} if place is None else {"variant": names[place % len(names)]}
        self.write(verb="kill", flag=flag, document=document)

    @rule(flag=_flags)
    def revive(self, flag: str) -> None:
        self.write(verb="revive", flag=flag)

    @rule(
        back=st.integers(0, 12),
        what=st.sampled_from(["flag", "scope", "all"]),
        flag=_flags,
        place=_places,
        break_glass=st.booleans(),
    )
    def roll_back(self, back: int, what: str, flag: str, place: tuple[str, str], break_glass: bool) -> None:
        self.write(
            verb="rollback",
            revision=max(0, self.model.revision - back),
            what=what,
            flag=flag,
            level=place[0],
            scope=place[1],
            break_glass=break_glass,
        )

    @rule(seconds=st.sampled_from([1, 10, 100]))
    def pass_time(self, seconds: int) -> None:
        self.driver.pass_time(seconds)
        self.model.now += seconds

    @rule()
    def restart(self) -> None:
        self.driver.restart()

    @rule()
    def be_killed(self) -> None:
        self.driver.kill()

    @invariant()
    def every_answer_is_the_models(self) -> None:
        if hasattr(self, "driver"):
            assert self.driver.revision() == self.model.revision
            for context in CONTEXTS:
                assert dict(self.driver.evaluate(context)) == self.model.answers(context), context
