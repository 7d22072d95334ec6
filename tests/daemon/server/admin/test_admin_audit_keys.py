"""``/admin/v1/audit``: holds, and keys wrapped anew."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from tests.daemon.server.admin.controlled import controlled

from burgeed.audit.keys import MasterKey, MasterKeys
from burgeed.cli import main


async def test_a_hold_is_put_shown_and_released_and_each_is_recorded(tmp_path: Path) -> None:
    async with controlled(tmp_path) as server:
        first = await server.send("POST", "/audit/holds?reason=litigation", {"name": "case/7"}, token="audit")
        again = await server.send("POST", "/audit/holds", {"name": "case/7"}, token="audit")
        assert (first.json, again.json["isNew"]) == ({"name": "case/7", "isNew": True}, False)
        assert (await server.send("GET", "/audit/holds")).json == {"items": [{"name": "case/7"}]}
        body = {"kind": "customer", "name": "c-1", "legalBasis": "x"}
        held = await server.send("POST", "/audit/erase", body)
        assert (held.status, held.json["type"]) == (409, "/problems/held")
        released = await server.send("DELETE", "/audit/holds/case%2F7?reason=settled", token="audit")
        missing = await server.send("DELETE", "/audit/holds/case%2F7", token="audit")
        assert (released.status, missing.status) == (200, 404)
        assert (await server.send("GET", "/audit/holds")).json == {"items": []}
        for unfit in ({}, {"name": ""}, {"name": 7}, {"name": "x", "more": 1}):
            assert (await server.send("POST", "/audit/holds", unfit)).status == 400
        assert (await server.send("POST", "/audit/holds", {"name": "x"}, token="write")).status == 403
        found = (await server.send("GET", "/audit?action=audit.*")).json["items"]
        told = [
            (each["action"], each["actor"], each["reason"]) for each in found if "read" not in each["action"]
        ]
        assert told == [("audit.release", "audit", "settled"), ("audit.hold", "audit", "litigation")]


async def test_keys_that_a_former_master_key_wraps_are_wrapped_anew_while_the_daemon_runs(
    tmp_path: Path,
) -> None:
    async with controlled(tmp_path) as server:
        override = "/overrides/customer/c-1/checkout"
        assert (await server.send("PUT", override, {"variant": "on"})).status == 200
        assert (await server.send("POST", "/audit/rewrap")).json == {"keys": 0}
        journal = server.audit.journal
        former = journal.keys.masters.master
        masters = MasterKeys(MasterKey(b"n" * 32), (former,))
        # As a daemon is that was started with the new key, and the former one beside it.
        journal.keys = replace(journal.keys, masters=masters)
        journal.subjects._masters = masters
        rewrapped = await server.send("POST", "/audit/rewrap?reason=yearly", token="audit")
        assert rewrapped.status == 200 and rewrapped.json["keys"] >= 3
        for table in ("audit_log", "audit_segments", "audit_subjects"):
            rows = await server.database.read(
                lambda transaction, table=table: transaction.execute(  # type: ignore[misc]
                    f"SELECT COUNT(*) FROM {table} WHERE master_id = ? AND master_id <> ''",
                    (former.master_id,),
                )
            )
            assert rows == [(0,)], table
        assert (await server.send("PUT", override, {"variant": "off"})).status == 200


async def test_the_command_line_asks_a_running_daemon_for_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with controlled(tmp_path) as server:
        monkeypatch.setenv("BURGEE_TOKEN", server.tokens["audit"])

        async def says(*arguments: str) -> tuple[int, str]:
            out = io.StringIO()
            with redirect_stdout(out), redirect_stderr(out):
                asked = ["audit", "running", *arguments, "--address", f"http://{server.tcp.host}"]
                code = await asyncio.to_thread(main, asked)
            return code, out.getvalue()

        assert await says("hold", "case 7", "--reason", "litigation") == (
            0, "hold case 7: nothing is pruned or erased\n",
        )  # fmt: skip
        assert (await says("hold", "case 7"))[0] == 1
        assert "case 7" in (await says("holds"))[1]
        assert await says("release", "case 7") == (0, "hold case 7 is released\n")
        code, told = await says("release", "case 7")
        assert code == 1 and "there is no hold" in told
        assert json.loads((await says("rewrap", "--json"))[1]) == {"keys": 0}
