"""Asking a snapshot: one flag, or all that a selector shows. Nothing here raises for any context.

A snapshot that was read from bytes may turn out to be damaged where nobody had looked: what needs the damaged
part answers GENERAL.
"""

from __future__ import annotations

from burgee.answer import Tell
from burgee.compiled import function_of
from burgee.context import Context, OnePass
from burgee.dependencies import dependencies
from burgee.errors import SnapshotError
from burgee.ladder import Climb
from burgee.leaves import leaf_resolution
from burgee.resolution import ErrorCode, Resolution
from burgee.result import resolution
from burgee.selector import ANY, Selector
from burgee.snapshot import (
    NONE_INACTIVE,
    FlagSet,
    Function,
    InactiveByPlace,
    Snapshot,
    base_key,
    inactive_of,
    is_shown,
)
from burgee.value import shown


def evaluate(
    snapshot: Snapshot, flag_key: str, context: Context, *, now: float, selector: Selector = ANY
) -> Resolution:
    """Answer for one flag and one context, by the flag's compiled function.

    Args:
        flag_key: the flag's key.
        context: attribute name to JSON value; the targeting key is ``targetingKey``.
        now: seconds since the Unix epoch.
        selector: which flag sets to look in.

    Returns:
        The answer, possibly one that others are given too: it is not to be altered. FLAG_NOT_FOUND where no
        shown set has the flag, GENERAL where several have it or the snapshot's bytes are damaged.
    """
    try:
        try:
            function = snapshot.known_functions[flag_key if selector is ANY else (flag_key, selector)]
        except KeyError:
            function = function_for(snapshot, flag_key, selector)
        return function(context, now)
    except SnapshotError as damage:
        return _damaged(flag_key, damage)


def evaluate_all(
    snapshot: Snapshot, context: Context, *, now: float, selector: Selector = ANY
) -> list[Resolution]:
    """Answer for every flag that the selector shows, in order of flag keys.

    A key that several flag sets hold answers once, with the error that :func:`evaluate` gives.

    Raises:
        SnapshotError: the snapshot's bytes are so damaged that not even the keys can be told.
    """
    context = OnePass(context)
    try:
        functions = snapshot.known_bulks.get(selector)
        if functions is None:
            functions = [function_for(snapshot, key, selector) for key in flag_keys(snapshot, selector)]
            snapshot.known_bulks[selector] = functions
        return [function(context, now) for function in functions]
    except SnapshotError:
        keys = flag_keys(snapshot, selector)
        return [evaluate(snapshot, key, context, now=now, selector=selector) for key in keys]


def function_for(snapshot: Snapshot, flag_key: str, selector: Selector = ANY) -> Function:
    """A flag's function; where there is none, or the key is ambiguous, one that says so.

    It tells what the definition means as GENERAL from what cannot be read here: unlike :func:`evaluate`, it
    raises, and so does what it returns.

    Raises:
        SnapshotError: the bytes are damaged, or hold what this reader does not know.
    """
    known = flag_key if selector is ANY else (flag_key, selector)
    function = snapshot.known_functions.get(known)
    if function is None:
        candidates = snapshot.candidates(flag_key, selector)
        if len(candidates) != 1:
            error = _not_one(snapshot, flag_key, candidates, selector, None)
            return lambda context, now: error
        function = snapshot.known_functions[known] = _compiled(snapshot, candidates[0], flag_key)
    return function


def _compiled(snapshot: Snapshot, flag_set: FlagSet, flag_key: str) -> Function:
    if flag_key in flag_set.flags:
        return function_of(snapshot, flag_set, flag_set.flags[flag_key])
    leaf = flag_set.leaves[flag_key]
    base = function_of(snapshot, flag_set, flag_set.flags[leaf.flag_key])
    return lambda context, now: leaf_resolution(base(context, now), flag_key, leaf, flag_set.metadata)


def flag_keys(snapshot: Snapshot, selector: Selector = ANY) -> list[str]:
    """The keys of all flags that the selector shows, in order.

    Raises:
        SnapshotError: the snapshot's bytes are so damaged that they cannot be told.
    """
    keys = {
        key
        for flag_set in snapshot.selected(selector)
        for key in (*flag_set.flags, *flag_set.leaves)
        if is_shown(flag_set, key, selector)
    }
    return sorted(keys)


def interpret(
    snapshot: Snapshot, flag_key: str, context: Context, now: float, selector: Selector, tell: Tell | None
) -> Resolution:
    """Answer as :func:`evaluate` does, by the plain interpreter, with an ear for every rung of the ladder."""
    try:
        candidates = snapshot.candidates(flag_key, selector)
        if len(candidates) != 1:
            return _not_one(snapshot, flag_key, candidates, selector, tell)
        return _interpreted(snapshot, candidates[0], flag_key, context, now, tell)
    except SnapshotError as damage:
        if tell:
            tell("flag", "answers", str(damage), None, True)
        return _damaged(flag_key, damage)


def _interpreted(
    snapshot: Snapshot, flag_set: FlagSet, flag_key: str, context: Context, now: float, tell: Tell | None
) -> Resolution:
    if snapshot.fixed:
        context = {**context, **snapshot.fixed}
    flag = flag_set.flags[base_key(flag_set, flag_key)]
    inactive = _inactive(snapshot, flag_set, flag.key) if tell else NONE_INACTIVE
    answer = Climb(flag_set, context, now, tell, inactive=inactive).answer(flag)
    depends = dependencies(flag_set, flag.key)
    static = (
        not depends.unbounded
        and depends.attributes <= snapshot.fixed.keys()
        and depends.next_edge(now) is None
    )
    found = resolution(flag_set, flag, answer, static=static)
    if flag.key == flag_key:
        return found
    return leaf_resolution(found, flag_key, flag_set.leaves[flag_key], flag_set.metadata)


def _inactive(snapshot: Snapshot, flag_set: FlagSet, flag_key: str) -> InactiveByPlace:
    try:
        return inactive_of(snapshot, flag_set.flag_set_id, flag_key)
    except SnapshotError:
        # No answer depends on it: what is explained is what is served.
        return NONE_INACTIVE


def _damaged(flag_key: str, damage: SnapshotError) -> Resolution:
    return Resolution.error(flag_key, ErrorCode.GENERAL, f"the snapshot is damaged: {damage}", {})


def _not_one(
    snapshot: Snapshot, flag_key: str, candidates: list[FlagSet], selector: Selector, tell: Tell | None
) -> Resolution:
    shown_sets = snapshot.selected(selector)
    metadata: dict[str, bool | str | int | float] = {}
    if not candidates:
        code, message = ErrorCode.FLAG_NOT_FOUND, f"there is no flag {shown(flag_key)}"
        if len(shown_sets) == 1:
            metadata = dict(shown_sets[0].metadata)
    else:
        names = ", ".join(flag_set.flag_set_id or "(without id)" for flag_set in candidates)
        code = ErrorCode.GENERAL
        message = f"flag {shown(flag_key)} is in several flag sets ({names}): choose one with a selector"
    if tell:
        tell("flag", "answers", message, None, True)
    return Resolution.error(flag_key, code, message, metadata)
