"""The reader process: warm, replaceable, and never the daemon's own end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from burgee.errors import DefinitionError
from burgee.wire.layer import LayerAssembler
from burgeed.reading.limits import FILE_SIZE_LIMIT, SLICE_SIZE
from burgeed.reading.messages import END, Request, SourceFile, frame, write_request
from burgeed.reading.process import ReaderFailed, ReaderProcess

GOOD = SourceFile("flags.yaml", b"flags: {a: {defaultVariant: on}}\n")
FAULTY = SourceFile("flags.yaml", b"flags:\n  a: {defaultVariant: maybe}\n")
HANGS = SourceFile("flags.yaml", b"flags: {}  # hang here\n")


def many(count: int) -> SourceFile:
    """A file of that many flags."""
    flags = "".join(f"  flag-{number}: {{description: some text}}\n" for number in range(count))
    return SourceFile("flags.yaml", f"flags:\n{flags}".encode())


@pytest.fixture
async def reader(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ReaderProcess]:
    """A started reader, which stops itself in the middle of reading ``HANGS``; ended afterwards."""
    monkeypatch.setenv("BURGEE_READER_SELF_HARM", "SIGSTOP:hang here")
    process = ReaderProcess()
    await process.start()
    yield process
    await process.close()
    assert process.pid is None


def state(pid: int) -> str:
    """The state of a process: R or S while it lives, T when it is stopped, Z or nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, twenty seconds at most."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_good_file_becomes_a_layer(reader: ReaderProcess) -> None:
    reading = await reader.read("file:flags.yaml", [GOOD])
    (definition,) = reading.layer.definitions
    assert reading.layer.source == "file:flags.yaml"
    assert definition.flags["a"].default_variant == "on"
    assert definition.flags["a"].origin.file == "flags.yaml"
    assert reading.warnings == ()


async def test_a_faulty_file_is_refused_with_file_line_and_column(reader: ReaderProcess) -> None:
    with pytest.raises(DefinitionError) as caught:
        await reader.read("s", [FAULTY])
    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.column) == ("flags.yaml", 2, 23)
    assert fault.path == ("flags", "a", "defaultVariant")


async def test_warnings_come_with_the_layer(reader: ReaderProcess) -> None:
    warned = SourceFile("a.json", b'{"flags": {"a": {"variants": {"big": 9007199254740993}}}}')
    reading = await reader.read("s", [warned])
    assert [(each.severity, each.line, each.column) for each in reading.warnings] == [("warning", 1, 38)]


async def test_one_process_serves_one_read_after_another(reader: ReaderProcess) -> None:
    pid = reader.pid
    for _ in range(3):
        await reader.read("s", [GOOD])
        with pytest.raises(DefinitionError):
            await reader.read("s", [FAULTY])
    assert reader.pid == pid


async def test_the_reader_has_a_session_of_its_own(reader: ReaderProcess) -> None:
    assert reader.pid is not None
    assert os.getsid(reader.pid) == reader.pid


async def test_files_of_all_formats_make_one_layer(reader: ReaderProcess) -> None:
    files = [
        SourceFile("a.yaml", b"flags: {a: {}}"),
        SourceFile("b.yml", b"flags: {b: {}}"),
        SourceFile("c.json", b'{"flags": {"c": {}}}'),
        SourceFile("D.TOML", b"[flags.d]"),
    ]
    reading = await reader.read("s", files)
    assert list(reading.layer.definitions[0].flags) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("name", ["flags.txt", "flags", "flags.yaml~"])
async def test_a_name_that_tells_no_format_is_a_fault_that_names_those_that_do(
    reader: ReaderProcess, name: str
) -> None:
    with pytest.raises(DefinitionError, match=r"\.json, \.yaml, \.yml, \.toml"):
        await reader.read("s", [SourceFile(name, b"flags: {}")])


async def test_a_path_that_is_no_unicode_still_gets_its_fault(reader: ReaderProcess) -> None:
    with pytest.raises(DefinitionError, match="empty"):
        await reader.read("s", [SourceFile(os.fsdecode(b"\xff.yaml"), b"")])


async def test_a_file_over_the_limit_is_a_fault(reader: ReaderProcess) -> None:
    with pytest.raises(DefinitionError, match="larger than 16 MiB"):
        await reader.read("s", [SourceFile("a.yaml", b"#" * (FILE_SIZE_LIMIT + 2))])


