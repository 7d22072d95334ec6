"""The settings, the systemd unit, the Compose file and the Kubernetes manifest under ``config``."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from burgeed.reading.messages import SourceFile
from burgeed.reading.process import ReaderProcess
from burgeed.settings import OPTIONS, gather

CONFIG = Path(__file__).parent.parent / "config"


def test_the_sample_settings_are_settings() -> None:
    settings = gather({"config": [str(CONFIG / "daemon.toml")]}, {})
    assert [source.uri for source in settings.sources] == [
        "/etc/burgee/flags.yaml",
        "/etc/burgee/session-persistence.yaml",
        "/etc/burgee/on-call.yaml",
    ]
    assert [source.optional for source in settings.sources] == [False, False, True]
    assert dict(settings.fixed) == {"environment": "production", "region": "eu-north-1", "cell": 3}


def serve_arguments(words: list[str]) -> dict[str, list[str]]:
    """The options of a ``burgee serve`` command line, each written ``--name=value`` or ``--name value``."""
    assert words[0] == "serve"
    found: dict[str, list[str]] = {}
    waiting = words[1:]
    while waiting:
        word = waiting.pop(0)
        assert word.startswith("--"), word
        name, equals, value = word.removeprefix("--").partition("=")
        found.setdefault(name, []).append(value if equals else waiting.pop(0))
    return found


def command_lines() -> dict[str, list[str]]:
    """Every ``burgee serve`` of the samples."""
    unit = (CONFIG / "burgee.service").read_text(encoding="utf-8")
    start = re.search(r"^ExecStart=\S+/burgee (.*)$", unit, re.MULTILINE)
    assert start is not None
    deployment = kubernetes("Deployment")["spec"]["template"]["spec"]
    return {
        "burgee.service": start[1].split(),
        "compose.yaml": compose_services()["burgee"]["command"],
        "kubernetes.yaml": deployment["initContainers"][0]["args"],
    }


def compose_services() -> Any:
    return yaml.safe_load((CONFIG / "compose.yaml").read_text(encoding="utf-8"))["services"]


def kubernetes(kind: str) -> Any:
    documents = yaml.safe_load_all((CONFIG / "kubernetes.yaml").read_text(encoding="utf-8"))
    return next(each for each in documents if each["kind"] == kind)


@pytest.mark.parametrize("name", ["burgee.service", "compose.yaml", "kubernetes.yaml"])
def test_the_samples_start_the_daemon_with_options_that_it_has(name: str) -> None:
    options = serve_arguments(command_lines()[name])
    assert options.keys() <= {option.name for option in OPTIONS}
    if "config" in options:
        assert options["config"] == ["/etc/burgee/daemon.toml"]
        options["config"] = [str(CONFIG / "daemon.toml")]
    assert gather(options, {}).sources


def test_the_options_of_the_samples_are_explained_by_help() -> None:
    command = [sys.executable, "-m", "burgeed.cli", "serve", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    used = {name for words in command_lines().values() for name in serve_arguments(words)}
    assert {name for name in used if f"--{name} " not in text} == set()


async def test_the_definition_in_the_kubernetes_sample_is_accepted() -> None:
    data = kubernetes("ConfigMap")["data"]
    reader = ReaderProcess()
    await reader.start()
    try:
        files = [SourceFile(name, text.encode()) for name, text in data.items()]
        reading = await reader.read("configmap", files)
    finally:
        await reader.close()
    assert reading.warnings == ()
    assert set(reading.layer.definitions[0].flags) == {"new-checkout", "upload-limit-mb"}


def test_the_containers_of_the_samples_share_one_socket() -> None:
    pod = kubernetes("Deployment")["spec"]["template"]["spec"]
    applications = [
        (compose_services()["application"]["environment"]["BURGEE_ADDRESS"], "compose.yaml"),
        (pod["containers"][0]["env"][0]["value"], "kubernetes.yaml"),
    ]
    for address, name in applications:
        assert address == f"unix://{serve_arguments(command_lines()[name])['socket'][0]}"


def test_the_probes_of_the_kubernetes_sample_ask_the_management_port() -> None:
    sidecar = kubernetes("Deployment")["spec"]["template"]["spec"]["initContainers"][0]
    port = serve_arguments(sidecar["args"])["management"][0].rpartition(":")[2]
    assert sidecar["ports"] == [{"name": "health", "containerPort": int(port)}]
    probes = [sidecar[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert [(probe["path"], probe["port"]) for probe in probes] == [
        ("/readyz", "health"),
        ("/readyz", "health"),
        ("/healthz", "health"),
    ]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = (CONFIG / "burgee.service").read_text(encoding="utf-8")
    copy = tmp_path / "burgee.service"
    # systemd wants the command to exist; its path is this machine's own affair.
    copy.write_text(unit.replace("/opt/burgee/bin/burgee", sys.executable), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    about_it = [line for line in result.stderr.splitlines() if "burgee" in line]
    assert (result.returncode, about_it) == (0, [])


def has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, timeout=60)
    return asked.returncode == 0


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
def test_docker_compose_accepts_the_sample() -> None:
    command = ["docker", "compose", "--file", str(CONFIG / "compose.yaml"), "config", "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
