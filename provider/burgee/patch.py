"""JSON Merge Patch (RFC 7396) onto object values, and whether a patch fits what it is meant for."""

from __future__ import annotations

from collections.abc import Mapping

from burgee.fault import Path
from burgee.flag import Flag
from burgee.value import FlagType, Value, is_number, kind_name


def merge_patch(target: Value, patch: Value | Mapping[str, Value]) -> Value:
    """Apply ``patch`` to ``target`` as RFC 7396 says; neither is altered.

    Parts that the patch does not touch are shared with ``target``.
    """
    if not isinstance(patch, Mapping):
        return patch
    merged: dict[str, Value] = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def unfit_leaf(target: Mapping[str, Value], patch: Mapping[str, Value]) -> tuple[Path, str] | None:
    """Find the first leaf of ``patch`` that ``target`` does not have, or has with another type.

    Returns:
        The leaf's path within the patch and what is wrong with it, or None where all fit. Null removes
        a leaf, so it fits any; a leaf that is null beneath takes anything.
    """
    for key, value in patch.items():
        if key not in target:
            return (key,), "there is no such leaf"
        beneath = target[key]
        if value is None or beneath is None:
            continue
        if isinstance(value, Mapping) and isinstance(beneath, Mapping):
            unfit = unfit_leaf(beneath, value)
            if unfit:
                return (key, *unfit[0]), unfit[1]
        elif not _same_type(beneath, value):
            return (key,), f"the leaf is {kind_name(beneath)}, the patch gives {kind_name(value)}"
    return None


def unfit_patch(patch: Mapping[str, Value], flag: Flag) -> tuple[Path, str] | None:
    """Whether a patch can be laid onto whatever variant a flag answers with.

    Returns:
        The path within the patch and a message, or None where it fits every variant.
    """
    if flag.flag_type != "object":
        return (), f"only an object flag can be patched; this is {_article(flag.flag_type)} flag"
    for variant in flag.variants.values():
        unfit = unfit_leaf(variant.value, patch) if isinstance(variant.value, Mapping) else None
        if unfit is not None:
            return unfit[0], f"the patch does not fit variant `{variant.name}`: {unfit[1]}"
    return None


def has_type(value: object, flag_type: FlagType) -> bool:
    """Whether a flag of this type can serve the value."""
    if flag_type == "float":
        return is_number(value)
    types = {"boolean": bool, "string": str, "integer": int, "object": Mapping}
    return isinstance(value, types[flag_type]) and isinstance(value, bool) == (flag_type == "boolean")


def _article(flag_type: FlagType) -> str:
    return f"an {flag_type}" if flag_type == "integer" else f"a {flag_type}"


def _same_type(beneath: Value, value: Value) -> bool:
    if isinstance(beneath, float) and is_number(value):
        return True
    return kind_name(beneath) == kind_name(value)