async def test_unchanged_flags_are_the_very_objects_of_the_last_reading(reader: ReaderProcess) -> None:
    first = await reader.read("s", [SourceFile("f.yaml", b"flags: {a: {}, b: {}}")])
    second = await reader.read(
        "s", [SourceFile("f.yaml", b"flags: {a: {}, b: {owner: me}}")], first.assembler
    )
    old, new = first.layer.definitions[0].flags, second.layer.definitions[0].flags
    assert new["a"] is old["a"]
    assert new["b"] != old["b"]


async def test_other_tasks_run_between_the_slices_of_a_large_layer(
    reader: ReaderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = reader.pid or 0
    taken_in_one_turn: list[int] = []

    class CountingAssembler(LayerAssembler):
        def feed(self, line: bytes) -> None:
            if not taken_in_one_turn:
                while state(pid) == "R":
                    pass
                taken_in_one_turn.append(0)
            taken_in_one_turn[-1] += 1
            super().feed(line)

    async def mark_turns() -> None:
        while True:
            if taken_in_one_turn:
                taken_in_one_turn.append(0)
            await asyncio.sleep(0)

    monkeypatch.setattr("burgeed.reading.process.LayerAssembler", CountingAssembler)
    marking = asyncio.create_task(mark_turns())
    reading = await reader.read("s", [many(4000)])
    marking.cancel()
    assert len(reading.layer.definitions[0].flags) == 4000
    assert sum(taken_in_one_turn) > 4000
    shortest_line = 60
    assert max(taken_in_one_turn) < SLICE_SIZE / shortest_line


async def test_locate_gives_the_position_of_keys_and_of_list_items(reader: ReaderProcess) -> None:
    yaml = SourceFile("a.yaml", b"flags:\n  a:\n    rules:\n      - {serve: on}\n      - serve: on\n")
    paths = [
        ("flags",),
        ("flags", "a", "rules"),
        ("flags", "a", "rules", 0),
        ("flags", "a", "rules", 1, "serve"),
        ("flags", "b"),
        ("flags", "a", "rules", 2),
        ("flags", 0),
        (),
    ]
    expected = [(1, 1), (3, 5), (4, 9), (5, 9), None, None, None, (1, 1)]
    assert await reader.locate(yaml, paths) == expected
    json = SourceFile("a.json", b'{"flags":\n {"a": {"rules":\n  [{"serve": "on"},\n   {"serve": "on"}]}}}')
    assert await reader.locate(json, paths) == [(1, 2), (2, 9), (3, 4), (4, 5), None, None, None, (1, 1)]
    toml = SourceFile("a.toml", b'[[flags.a.rules]]\nserve = "on"\n[[flags.a.rules]]\nserve = "on"\n')
    assert await reader.locate(toml, paths) == [(1, 3), (1, 11), (1, 1), (4, 1), None, None, None, (1, 1)]


async def test_killed_in_the_middle_of_a_read_it_counts_as_failed_and_the_next_read_works(
    reader: ReaderProcess,
) -> None:
    pid = reader.pid or 0
    reading = asyncio.create_task(reader.read("s", [HANGS]))
    await until(lambda: state(pid) == "T")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ReaderFailed, match="SIGKILL"):
        await reading
    assert (await reader.read("s", [GOOD])).layer.definitions[0].flags.keys() == {"a"}
    assert reader.pid not in (None, pid)


async def test_killed_while_idle_it_costs_no_reading(reader: ReaderProcess) -> None:
    pid = reader.pid or 0
    await reader.read("s", [GOOD])
    os.kill(pid, signal.SIGKILL)
    while state(pid) not in ("", "Z"):
        # Nobody else gets a turn: the event loop cannot have noticed.
        pass
    assert (await reader.read("s", [GOOD])).layer.definitions
    assert reader.pid != pid


@pytest.mark.parametrize(
    ("harm", "deadline", "reason"),
    [("SIGKILL", 30.0, "SIGKILL"), ("SIGSEGV", 30.0, "SIGSEGV"), ("SIGSTOP", 3.0, "within 3 s")],
)
async def test_a_document_that_ends_or_hangs_the_reader_leaves_this_process_alive(
    monkeypatch: pytest.MonkeyPatch, harm: str, deadline: float, reason: str
) -> None:
    monkeypatch.setenv("BURGEE_READER_SELF_HARM", f"{harm}:poison")
    reader = ReaderProcess(deadline=deadline)
    try:
        with pytest.raises(ReaderFailed, match=reason):
            await reader.read("s", [SourceFile("a.yaml", b"flags: {}  # poison")])
        assert (await reader.read("s", [GOOD])).layer.definitions
    finally:
        await reader.close()


