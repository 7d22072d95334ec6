"""A WSGI application for gunicorn, its provider set at import as BURGEE_TEST_SET says."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from following import LONGEST, check_mirror, knows, make_provider
from openfeature import api

if os.environ["BURGEE_TEST_SET"] == "waiting":
    api.set_provider_and_wait(make_provider())
else:
    api.set_provider(make_provider(initialize_deadline=LONGEST))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Tell which process answers, and what it sees."""
    value = api.get_client().get_string_value("phase", "none")
    check_mirror(os.getpid())
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"pid": os.getpid(), "phase": value, "knows": knows()}).encode()]
