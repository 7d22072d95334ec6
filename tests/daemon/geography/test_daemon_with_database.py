"""The daemon as a process, asked over real sockets, with a database of countries."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.geography.definitions import READ_A_COUNTRY
from tests.support.country_database import GERMAN, PRIVATE, SWEDISH, write_database
from tests.support.daemon import RunningDaemon, clean_environment, run_command, running_daemon

IN_NORWAY = {"89.160.20.0/24": {"country": {"iso_code": "NO"}}}


def test_a_single_answer_goes_by_the_country_of_the_address(daemon: RunningDaemon) -> None:
    for over in (None, daemon.http):
        values = [
            daemon.evaluate("rule", context, over=over)["value"]
            for context in (
                {"ip": SWEDISH},
                {"ip": f"::ffff:{SWEDISH}", "country": None},
                {"ip": SWEDISH, "country": "DE"},
                {"ip": GERMAN},
                {"ip": PRIVATE},
                {"ip": "nonsense"},
                {},
            )
        ]
        assert values == [True, True, False, False, False, False, False]


def test_a_bulk_answer_goes_by_it_too_and_has_another_etag(daemon: RunningDaemon) -> None:
    path = "/ofrep/v1/evaluate/flags"
    swedish, german = (daemon.request("POST", path, {"context": {"ip": ip}}) for ip in (SWEDISH, GERMAN))
    on = [
        {flag["key"] for flag in answer.document["flags"] if flag.get("value") is True}
        for answer in (swedish, german)
    ]
    assert on == [
        {"rule", "segment", "required", "level", "targeting", "computed", "still"},
        {"segment", "both", "still"},
    ]
    assert swedish.headers["ETag"] != german.headers["ETag"]


def test_explain_says_that_the_country_came_from_the_address(daemon: RunningDaemon) -> None:
    documents = [
        daemon.request("POST", "/admin/v1/explain", {"key": "rule", "context": context}).document
        for context in ({"ip": SWEDISH}, {"ip": SWEDISH, "country": "SE"}, {"ip": PRIVATE})
    ]
    assert [document.get("enriched") for document in documents] == [
        {"country": {"value": "SE", "from": "ip"}},
        None,
        None,
    ]
    assert [document["answer"]["value"] for document in documents] == [True, True, False]


def test_the_command_explain_says_so_to_a_person(daemon: RunningDaemon) -> None:
    ended = run_command("explain", "rule", f"ip={SWEDISH}", "--socket", daemon.socket)
    assert ended.returncode == 0 and "rule = true" in ended.stdout
    assert "country is SE, told by the database from ip" in ended.stdout.splitlines()


def test_a_fixed_country_beats_the_address_and_explain_does_not_say_otherwise(
    tmp_path: Path, flags: Path, database: Path
) -> None:
    options = ("--source", flags, "--geoip", database, "--context", "country=DE")
    with running_daemon(tmp_path, *options) as daemon:
        message = {"key": "rule", "context": {"ip": SWEDISH}}
        explained = daemon.request("POST", "/admin/v1/explain", message).document
        assert daemon.evaluate("rule", {"ip": SWEDISH})["value"] is False
        assert "enriched" not in explained and explained["answer"]["value"] is False
        assert daemon.status()["geography"]["needsDaemonCount"] == 0


def test_status_tells_of_the_database_and_of_the_flags_that_need_it(
    daemon: RunningDaemon, database: Path
) -> None:
    told = daemon.status()["geography"]
    assert (told["path"], told["state"], told["databaseType"]) == (str(database), "live", "Test-Country")
    assert (told["needsDaemonCount"], told["failedLookups"]) == (len(READ_A_COUNTRY), 0)


def test_another_database_is_a_new_generation_of_the_flags_that_read_a_country(
    daemon: RunningDaemon, database: Path
) -> None:
    before = daemon.status()["generation"]
    stream = daemon.connect()
    stream.request("GET", "/sync/v1/events")
    events = stream.getresponse()
    write_database(database, IN_NORWAY)
    daemon.wait_until(lambda: daemon.evaluate("rule", {"ip": SWEDISH})["value"] is False)
    after = daemon.status()["generation"]
    told: list[Any] = []
    for _ in range(60):
        line = events.readline().decode()
        if "flagsChanged" in line:
            told.append(json.loads(line.removeprefix("data:")))
        if len(told) == 2:
            break
    stream.close()
    assert [each["etag"] for each in told] == [before, after] and before != after
    assert (told[1]["reason"], set(told[1]["flagsChanged"])) == ("change", READ_A_COUNTRY)
    answer = daemon.request("POST", "/ofrep/v1/evaluate/flags/rule", {"context": {"ip": SWEDISH}})
    assert answer.headers["Burgee-Generation"] == after


def test_a_database_that_breaks_later_is_used_on_and_status_says_why(
    daemon: RunningDaemon, database: Path
) -> None:
    before = daemon.status()["generation"]
    database.write_bytes(b"half of it")
    daemon.wait_until(lambda: daemon.status()["geography"]["state"] == "rejected")
    status = daemon.status()
    assert daemon.evaluate("rule", {"ip": SWEDISH})["value"] is True
    assert "MaxMind" in status["geography"]["why"]
    assert (status["status"], status["generation"]) == ("ready", before)
    assert daemon.log.count("database of countries cannot be used") == 1


def test_sighup_reads_the_database_again(daemon: RunningDaemon, database: Path) -> None:
    write_database(database, IN_NORWAY)
    daemon.signal(signal.SIGHUP)
    daemon.wait_until(lambda: daemon.evaluate("rule", {"ip": SWEDISH})["value"] is False)
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0


def test_the_same_database_written_again_publishes_nothing(daemon: RunningDaemon, database: Path) -> None:
    before = daemon.status()["generation"]
    aside = database.with_suffix(".new")
    aside.write_bytes(database.read_bytes())
    aside.rename(database)
    daemon.signal(signal.SIGHUP)
    # What comes after it is taken over after it, so that nothing is still to come.
    write_database(database, IN_NORWAY)
    daemon.wait_until(lambda: daemon.evaluate("rule", {"ip": SWEDISH})["value"] is False)
    number, then = (int(text.rpartition("-")[2]) for text in (before, daemon.status()["generation"]))
    assert then == number + 1


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), (b"", "cut short"), (b"\x1f\x8b gzip", "unpack")]
)
def test_without_a_good_database_it_does_not_start_and_says_why(
    tmp_path: Path, flags: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "bad.mmdb"
    if content is not None:
        path.write_bytes(content)
    ended = run_command(
        *("serve", "--source", flags, "--geoip", path, "--listen", "none"),
        *("--socket", tmp_path / "b.sock", "--state-dir", tmp_path / "state"),
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"burgee: --geoip: {path}: " in ended.stderr and said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_local_evaluation_tells_the_country_as_the_daemon_does(
    daemon: RunningDaemon, flags: Path, database: Path
) -> None:
    here = ("--source", flags, "--json", "--geoip", database)
    for context in ([f"ip={SWEDISH}"], [f"ip={SWEDISH}", "country=DE"], [f"ip={PRIVATE}"]):
        served = json.loads(run_command("eval", "rule", *context, "--socket", daemon.socket, "--json").stdout)
        local = json.loads(run_command("eval", "rule", *context, *here).stdout)
        assert local == served
    explained = json.loads(run_command("explain", "rule", f"ip={SWEDISH}", *here).stdout)
    assert explained["enriched"] == {"country": {"value": "SE", "from": "ip"}}


def test_local_evaluation_takes_the_database_from_the_environment(flags: Path, database: Path) -> None:
    ended = run_command(
        *("eval", "rule", f"ip={SWEDISH}", "--source", flags, "--json"),
        environment=clean_environment(BURGEE_GEOIP=str(database)),
    )
    assert json.loads(ended.stdout)["value"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--geoip", "x.mmdb"), "--source"),
        (("--source", "flags.json", "--geoip", "/no/such.mmdb"), "/no/such"),
    ],
)
def test_local_evaluation_refuses_a_database_that_it_cannot_use(
    arguments: tuple[str, ...], said: str
) -> None:
    ended = run_command("eval", "rule", *arguments)
    assert ended.returncode == 2 and said in ended.stderr
