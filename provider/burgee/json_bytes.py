"""JSON that is kept."""

from __future__ import annotations

import orjson


def json_bytes(document: object, option: int | None = None) -> bytes:
    """Write a document as JSON, in as much memory as it is long.

    What orjson hands over holds on to its whole buffer, four kilobytes at the least (3.13.0).

    Args:
        option: of orjson.

    Raises:
        TypeError: JSON has no place for it.
    """
    return bytes(memoryview(orjson.dumps(document, option=option)))
