"""Leaves of object flags as flags of their own: ``flag.path.to.leaf``, for clients that ask for scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from burgee.flag import Flag
from burgee.resolution import ErrorCode, Reason, Resolution
from burgee.value import FlagType, Value, is_number, kind_name


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a leaf lies.

    Attributes:
        flag_key: the object flag's key.
        path: the keys that lead from its value to the leaf.
        flag_type: the leaf's type, the same in every variant; float where one variant has a float.
    """

    flag_key: str
    path: tuple[str, ...]
    flag_type: FlagType


def leaves_of(flag: Flag) -> list[tuple[str, Leaf]]:
    """The leaves of an object flag with their keys; none unless it says ``leaves: true``.

    A leaf is a boolean, a text or a number that every variant has, of one type. Two have one key where an
    object's own keys have dots; a document that makes such a flag is refused.
    """
    if not flag.leaves or flag.flag_type != "object":
        return []
    first, *others = [dict(_scalars(variant.value, ())) for variant in flag.variants.values()]
    found: list[tuple[str, Leaf]] = []
    for path, leaf_type in first.items():
        types = {leaf_type, *(other.get(path) for other in others)}
        if types == {"integer", "float"}:
            types = {"float"}
        (common, *rest) = types
        if common is not None and not rest:
            found.append((".".join((flag.key, *path)), Leaf(flag.key, path, common)))
    return found


def _scalars(value: Value, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], FlagType | None]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _scalars(each, (*path, key))
    elif isinstance(value, bool):
        yield path, "boolean"
    elif isinstance(value, str):
        yield path, "string"
    elif isinstance(value, int):
        yield path, "integer"
    elif isinstance(value, float):
        yield path, "float"


def leaf_resolution(
    base: Resolution, leaf_key: str, leaf: Leaf, set_metadata: Mapping[str, bool | str | int | float]
) -> Resolution:
    """The answer for a leaf, from that of its object flag.

    A leaf that a patch or an override's value left out serves the caller's default.

    Args:
        set_metadata: of the flag set, which is all that an error carries.
    """
    answer = replace(base, flag_key=leaf_key, flag_type=leaf.flag_type)
    if not base.has_value:
        return answer
    value: Value = base.value
    for step in leaf.path:
        if not isinstance(value, Mapping) or step not in value:
            return replace(answer, value=None, has_value=False)
        value = value[step]
    if leaf.flag_type == "float" and is_number(value):
        value = float(value)  # type: ignore[arg-type]
    if not _fits(value, leaf.flag_type):
        message = f"the leaf is {kind_name(value)} here, the variants have {leaf.flag_type}"
        return Resolution(
            leaf_key,
            reason=Reason.ERROR,
            flag_type=leaf.flag_type,
            error_code=ErrorCode.TYPE_MISMATCH,
            error_message=message,
            metadata=dict(set_metadata),
        )
    return replace(answer, value=value)


def _fits(value: Value, flag_type: FlagType) -> bool:
    types = {"boolean": bool, "string": str, "integer": int, "float": float}
    return isinstance(value, types[flag_type]) and isinstance(value, bool) == (flag_type == "boolean")
