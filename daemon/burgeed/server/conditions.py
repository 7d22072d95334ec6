"""What a client says about the representation it holds and the encodings it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def names_tag(if_none_match: Iterable[str], tag: str) -> bool:
    """Whether one of the listed entity tags is ``tag``, weak ones and unquoted ones (as OFREP writes them)
    too.

    ``*`` names none here: it would keep a client that holds nothing from an answer.

    Args:
        if_none_match: the header's values.
        tag: without quotes; holds neither comma nor quote.
    """
    for value in if_none_match:
        for part in value.split(","):
            if part.strip().removeprefix("W/").strip('"') == tag:
                return True
    return False


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Whether ``Accept-Encoding`` names gzip, by itself or by ``*``, with a weight above zero."""
    weights: dict[str, bool] = {}
    for part in headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, parameters = part.partition(";")
        name, _, weight = parameters.strip().partition("=")
        weights[coding.strip()] = not (name.strip() == "q" and weight.strip().strip("0.") == "")
    return weights.get("gzip", weights.get("*", False))
