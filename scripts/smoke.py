"""Smoke test of an installed package: `burgee up`, then one evaluation through the OpenFeature client.

Run by the interpreter whose environment is to be tested, from a directory outside the work tree.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.burgee import BurgeeProvider
from openfeature.evaluation_context import EvaluationContext

DEADLINE = 30.0


def first_line(daemon: "subprocess.Popen[bytes]") -> bytes:
    """The daemon's line of JSON; exits with its log where none comes."""
    assert daemon.stdout is not None
    ready, _, _ = select.select([daemon.stdout], [], [], DEADLINE)
    line = daemon.stdout.readline() if ready else b""
    if not line:
        sys.exit("the daemon did not say that it serves")
    return line


def evaluate(socket: str) -> bool:
    """What the client says of the sample's first flag, for whom an override has it on."""
    api.set_provider_and_wait(BurgeeProvider(address=f"unix://{socket}"))
    try:
        context = EvaluationContext("u-1", {"organization": "acme"})
        details = api.get_client().get_boolean_details("new-checkout", False, context)
        print(
            f"new-checkout: {details.value} {details.variant} {details.reason} {details.error_message or ''}"
        )
        return details.value is True and details.variant == "on"
    finally:
        api.shutdown()


def main() -> None:
    """Exit with 0 where the answer and the daemon's end are as they should be."""
    with tempfile.TemporaryDirectory() as directory:
        socket = str(Path(directory) / "burgee.sock")
        command = [str(Path(sys.executable).with_name("burgee")), "up", "--socket", socket]
        command += ["--state-dir", str(Path(directory) / "state"), "--listen", "127.0.0.1:0"]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("BURGEE_")}
        daemon = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=directory, env=environment
        )
        try:
            print(json.loads(first_line(daemon)))
            right = evaluate(socket)
            daemon.send_signal(signal.SIGTERM)
            code = daemon.wait(DEADLINE)
        finally:
            daemon.kill()
            daemon.wait()
    if not right or code != 0:
        sys.exit(f"wrong: the answer was {'right' if right else 'wrong'}, the daemon's exit code {code}")
    print(f"installed package: right on Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
