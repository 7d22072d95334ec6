"""The guide to the provider names what there is."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.contrib.provider.burgee.options import Options
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import Reason

from tests.support.daemon import running_daemon

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


def test_the_docstring_gives_each_option_its_default_where_an_editor_shows_it() -> None:
    stated = re.findall(r"^ {8}(\w+ = .+?): ", BurgeeProvider.__doc__ or "", re.MULTILINE)
    defaults = [f"{field.name} = {field.default!r}" for field in fields(Options)]
    assert ["address = None", *stated] == defaults


def test_the_guides_snippets_of_prefetching_and_of_the_cache_do_what_it_says(tmp_path: Path) -> None:
    section = GUIDE.split("\n## Beforehand")[1].split("\n## ")[0]
    (tmp_path / "flags.yaml").write_text("flags: {f: {defaultVariant: on}, g: {defaultVariant: off}}\n")
    with running_daemon(tmp_path, "--source", tmp_path / "flags.yaml") as daemon:
        daemon.wait_ready()
        names: dict[str, Any] = {
            "provider": (provider := BurgeeProvider(f"unix://{daemon.socket}", deadline=20.0))
        }
        provider.initialize(EvaluationContext())
        prefetch, statistics = re.findall(r"```python\n(.+?)```", section, re.DOTALL)
        exec(prefetch, names)  # noqa: S102 - the guide's own
        details = provider.resolve_boolean_details("f", False, names["context"])
        exec(statistics, names)  # noqa: S102
        provider.shutdown()
    assert (details.value, details.reason, names["kept"]) == (True, Reason.CACHED, 2)
    assert [names[each] for each in ("hits", "misses", "evictions", "size")] == [1, 0, 0, 2]


def test_what_the_guide_calls_is_there() -> None:
    assert callable(BurgeeProvider.postfork)
    assert "provider.postfork" in GUIDE
