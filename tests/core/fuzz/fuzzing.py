"""One fuzzed document: read, composed, compiled, evaluated, explained, checked; and what holds of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from time import thread_time
from types import CodeType
from typing import Any

import yaml

from burgee import DefinitionError, compose, evaluate_all, explain
from burgee.checks import check
from burgee.compiled import builder
from burgee.definition import SourceDocument, read_layer
from tests.core.differential.native_documents import NativeGrammar
from tests.core.fuzz.mutation import mutated
from tests.support.daemon import REPOSITORY
from tests.support.targeting_contexts import NOON
from tests.support.targeting_strategies import Grammar

LONGEST_COMPILE = 1.0
"""Seconds of a core that reading, first evaluating and checking a fuzzed document may take, each.

The thread's own time: how busy the machine is says nothing about a document.
"""

KNOWN_NAMES = frozenset(("get", "encode", "startswith", "endswith", "__class__", "flag"))
"""Every name that generated code may use besides its own variables and constants."""


@cache
def seeds() -> tuple[Any, ...]:
    """Documents to begin with: examples, vectors with their refusals, the cases of flagd's schemas."""
    found: list[Any] = []
    for path in sorted((REPOSITORY / "config").glob("*.yaml")):
        found += [
            each
            for each in yaml.safe_load_all(path.read_text())
            if isinstance(each, dict) and "flags" in each
        ]
    for path in sorted((REPOSITORY / "tests" / "vectors").glob("*.json")):
        content = json.loads(path.read_text())
        layers = content.get("layers", []) if isinstance(content, dict) else []
        found += [layer for layer in layers if "text" not in layer]
    for path in sorted((REPOSITORY / "tests" / "vectors" / "refused").glob("*.json")):
        found += [case["document"] for case in json.loads(path.read_text()) if "document" in case]
    for path in sorted((REPOSITORY.parent / "shared" / "data" / "flagd-schemas" / "test").rglob("*.json")):
        found.append(json.loads(path.read_text()))
    return tuple(found)


@dataclass
class Fuzzed:
    """What a run came to.

    Attributes:
        slowest: seconds of a core that the slowest document took to be read, evaluated first or checked.
        warnings: what the static checks found, by the check's name.
    """

    documents: int = 0
    accepted: int = 0
    compiled: int = 0
    slowest: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)


def documents(random: Random) -> Iterator[Any]:
    """Documents without end: seeds and drawn ones, mutated, some of them again and again."""
    kept: list[Any] = []
    while True:
        match random.randrange(6):
            case 0 if kept:
                start = random.choice(kept)
            case 1 | 2:
                start = random.choice(seeds())
            case 3:
                start = NativeGrammar(random).document()
            case _:
                start = Grammar(random, odd=True).document()
        document = mutated(start, random)
        if random.randrange(40) == 0:
            kept = [*kept[-50:], document]
        yield document


def fuzz_one(document: Any, random: Random, fuzzed: Fuzzed) -> None:
    """Put one document through everything.

    Raises:
        AssertionError: something took too long, or code was generated that should not be.
        Exception: whatever anything but reading raised, or reading besides DefinitionError.
    """
    fuzzed.documents += 1
    started = thread_time()
    try:
        layer, _ = read_layer("fuzz", [SourceDocument(document, None)])
    except DefinitionError as error:
        _watch(fuzzed, started)
        assert all(fault.remedy for fault in error.faults), error
        # Faults go to logs and to standard output: whatever the document said, they can be written.
        str(error).encode("utf-8", "surrogatepass")
        fuzzed.outcomes["refused"] += 1
        return
    _watch(fuzzed, started)
    fuzzed.accepted += 1
    snapshot = compose([layer], fixed=random.choice([{}, {"environment": "production"}]))
    contexts = [NativeGrammar(random).context(), Grammar(random, odd=True).context(), {}]
    for context in contexts:
        started = thread_time()
        for resolution in evaluate_all(snapshot, context, now=NOON):
            fuzzed.outcomes[str(resolution.reason)] += 1
        _watch(fuzzed, started)
    for function in snapshot.known_functions.values():
        fuzzed.compiled += check_code(function)
    for flag_set in snapshot.flag_sets.values():
        for key in list(flag_set.flags)[:1]:
            explain(snapshot, key, contexts[0], now=NOON)
    started = thread_time()
    fuzzed.warnings.update(each.check for each in check([layer], snapshot, now=NOON))
    _watch(fuzzed, started)


def _watch(fuzzed: Fuzzed, started: float) -> None:
    took = thread_time() - started
    fuzzed.slowest = max(fuzzed.slowest, took)
    assert took < LONGEST_COMPILE, f"{took:.1f} s"


def check_code(function: Any) -> bool:
    """Whether a function is generated; if so, that what a document says is in it as plain constants only."""
    code: CodeType = getattr(function, "__code__", None) or builder.load.__code__
    if code.co_filename != "<burgee>":
        return False
    assert function.__globals__["__builtins__"] == {}
    assert all(name in KNOWN_NAMES or _is_numbered(name, "K") for name in code.co_names), code.co_names
    assert all(_is_own(name) for name in code.co_varnames), code.co_varnames
    assert not code.co_freevars
    assert not code.co_cellvars
    assert _is_harmless(code.co_consts), code.co_consts
    return True


def _is_harmless(constant: Any) -> bool:
    if isinstance(constant, tuple):
        return all(map(_is_harmless, constant))
    return constant is None or constant is ... or isinstance(constant, bool | str | int | float)


def _is_own(name: str) -> bool:
    return name in ("context", "now", "get") or _is_numbered(name, "vt")


def _is_numbered(name: str, letters: str) -> bool:
    return name[0] in letters and name[1:].isascii() and name[1:].isdigit()
