"""The guide's example answers as the guide says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.country_database import SWEDISH, UNKNOWN
from tests.support.daemon import REPOSITORY, running_daemon


def test_the_guides_definition_is_on_for_its_address(tmp_path: Path, database: Path) -> None:
    guide = (REPOSITORY / "docs" / "guides" / "geography.md").read_text()
    [definition] = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "flags.yaml").write_text(definition)
    assert SWEDISH in guide
    with running_daemon(tmp_path, "--source", tmp_path / "flags.yaml", "--geoip", database) as daemon:
        values = [daemon.evaluate("vat-notice", {"ip": address})["value"] for address in (SWEDISH, UNKNOWN)]
    assert values == [True, False]
