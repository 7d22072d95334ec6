"""One flag's answers, by the values of what they depended on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from burgee.context import Context
from burgee.generation import Generation

from .cache_key import Classes, Key, Read, classes_of, digest, key_of, reader
from .cached_answer import Kept

_NONE: Final[frozenset[str]] = frozenset()


class Question(NamedTuple):
    """What contexts that have one answer have in common.

    They lack the same attributes, the values of the others have the same classes, and those are the same.

    Attributes:
        absent: attributes that are missing, which is not the same as null.
        classes: of the values; None where all of them are text or null.
        key: the values.
    """

    absent: frozenset[str]
    classes: Classes
    key: Key


class Alike(NamedTuple):
    """Contexts that lack the same attributes.

    Attributes:
        read: reads the others.
        answers: by the classes of their values.
    """

    read: Read
    answers: dict[Classes, Answers]


class Answers:
    """Answers for contexts that lack the same attributes, and whose others have values of the same classes.

    Attributes:
        read: reads those others.
        absent: what the contexts lack.
        classes: of the values, as in a :class:`Question`.
        entries: by key. What ``read`` gives of such a context is its key, or nobody's.
    """

    __slots__ = ("absent", "classes", "entries", "read")

    def __init__(self, read: Read, absent: frozenset[str], classes: Classes) -> None:
        self.read = read
        self.absent = absent
        self.classes = classes
        self.entries: dict[Key, Kept] = {}


class Shape:
    """What one flag's answers depended on, at a time, and the answers.

    Two contexts have one answer exactly where each attribute has the same value of the same kind in both:
    True, 1, 1.0 and "1" are four values, null is one, and not being there is another.

    Args:
        flag_key: the flag.
        names: of the attributes, sorted; None where there is no finite list.

    Attributes:
        flag_key: as given.
        names: as given.
        latest: among which an answer was found last. Contexts mostly look like the one before, and whether
            one does is seen faster than what it looks like.
        newest: the latest generation that answered.
    """

    __slots__ = ("_all", "_names", "flag_key", "latest", "names", "newest")

    def __init__(self, flag_key: str, names: tuple[str, ...] | None) -> None:
        self.flag_key = flag_key
        self.names = names
        self.newest: Generation | None = None
        self._names = frozenset(names or ())
        self._all: dict[frozenset[str], Alike] = {}
        self.latest = Answers(reader(()), _NONE, None)

    def __bool__(self) -> bool:
        """Whether there is any answer."""
        return bool(self._all)

    def __iter__(self) -> Iterator[Kept]:
        for alike in self._all.values():
            for answers in alike.answers.values():
                yield from answers.entries.values()

    def question(self, context: Context, context_json: bytes) -> Question:
        """What a context asks.

        Args:
            context: any.
            context_json: its fingerprint; looked at only where no list of attributes says what counts.
        """
        if self.names is None:
            return Question(_NONE, None, digest(context_json))
        absent = self._names.difference(context)
        alike = self._all.get(absent)
        values = self._reader(absent)(context) if alike is None else alike.read(context)
        classes = classes_of(values)
        return Question(absent, classes, key_of(values, classes))

    def find(self, question: Question) -> Kept | None:
        """The answer, None where there is none."""
        alike = self._all.get(question.absent)
        answers = None if alike is None else alike.answers.get(question.classes)
        if answers is None:
            return None
        if self.names is not None:
            self.latest = answers
        return answers.entries.get(question.key)

    def put(self, question: Question, kept: Kept) -> None:
        """Keep an answer."""
        absent, classes, key = question
        alike = self._all.get(absent)
        if alike is None:
            alike = self._all[absent] = Alike(self._reader(absent), {})
        answers = alike.answers.get(classes)
        if answers is None:
            answers = alike.answers[classes] = Answers(alike.read, absent, classes)
        answers.entries[key] = kept
        kept.where = (self, question)

    def pop(self, question: Question) -> Kept | None:
        """Let an answer go; it, or None where there was none."""
        absent, classes, key = question
        alike = self._all.get(absent)
        answers = None if alike is None else alike.answers.get(classes)
        if alike is None or answers is None:
            return None
        kept = answers.entries.pop(key, None)
        if not answers.entries:
            del alike.answers[classes]
            if not alike.answers:
                del self._all[absent]
        return kept

    def _reader(self, absent: frozenset[str]) -> Read:
        return reader(tuple(name for name in self.names or () if name not in absent))
