"""The answers that the daemon gave, exact for as long as nothing could have changed them.

An answer depends on the flag, the attributes that ``Burgee-Vary`` named, the generation and the time up to
``Burgee-Until``. While all of these are as they were, it is what the daemon would say again; afterwards it is
the last known answer, for when the daemon is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable

from burgee.context import Context
from burgee.generation import Generation
from burgee.resolution import ErrorCode, Resolution
from burgee.value import FlagType

from .answer_reach import Told
from .cache_key import text_in
from .cache_shape import Shape
from .cache_slots import Slots
from .cache_statistics import CacheStatistics
from .cached_answer import Kept
from .clock import Clock
from .knowledge import Knowledge

_MOST_SHAPES = 4
_REPEATED = frozenset((ErrorCode.FLAG_NOT_FOUND, ErrorCode.TARGETING_KEY_MISSING))
"""Errors that the daemon gives again for the same question, until something changes."""


class AnswerCache:
    """Answers by flag and by the values of what they depend on. Safe under threads; a hit takes no lock.

    Args:
        size: how many to keep, each up to ``cached_answer.UNIT`` bytes; a larger one takes several slots,
            0 keeps none. About the least recently used goes first.
        knowledge: what the daemon serves now.
        clock: for ``until``.
    """

    def __init__(self, size: int, knowledge: Knowledge, clock: Clock) -> None:
        self._size = size
        self._generation = knowledge.generation
        self._monotonic = clock.monotonic
        # What interrupts a thread, a signal's handler or a finalizer, may evaluate flags too: it waits for
        # nothing that this thread holds, and leaves a change that is under way alone.
        self._lock = threading.RLock()
        self._changing = False
        self._slots = Slots(size, self._evicted)
        self._flags: dict[str, tuple[Shape, ...]] = {}
        self._overtaken: Generation | None = None
        self._overtaken_at = 0.0
        self._edges_at = -1.0
        self._hits = 0
        self._misses = 0
        self._evictions = 0

    @property
    def keeps(self) -> bool:
        """Whether it keeps anything at all."""
        return self._size > 0

    def statistics(self) -> CacheStatistics:
        """Counts since it was made; where there is no global lock, threads may lose a few of them."""
        return CacheStatistics(self._hits, self._misses, self._evictions, len(self._slots))

    def recall(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution | None:
        """What the daemon would answer now, with the reason CACHED; None where that is not known."""
        # All in one function, since every evaluation goes through it.
        found: Kept | None = None
        try:
            among = self._flags[flag_key][0].latest
            key = among.read(context)
            fits = not among.absent or context.keys().isdisjoint(among.absent)
            if fits and (among.classes is None or among.classes == tuple(map(type, key))):
                found = among.entries[key]
        except (KeyError, TypeError):
            pass
        if found is None:
            found = self._find(flag_key, context)
            if found is None:
                self._misses += 1
                return None
        known = self._generation()
        given = found.generation
        if known is not None and (given is known or given == known):
            overtaken, until = self._overtaken, found.until
            current = overtaken is None or known != overtaken
            if current and (until is None or self._monotonic() < until):
                found.used = True
                self._hits += 1
                return found.typed.get(flag_type) or found.cached(flag_type)
        self._misses += 1
        return None

    def exact(self, flag_key: str, flag_type: FlagType, context: Context) -> Resolution | None:
        """The same, uncounted: for those who were counted before they waited."""
        found = self._find(flag_key, context)
        if found is None or not self._still_stands(found):
            return None
        found.used = True
        return found.cached(flag_type)

    def _still_stands(self, kept: Kept) -> bool:
        """Whether the daemon would say the same now; :meth:`recall` has it in itself, to call nothing."""
        known = self._generation()
        if known is None or kept.generation != known or known == self._overtaken:
            return False
        return kept.until is None or self._monotonic() < kept.until

    def _find(self, flag_key: str, context: Context) -> Kept | None:
        """The answer to the same question, exact or not."""
        shapes = self._flags.get(flag_key)
        if shapes is None or shapes[0].names is None:
            return None
        return shapes[0].find(shapes[0].question(context, b""))

    def last_known(self, flag_key: str, context: Context, context_json: bytes) -> Kept | None:
        """The newest answer, however old; None where there is none.

        Args:
            flag_key: the flag.
            context: that asks.
            context_json: its fingerprint.
        """
        for shape in self._flags.get(flag_key, ()):
            kept = shape.find(shape.question(context, context_json))
            if kept is not None:
                kept.used = True
                return kept
        return None

    def question(self, flag_key: str, context: Context, context_json: bytes) -> Hashable | None:
        """What calls that may share one exchange have in common; None where the answer cannot be kept."""
        if self._size <= 0 or self._generation() is None:
            return None
        shapes = self._flags.get(flag_key)
        if shapes is None:
            return flag_key, context_json
        shape = shapes[0]
        return None if shape.names is None else (flag_key, shape.names, shape.question(context, context_json))

    def keep(self, flag_key: str, context: Context, context_json: bytes, told: Told) -> bool:
        """Keep what the daemon answered, in place of what it said before; whether it is kept.

        Args:
            flag_key: the flag.
            context: that asked.
            context_json: its fingerprint.
            told: the answer.
        """
        if self._size <= 0:
            return False
        if told.generation is None:
            told = told._replace(names=None)  # it names nothing that would end it
        with self._lock:
            if self._changing:
                return False
            self._changing = True
            try:
                return self._keep(flag_key, context, context_json, told)
            finally:
                self._changing = False

    def end(self, flag_keys: frozenset[str] | None) -> None:
        """Trust no answer any longer that time could change, since time did.

        Args:
            flag_keys: whose; None where it is not known.
        """
        with self._lock:
            self._changing = True
            try:
                self._end(flag_keys)
            finally:
                self._changing = False

    def clear(self) -> None:
        """Forget everything but the counts."""
        with self._lock:
            self._flags = {}
            self._slots = Slots(self._size, self._evicted)

    def after_fork(self) -> None:
        """In the child: go on with what was kept. A thread that is gone may have left a change half done, but
        no answer half written.
        """
        if self._changing:
            self._flags = {}
            self._slots = Slots(self._size, self._evicted)
        self._lock = threading.RLock()
        self._changing = False

    def _keep(self, flag_key: str, context: Context, context_json: bytes, told: Told) -> bool:
        if not self._may_be_kept(flag_key, told):
            return False
        if told.resolution.error_code is not None and (
            told.names is None or told.resolution.error_code not in _REPEATED
        ):
            self._forget(flag_key, context, context_json)
            return False
        return self._put(flag_key, context, context_json, told)

    def _end(self, flag_keys: frozenset[str] | None) -> None:
        self._edges_at = self._monotonic()
        for flag_key in list(self._flags) if flag_keys is None else flag_keys & self._flags.keys():
            for shape in self._flags[flag_key]:
                for kept in shape:
                    if flag_keys is not None or kept.until is not None:
                        kept.generation = None

    def _may_be_kept(self, flag_key: str, told: Told) -> bool:
        """Whether an answer is no older than what is known; and learn from it."""
        generation = told.generation
        if generation is None:
            return True
        known = self._generation()
        if known is not None:
            if generation == known:
                if known == self._overtaken and told.asked_at > self._overtaken_at:
                    self._overtaken = None
                return True
            if _older(generation, known):
                return False
            # The daemon is ahead of what was heard of it: what is known is over.
            self._overtaken = known
            self._overtaken_at = self._monotonic()
        shapes = self._flags.get(flag_key)
        newest = shapes[0].newest if shapes else None
        return newest is None or not _older(generation, newest)

    def _put(self, flag_key: str, context: Context, context_json: bytes, told: Told) -> bool:
        shape = self._shape(flag_key, told)
        question = shape.question(context, context_json)
        known = self._generation()
        # What is known says it as the same object, mostly, each time it is asked.
        generation = known if told.generation == known else told.generation
        kept = Kept(told.resolution, generation, told.until, told.size + text_in(question.key))
        if told.until is not None and told.asked_at <= self._edges_at:
            kept.generation = None
        before = shape.pop(question)
        if before is not None:
            self._slots.pop(before, None)
        if kept.slots > self._size:
            self._tidy(flag_key)
            return False
        shape.put(question, kept)
        self._slots[kept] = kept.slots
        return True

    def _shape(self, flag_key: str, told: Told) -> Shape:
        """What the flag depends on now; older answers stay beneath."""
        shapes = self._flags.get(flag_key, ())
        gone = told.resolution.error_code is ErrorCode.FLAG_NOT_FOUND
        if not shapes or shapes[0].names != told.names or (gone and len(shapes) > 1):
            same = [shape for shape in shapes if shape.names == told.names]
            shape = same[0] if same else Shape(flag_key, told.names)
            others = [each for each in shapes if each is not shape]
            lasting = [] if gone else others[: _MOST_SHAPES - 1]
            self._flags[flag_key] = shapes = (shape, *lasting)
            for other in others[len(lasting) :]:
                for kept in other:
                    self._slots.pop(kept, None)
        if told.generation is not None:
            shapes[0].newest = told.generation
        return shapes[0]

    def _forget(self, flag_key: str, context: Context, context_json: bytes) -> None:
        for shape in self._flags.get(flag_key, ()):
            kept = shape.pop(shape.question(context, context_json))
            if kept is not None:
                self._slots.pop(kept, None)
        self._tidy(flag_key)

    def _evicted(self, kept: Kept) -> None:
        assert kept.where is not None
        shape, question = kept.where
        shape.pop(question)
        self._evictions += 1
        self._tidy(shape.flag_key)

    def _tidy(self, flag_key: str) -> None:
        """Leave nothing behind of a flag without answers."""
        shapes = self._flags.get(flag_key, ())
        if not any(shapes):
            self._flags.pop(flag_key, None)


def _older(one: Generation, other: Generation) -> bool:
    """Whether a generation is known to come before another; between epochs there is no order."""
    return one.epoch == other.epoch and one.number < other.number
