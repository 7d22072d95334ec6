"""One daemon for each vector file, shared by all that is held to its vectors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.vector_daemon import VectorDaemon, serving
from tests.support.vectors import vector_files


@pytest.fixture(scope="session", params=vector_files(), ids=lambda file: file.name)
def vector_daemon(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VectorDaemon]:
    """A daemon on one vector file; one at a time, since a session's tests are grouped by it."""
    with serving(request.param, tmp_path_factory.mktemp("vectors")) as daemon:
        yield daemon
