"""Settings of who may ask, and of the audit: read from every place, and refused where they cannot be."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from tests.daemon.runtime.test_settings import gathered, problems, settings_file


def test_by_default_nobody_has_a_role_evaluation_is_open_and_the_audit_is_standard() -> None:
    settings = gathered()
    assert (settings.admin_peers, settings.evaluation) == ((), "open")
    assert (settings.audit_mode, settings.audit_key_file, settings.audit_anchors) == ("standard", None, ())
    assert (settings.audit_retention, settings.audit_masks) == (None, ())


def test_a_peer_is_named_by_number_or_by_name_and_later_ones_stand_last() -> None:
    name = pwd.getpwuid(0).pw_name
    settings = gathered(admin_peer=["1000=admin", f"{name}=reader", "1000=none"])
    assert settings.admin_peers == ((1000, "admin"), (0, "reader"), (1000, "none"))


def test_they_come_from_the_environment_and_the_file_too(tmp_path: Path) -> None:
    file = settings_file(
        tmp_path,
        'admin-peer = ["7=writer", "8=auditor"]\nevaluation = "token"\naudit-mode = "strict"\n'
        'audit-key-file = "/k"\naudit-anchor = ["file:/a"]\naudit-retention = "400"\n'
        'audit-mask = ["email"]\n',
    )
    settings = gathered(config=file)
    assert settings.admin_peers == ((7, "writer"), (8, "auditor")) and settings.evaluation == "token"
    assert (settings.audit_mode, settings.audit_key_file) == ("strict", Path("/k"))
    assert (settings.audit_anchors, settings.audit_retention) == (("file:/a",), 400)
    assert settings.audit_masks == ("email",)
    settings = gathered({"BURGEE_ADMIN_PEER": "1=reader 2=admin", "BURGEE_EVALUATION": "open"}, config=file)
    assert settings.admin_peers == ((1, "reader"), (2, "admin")) and settings.evaluation == "open"
    assert gathered(config=file, audit_mode="defense").audit_mode == "defense"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "UID=ROLE"),
        ("1000", "UID=ROLE"),
        ("=admin", "UID=ROLE"),
        ("1000=", "UID=ROLE"),
        ("1000=root", "UID=ROLE"),
        ("1000=ADMIN", "UID=ROLE"),
        ("-1=admin", "no uid"),
        ("4294967295=admin", "no uid"),
        ("4294967296=admin", "no uid"),
        ("no-such-user-here=admin", "no user"),
        ("é\0=admin", "no user"),
        ("65534=admin", "no number"),
        ("65534=reader", "no number"),
    ],
)
def test_a_peer_that_cannot_have_a_role_is_refused(value: str, said: str) -> None:
    [problem] = problems(admin_peer=value)
    assert problem.option == "--admin-peer" and said in problem.message


def test_the_overflow_uid_may_be_given_nothing_and_the_highest_uid_something() -> None:
    settings = gathered(admin_peer=["65534=none", "4294967294=admin"])
    assert settings.admin_peers == ((65534, "none"), (4294967294, "admin"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("evaluation", "closed"),
        ("evaluation", "Token"),
        ("audit_mode", "paranoid"),
        ("audit_retention", "0"),
        ("audit_retention", "-1"),
        ("audit_retention", "1.5"),
        ("audit_retention", "36501"),
        ("audit_retention", "٣"),
        ("audit_anchor", "/var/anchor"),
        ("audit_mask", " "),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(option: str, value: str) -> None:
    [problem] = problems(**{option: value})
    assert problem.option == f"--{option.replace('_', '-')}" and problem.remedy


def test_retention_is_up_to_a_hundred_years() -> None:
    assert gathered(audit_retention="1").audit_retention == 1
    assert gathered(audit_retention="36500").audit_retention == 36_500


def test_the_uid_of_this_process_can_be_named() -> None:
    assert gathered(admin_peer=f"{os.geteuid()}=admin").admin_peers == ((os.geteuid(), "admin"),)
