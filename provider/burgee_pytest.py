"""The pytest fixture ``burgee_flags``.

A module of its own, as every run of pytest imports it: neither Burgee nor the SDK is, until a test asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from burgee.testing import Override, Overrides


@pytest.fixture
def burgee_flags() -> Iterator[Callable[..., Overrides]]:
    """Override flags until the test ends: ``flags = burgee_flags({"new-checkout": True}, strict=True)``.

    It takes what ``burgee.testing.override_flags`` takes, as often as the test likes, and returns Overrides.
    """
    from burgee.testing import override_flags

    with ExitStack() as until_the_end:

        def override(
            flags: Mapping[str, Override] | None = None, /, *, strict: bool = False, domain: str | None = None
        ) -> Overrides:
            return until_the_end.enter_context(override_flags(flags, strict=strict, domain=domain))

        yield override
