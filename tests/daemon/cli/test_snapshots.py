"""`burgee snapshot`: what it writes answers as the daemon would, and what it shows is what is there."""

from __future__ import annotations

import json
from pathlib import Path

from burgee.evaluation import evaluate
from burgee.snapshot_bytes import read
from tests.daemon.cli.running import failed, succeeded
from tests.support.daemon import run_command


def written(tmp_path: Path, *arguments: object) -> bytes:
    succeeded("snapshot", "--output", tmp_path / "out.snapshot", *arguments)
    return (tmp_path / "out.snapshot").read_bytes()


def layer(path: Path, flags: object, **parts: object) -> Path:
    path.write_text(json.dumps({"flags": flags, **parts}))
    return path


def test_it_holds_what_the_sources_compose_to(tmp_path: Path) -> None:
    base = layer(tmp_path / "base.json", {"a": {"defaultVariant": "off"}, "b": {"defaultVariant": "off"}})
    top = layer(tmp_path / "top.json", {"a": {"defaultVariant": "on"}})
    found = read(written(tmp_path, "--source", base, "--source", top), whole=True)
    assert [evaluate(found, key, {}, now=0.0).value for key in ("a", "b")] == [True, False]


def test_settings_that_answers_depend_on_are_in_it(tmp_path: Path) -> None:
    base = layer(
        tmp_path / "base.json",
        {"a": {"defaultVariant": "off"}},
        overrides={"environment": {"production": {"a": "on"}}},
    )
    found = read(written(tmp_path, "--source", base, "--environment", "production"), whole=True)
    assert evaluate(found, "a", {"environment": "staging"}, now=0.0).value is True


def test_no_two_files_have_one_generation(tmp_path: Path) -> None:
    base = layer(tmp_path / "base.json", {"a": {"defaultVariant": "off"}})
    generations = {read(written(tmp_path, "--source", base)).generation for _ in range(2)}
    assert len(generations) == 2


def test_a_fault_leaves_the_old_file_as_it_was(tmp_path: Path, faulty: Path) -> None:
    output = tmp_path / "out.snapshot"
    output.write_bytes(b"old")
    said = failed(1, "snapshot", "--source", faulty, "--output", output)
    assert "defaultVarient" in said and output.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path, definition: Path) -> None:
    output = tmp_path / "missing" / "out.snapshot"
    said = failed(1, "snapshot", "--source", definition, "--output", output)
    assert str(output) in said and not output.parent.exists()


def test_without_an_output_or_a_source_the_usage_is_wrong(definition: Path) -> None:
    assert "--output" in failed(2, "snapshot", "--source", definition)
    assert "--source" in failed(2, "snapshot", "--output", "x.snapshot")


def test_show_tells_what_is_in_a_file(tmp_path: Path, definition: Path) -> None:
    data = written(tmp_path, "--source", definition)
    report = json.loads(succeeded("snapshot", "show", tmp_path / "out.snapshot", "--json"))
    assert report["sound"] is True and report["bytes"] == len(data)
    assert report["generation"] == str(read(data).generation)
    assert [each["flags"] for each in report["flagSets"]] == [3]
    lines = succeeded("snapshot", "show", tmp_path / "out.snapshot")
    assert report["generation"] in lines and "3 flags" in lines and "checksum ok" in lines


def test_writing_prints_the_same_as_show(tmp_path: Path, definition: Path) -> None:
    output = tmp_path / "out.snapshot"
    said = succeeded("snapshot", "--source", definition, "--output", output, "--json")
    assert json.loads(said) == json.loads(succeeded("snapshot", "show", output, "--json"))


def test_show_of_a_damaged_file_says_what_is_wrong_and_ends_with_1(tmp_path: Path, definition: Path) -> None:
    data = bytearray(written(tmp_path, "--source", definition))
    data[-1] ^= 1
    (tmp_path / "out.snapshot").write_bytes(data)
    ended = run_command("snapshot", "show", tmp_path / "out.snapshot", "--json")
    report = json.loads(ended.stdout)
    assert ended.returncode == 1 and (report["sound"], report["fault"]) == (False, "checksum")
    assert report["generation"]


def test_show_of_something_else_says_that_it_is_no_snapshot(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"flags: {}\n")
    ended = run_command("snapshot", "show", tmp_path / "other")
    assert ended.returncode == 1 and "magic" in ended.stdout
