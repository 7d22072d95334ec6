"""The guide to the provider names what there is."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.options import Options

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "provider.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", GUIDE.split("## Options")[1].split("##")[0], re.MULTILINE))


def test_every_option_is_in_the_guide_and_no_other() -> None:
    assert ROWS.keys() == {field.name for field in fields(Options)}


@pytest.mark.parametrize("name", ROWS)
def test_the_guide_gives_each_option_its_default(name: str) -> None:
    (default,) = (field.default for field in fields(Options) if field.name == name)
    assert default is not MISSING
    if default in (None, ""):
        assert "`" not in ROWS[name]
    else:
        assert ROWS[name] == f"`{default}`"


def test_what_the_guide_calls_is_there() -> None:
    assert callable(BurgeeProvider.postfork)
    assert "provider.postfork" in GUIDE
