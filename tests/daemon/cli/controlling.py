"""The command against a daemon with a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.daemon.cli.running import Ended
from tests.support.daemon import RunningDaemon, running_daemon

DOCUMENT: dict[str, Any] = {
    "flags": {
        "new-checkout": {"defaultVariant": "off", "owner": "shop", "tags": ["feature"]},
        "editor": {
            "variants": {"plain": {"dark": False, "features": {"tabs": 4}}},
            "defaultVariant": "plain",
        },
        "legacy-export": {"defaultVariant": "on"},
        "with/slash ?": {"defaultVariant": "off"},
    },
    "overrides": {
        "organization": {"acme": {"new-checkout": "on", "legacy-export": {"variant": "on", "lock": True}}}
    },
}


@contextmanager
def controlled_daemon(folder: Path, *arguments: object) -> Iterator[RunningDaemon]:
    """A daemon with a store, on :data:`DOCUMENT`; this process's own user is its admin on the socket."""
    source = folder / "flags.json"
    source.write_text(json.dumps(DOCUMENT))
    store = f"sqlite:{folder / 'store.db'}"
    with running_daemon(folder, "serve", "--source", source, "--store", store, *arguments) as daemon:
        daemon.wait_ready()
        yield daemon


class Operator:
    """Somebody at a command line."""

    def __init__(self, burgee: Callable[..., Ended], daemon: RunningDaemon) -> None:
        self._burgee = burgee
        self.daemon = daemon

    def ends(self, *arguments: object) -> Ended:
        """How a command ends."""
        return self._burgee(*arguments, "--socket", self.daemon.socket)

    def says(self, *arguments: object) -> str:
        """What a command that succeeds prints."""
        ended = self.ends(*arguments)
        assert (ended.returncode, ended.stderr) == (0, ""), ended
        return ended.stdout

    def rows(self, *arguments: object) -> list[list[str]]:
        """The same, as the fields of each line."""
        return [line.split("\t") for line in self.says(*arguments).splitlines()]

    def document(self, *arguments: object) -> Any:
        """The JSON that a command prints."""
        return json.loads(self.says(*arguments, "--json"))

    def refused(self, *arguments: object, code: int = 1) -> str:
        """What a command says on standard error that ends with this code."""
        ended = self.ends(*arguments)
        assert (ended.returncode, ended.stdout) == (code, ""), ended
        return ended.stderr

    @property
    def source(self) -> str:
        """The name of the daemon's one file."""
        return str(self.daemon.status()["sources"][0]["name"])

    def value(self, key: str, **context: str) -> Any:
        """What an application is answered."""
        attributes = [f"{name}={value}" for name, value in context.items()]
        return json.loads(self.ends("eval", key, *attributes, "--json").stdout).get("value")
