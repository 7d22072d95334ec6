"""Semantic versions (semver.org 2.0.0), compared as flagd's ``sem_ver`` does, and ranges of them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LENGTH_LIMIT: Final = 256
_VERSION = re.compile(
    r"[vV]?(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)
COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=", "^", "~")


class Version(NamedTuple):
    """A version without its build metadata, which does not count in order.

    Attributes:
        prerelease: sorts as precedence demands: a release is above its prereleases, numbers are below text.
    """

    major: int
    minor: int
    patch: int
    prerelease: tuple[tuple[int, int, str], ...]


_RELEASE = ((2, 0, ""),)


def parse_version(text: str) -> Version | None:
    """Read a version; ``v`` in front and missing minor and patch numbers are forgiven, spaces are not."""
    if len(text) > LENGTH_LIMIT:
        return None
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    major, minor, patch, prerelease = found.groups()
    return Version(int(major), int(minor or 0), int(patch or 0), _precedence(prerelease))


def _precedence(prerelease: str | None) -> tuple[tuple[int, int, str], ...]:
    if prerelease is None:
        return _RELEASE
    parts = prerelease.split(".")
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def compare(left: Version, comparison: str, right: Version) -> bool:
    """Whether ``left comparison right`` holds, with one of COMPARISONS.

    ``^`` means the same major number, ``~`` the same major and minor numbers, as flagd has them.
    """
    match comparison:
        case "=":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "^":
            return left.major == right.major
        case "~":
            return left[:2] == right[:2]
    raise AssertionError(f"unknown comparison {comparison}")


class Range(NamedTuple):
    """A range such as ``>=2.1.0 <3 || ^4.2``.

    Attributes:
        alternatives: each a conjunction of (comparison, version); beside the plain ones ``!^`` and ``!~``
            for another major, or another minor number.
        text: as written.
    """

    alternatives: tuple[tuple[tuple[str, Version], ...], ...]
    text: str

    def __contains__(self, version: object) -> bool:
        return isinstance(version, Version) and any(
            all(_within(version, comparison, bound) for comparison, bound in alternative)
            for alternative in self.alternatives
        )

    def lies_within(self, other: Range) -> bool:
        """Whether every version in this range certainly is in the other; False also where it is hard to tell.

        Each alternative has to lie within one of the other's, and each bound of that has to follow from one
        bound by itself.
        """
        return all(
            any(
                all(any(_follows(given, wanted) for given in narrow) for wanted in wide)
                for wide in other.alternatives
            )
            for narrow in self.alternatives
        )


def _follows(given: tuple[str, Version], wanted: tuple[str, Version]) -> bool:
    """Whether whatever meets one bound certainly meets another."""
    comparison, bound = given
    if given == wanted:
        return True
    if comparison == "=":
        return _within(bound, *wanted)
    match wanted:
        case "!=", excluded:
            return not _within(excluded, comparison, bound)
        case (">" | ">=") as above, floor:
            strict = above == ">" and comparison == ">="
            return comparison in (">", ">=") and (bound > floor or (bound == floor and not strict))
        case ("<" | "<=") as below, ceiling:
            strict = below == "<" and comparison == "<="
            return comparison in ("<", "<=") and (bound < ceiling or (bound == ceiling and not strict))
    return False


def _within(version: Version, comparison: str, bound: Version) -> bool:
    if comparison in ("!^", "!~"):
        return not compare(version, comparison[1], bound)
    return compare(version, comparison, bound)


_PART = re.compile(r"(\^|~|>=|<=|>|<|!=|==|=)?\s*([vV]?\d[^\s,]*)")


def parse_range(text: str) -> Range | None:
    """Read a range: alternatives between ``||``, and parts side by side that must all hold.

    A part is a version (that one; with a missing number, all that begin so), or a version behind ``=``,
    ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``^`` (up to the next change of its leftmost number that is not 0)
    or ``~`` (up to the next minor number), as npm and Cargo read them.
    """
    alternatives = []
    for written in text.split("||"):
        rest, bounds = written.strip(" ,"), []
        while rest:
            found = _PART.match(rest)
            if found is None:
                return None
            part = _bounds(found.group(1) or "", found.group(2))
            if part is None:
                return None
            bounds.extend(part)
            rest = rest[found.end() :].lstrip(" ,")
        if not bounds:
            return None
        alternatives.append(tuple(bounds))
    return Range(tuple(alternatives), text)


def _bounds(comparison: str, text: str) -> list[tuple[str, Version]] | None:
    version = parse_version(text)
    if version is None:
        return None
    numbers = re.split(r"[-+]", text.lstrip("vV"), maxsplit=1)[0].count(".") + 1
    if comparison in ("", "=", "==") and numbers == 3:
        return [("=", version)]
    if comparison == "!=" and numbers < 3:
        return [("!^" if numbers == 1 else "!~", version)]
    if comparison in (">", "<=") and numbers < 3:
        # Above, or at most, all that begin so.
        return [(">=" if comparison == ">" else "<", _next(version, "", numbers))]
    if comparison not in ("", "=", "==", "^", "~"):
        return [(comparison, version)]
    return [(">=", version), ("<", _next(version, comparison, numbers))]


def _next(version: Version, comparison: str, numbers: int) -> Version:
    """The lowest version, prereleases included, above the range that begins at ``version``."""
    floor = ((-1, 0, ""),)
    major, minor = version.major, version.minor
    if comparison == "^" and (major > 0 or numbers == 1):
        return Version(major + 1, 0, 0, floor)
    if comparison == "^" and minor == 0 and numbers == 3:
        return Version(0, 0, version.patch + 1, floor)
    if comparison != "^" and numbers == 1:
        return Version(major + 1, 0, 0, floor)
    return Version(major, minor + 1, 0, floor)
