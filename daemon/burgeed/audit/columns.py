"""Values of the log's rows and of an export's lines: each of the type that is written, or refused.

Who can write to a database can put anything into a column. SQLite keeps text where a number belongs, and
``bytes`` of a number would make that many zeros of it.
"""

from __future__ import annotations

LARGEST_NUMBER = (1 << 63) - 1


def as_number(value: object) -> int:
    """A whole number that a column holds. Raises TypeError for anything else."""
    if type(value) is not int or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise TypeError("a column that holds a number holds something else")
    return value


def as_bytes(value: object) -> bytes:
    """Bytes that a column holds. Raises TypeError for anything else."""
    if not isinstance(value, bytes | memoryview):
        raise TypeError("a column that holds bytes holds something else")
    return bytes(value)


def as_text(value: object) -> str:
    """Text that a column holds. Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError("a column that holds text holds something else")
    return value