async def test_a_cancelled_read_leaves_no_answer_behind_for_the_next(reader: ReaderProcess) -> None:
    first = reader.pid or 0
    reading = asyncio.create_task(reader.read("s", [HANGS]))
    waiting = asyncio.create_task(reader.read("s", [GOOD]))
    await until(lambda: state(first) == "T")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (await waiting).layer.definitions[0].flags.keys() == {"a"}
    await until(lambda: state(first) in ("", "Z"))


async def test_a_read_cancelled_while_it_waits_for_its_turn_disturbs_nobody(reader: ReaderProcess) -> None:
    pid = reader.pid
    reading = asyncio.create_task(reader.read("s", [many(200)]))
    waiting = asyncio.create_task(reader.read("s", [GOOD]))
    await asyncio.sleep(0)
    waiting.cancel()
    assert len((await reading).layer.definitions[0].flags) == 200
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert reader.pid == pid


async def test_concurrent_reads_each_get_their_own_answer(reader: ReaderProcess) -> None:
    async def read(number: int) -> list[str]:
        file = SourceFile("f.yaml", f"flags: {{flag-{number}: {{}}}}".encode())
        return list((await reader.read(f"source-{number}", [file])).layer.definitions[0].flags)

    answers = await asyncio.gather(*(read(number) for number in range(20)))
    assert answers == [[f"flag-{number}"] for number in range(20)]


DEEP = [
    SourceFile("sequences.yaml", b"[" * 300_000),
    SourceFile("block.yaml", b"- " * 300_000),
    SourceFile("mappings.yaml", b"{a: " * 300_000),
    SourceFile("arrays.json", b"[" * 300_000),
    SourceFile("objects.json", b'{"a":' * 300_000),
    SourceFile("closed.json", b'{"a": ' + b"[" * 300_000 + b"]" * 300_000 + b"}"),
    SourceFile("arrays.toml", b"a = " + b"[" * 300_000),
    SourceFile("tables.toml", b"a = " + b"{a = " * 300_000),
    SourceFile("key.toml", b"a." * 300_000 + b"a = 1"),
    SourceFile("header.toml", b"[" + b"a." * 300_000 + b"a]\nb = 1"),
]


async def test_three_hundred_thousand_levels_are_a_fault_and_no_crash(reader: ReaderProcess) -> None:
    pid = reader.pid
    for file in DEEP:
        with pytest.raises(DefinitionError, match="deeper than 64 levels"):
            await reader.read("s", [file])
        assert reader.pid == pid, file.path
        assert (await reader.read("s", [GOOD])).layer.definitions


async def test_an_alias_bomb_is_refused_alias_by_alias(reader: ReaderProcess) -> None:
    levels = ["a0: &a0 [x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(DefinitionError) as caught:
        await reader.read("s", [SourceFile("bomb.yaml", "\n".join(levels).encode())])
    assert sum("alias" in fault.message for fault in caught.value.faults) == 39 * 9


def test_the_reader_ends_with_its_input() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "burgeed.reading.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.communicate(b"", timeout=20) == (b"", None)
    assert worker.returncode == 0


def test_what_a_library_prints_in_the_reader_stays_out_of_its_replies() -> None:
    code = (
        "from burgeed.reading import worker; read = worker.read_files;"
        "worker.read_files = lambda *given: (print('noise', flush=True), read(*given))[1]; worker.main()"
    )
    request = frame(write_request(Request("read", "s", ("a.json",)))) + frame(b'{"flags": {}}')
    done = subprocess.run([sys.executable, "-c", code], input=request, capture_output=True, timeout=20)
    assert done.stdout.endswith(frame(END + b"[]"))
    assert (done.stdout.count(b"noise"), done.stderr) == (0, b"noise\n")


def test_the_daemons_side_imports_no_parser() -> None:
    parsers = "{'yaml', 'tomllib', 'tree_sitter', 'tree_sitter_toml'}"
    code = f"import sys, burgeed.reading.process; print({parsers} & sys.modules.keys())"
    found = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=20)
    assert found.strip() == "set()"
