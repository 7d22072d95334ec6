"""Where a document names somebody who is to be erased, and the same document without the name.

A name stands in conditions on the attribute of its level (``{customer: {in: [c-42]}}``, and JSONLogic that
compares such a variable), and as a word in texts for people. Whatever else is equal to it means something
else: a plan, a variant, a prefix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from burgeed.revisions.values import Document

ERASED: Final = "[erased]"
"""Stands for a text that went as a whole."""

ERASED_DOCUMENT: Final[Document] = {"erased": True}
"""Stands for what was set for a scope that is erased; no reader of definitions takes it for anything."""

ERASURE: Final = "#"
"""Begins what is put behind a write id when somebody is erased from the history up to it."""

_TEXTS: Final = ("description", "owner", "note", "tags", "metadata")
_EQUALITIES: Final = ("is", "is_not", "in", "not_in")
_LOGICAL_EQUALITIES: Final = ("==", "===", "!=", "!==", "in")
_NO_NAMES: Final = ("variant", "defaultVariant", "serve", "state", "attribute", "by", "seed", "requires")
"""Members whose values name parts of a definition, and nobody."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is to be erased.

    Attributes:
        kind: the level whose scope it is; another word for who acts.
        name: as it was recorded.
        pseudonym: what stands for the name from then on.
        acts: whether it is a person who acts.
        attributes: of the context, that a scope of the level is taken from.
    """

    kind: str
    name: str
    pseudonym: str
    acts: bool = False
    attributes: frozenset[str] = frozenset()
    _word: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A part of a longer id is no name: `c-4` is none in `c-42`, nor in `abc-4`.
        word = re.compile(rf"(?<![\w-]){re.escape(self.name)}(?![\w-])")
        object.__setattr__(self, "_word", word)

    @property
    def as_json(self) -> str:
        """The name as it stands within a text in JSON."""
        return orjson.dumps(self.name).decode()[1:-1]

    def text(self, text: str) -> str:
        """The text, the pseudonym in the place of each word that is the name."""
        return self._word.sub(lambda found: self.pseudonym, text)

    def document(self, document: Document) -> Document:
        """A flag, an override or a kill without the name, in its conditions and its texts."""
        return {
            member: self._texts(value) if member in _TEXTS else self._conditions(member, value, texts=True)
            for member, value in document.items()
        }

    def is_condition_of(self, document: Document) -> bool:
        """Whether a condition of a flag or an override is about it."""
        return any(
            self._conditions(member, value, texts=False) != value for member, value in document.items()
        )

    def condition(self, condition: Any) -> Any:
        """A condition of a rule or a segment without the name."""
        if not isinstance(condition, Mapping):
            return condition
        if "attribute" in condition:
            if condition["attribute"] not in self.attributes:
                return condition
            return {operator: self._test(operator, each) for operator, each in condition.items()}
        return {name: self._part(name, each) for name, each in condition.items()}

    def texts_of(self, value: Any) -> Any:
        """A JSON value, the pseudonym in the place of the name in all of its texts."""
        return self._texts(value)

    def is_left_in(self, document: Document) -> bool:
        """Whether the name is a word of any text of a document that could be somebody's."""
        return any(self._word.search(text) for text in _texts_of(document))

    def _conditions(self, member: str, value: Any, *, texts: bool) -> Any:
        if member == "targeting":
            return self._logic(value)
        if member == "rules" and isinstance(value, list):
            return [self._rule(each, texts=texts) for each in value]
        return value

    def _rule(self, rule: Any, *, texts: bool) -> Any:
        if not isinstance(rule, Mapping):
            return rule
        changed = dict(rule)
        if "when" in rule:
            changed["when"] = self.condition(rule["when"])
        if texts:
            changed |= {name: self._texts(rule[name]) for name in ("name", "description") if name in rule}
        return changed

    def _part(self, name: str, each: Any) -> Any:
        if name in ("all", "any") and isinstance(each, list):
            return [self.condition(one) for one in each]
        if name == "not":
            return self.condition(each)
        if name not in self.attributes:
            return each
        if isinstance(each, Mapping):
            return {operator: self._test(operator, operand) for operator, operand in each.items()}
        return self._replaced(each)

    def _test(self, operator: str, operand: Any) -> Any:
        return self._replaced(operand) if operator in _EQUALITIES else operand

    def _logic(self, expression: Any) -> Any:
        if isinstance(expression, list):
            return [self._logic(each) for each in expression]
        if not isinstance(expression, Mapping):
            return expression
        if "attribute" in expression:
            return self.condition(expression)
        changed: dict[str, Any] = {}
        for operator, operands in expression.items():
            within = self._logic(operands)
            compares = operator in _LOGICAL_EQUALITIES and isinstance(within, list)
            if compares and any(self._is_variable(each) for each in within):
                within = self._replaced(within)
            changed[operator] = within
        return changed

    def _is_variable(self, expression: Any) -> bool:
        if not isinstance(expression, Mapping) or expression.keys() != {"var"}:
            return False
        path = expression["var"]
        first = path[0] if isinstance(path, list) and path else path
        return isinstance(first, str) and first in self.attributes

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._replaced(each) for each in value]
        # A level's attribute may be an integer, taken in decimal.
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return self.pseudonym if value == self.name or (is_number and str(value) == self.name) else value

    def _texts(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._texts(each) for each in value]
        if isinstance(value, Mapping):
            return {name: self._texts(each) for name, each in value.items()}
        return value


def _texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts_of(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name not in _NO_NAMES:
                yield from _texts_of(each)
