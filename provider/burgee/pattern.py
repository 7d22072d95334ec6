"""Regular expressions of RE2: linear in time whatever the pattern, so a definition cannot hang anyone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

PATTERN_LENGTH_LIMIT: Final = 1024
TEXT_LENGTH_LIMIT: Final = 4096
"""A longer text matches nothing: a context must not cost more than a definition allows for."""

_MEMORY_LIMIT: Final = 1 << 20


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_LIMIT
    return re2.compile(pattern, options)


def pattern_fault(pattern: str) -> str | None:
    """Say why RE2 refuses a pattern, or None where it takes it."""
    if len(pattern) > PATTERN_LENGTH_LIMIT:
        return f"it has {len(pattern)} characters, the limit is {PATTERN_LENGTH_LIMIT}"
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0]
        return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    except UnicodeEncodeError:
        return "it is no valid text"
    return None


def pattern_matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches anywhere in the text."""
    if len(text) > TEXT_LENGTH_LIMIT:
        return False
    try:
        return _compiled(pattern).search(text) is not None
    except UnicodeEncodeError:
        return False
