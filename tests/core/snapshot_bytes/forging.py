"""Snapshots that no writer writes, with checksums that hold."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack_into, unpack_from
from typing import Any
from zlib import crc32

import orjson
from hypothesis import strategies as st

from burgee.snapshot_bytes.header import Section, read_directory, read_header, whole
from burgee.snapshot_bytes.layout import BLOCK_ENTRIES, Kind
from burgee.snapshot_bytes.table import Row, Table
from burgee.snapshot_bytes.table_writing import Content, Record

Draw = Callable[[st.SearchStrategy[Any]], Any]


def rewritten(data: bytes, kind: Kind, alter: Callable[[list[Row]], list[Row]]) -> bytes:
    """The snapshot with the rows of the tables of one kind altered."""
    return _rebuilt(data, lambda found, rows: alter(rows) if found == kind else rows)


def forged(data: bytes, draw: Draw, values: st.SearchStrategy[Any]) -> bytes:
    """The snapshot with some parts of some records replaced by other values."""

    def alter(kind: Kind, rows: list[Row]) -> list[Row]:
        chosen = draw(st.integers(-1, len(rows) - 1))
        if chosen >= 0:
            document = _altered(orjson.loads(bytes(rows[chosen].record)), draw, values)
            rows[chosen] = rows[chosen]._replace(record=memoryview(orjson.dumps(document)))
        return rows

    return _rebuilt(data, alter)


def _rebuilt(data: bytes, alter: Callable[[Kind, list[Row]], list[Row]]) -> bytes:
    header = read_header(data)
    sections, content = read_directory(memoryview(data), header)
    made = Content()
    for section in sections:
        kind = Kind(section.kind)
        if kind is Kind.GENERAL:
            made.add_bytes(kind, bytes(content[section.offset : section.offset + section.length]))
            continue
        rows = alter(kind, list(Table(content, section, "forged").rows()))
        records = [Record(bytes(row.record), crc32(row.record)) for row in rows]
        keys, numbers = [row.key for row in rows], [row.number for row in rows]
        made.add_table(kind, section.flag_set, keys, records, numbers)
    return whole(header.generation, (), made.sections, made.pieces)


def _altered(document: Any, draw: Draw, values: st.SearchStrategy[Any]) -> Any:
    """The document with one value in it, at any depth, replaced."""
    steps: list[Any] = sorted(document) if isinstance(document, dict) else []
    if isinstance(document, list):
        steps = list(range(len(document)))
    if not steps or draw(st.integers(0, 3)) == 0:
        return _writable(draw(values))
    step = draw(st.sampled_from(steps))
    copied = dict(document) if isinstance(document, dict) else list(document)
    copied[step] = _altered(document[step], draw, values)
    return copied


def _writable(value: Any) -> Any:
    """What orjson can write: integers of more than 64 bit become text."""
    if isinstance(value, dict):
        return {key: _writable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_writable(each) for each in value]
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def with_words(data: bytes, words: list[tuple[int, int]]) -> bytes:
    """The snapshot with words of its indexes replaced, and the checksums of these made to hold again."""
    header = read_header(data)
    sections, content = read_directory(memoryview(data), header)
    altered = bytearray(content)
    tables = [section for section in sections if section.kind != Kind.GENERAL]
    for index, (place, word) in enumerate(words):
        section = tables[place % len(tables)]
        where, length = (section.offset, section.length) if index % 2 else _block(altered, section)
        if length >= 4:
            pack_into("<I", altered, where + place % (length // 4) * 4, word)
    sound = [_with_checksums(altered, section) for section in sections]
    return whole(header.generation, (), sound, [bytes(altered)])


def _block(content: bytearray, section: Section) -> tuple[int, int]:
    """Where the first block of a table lies, where it still lies inside."""
    blocks = -(-section.entries // BLOCK_ENTRIES)
    (offset,) = unpack_from("<Q", content, section.offset)
    (length,) = unpack_from("<I", content, section.offset + blocks * 16)
    return (offset, length) if offset + length <= len(content) else (0, 0)


def _with_checksums(content: bytearray, section: Section) -> Section:
    if section.kind != Kind.GENERAL:
        blocks = -(-section.entries // BLOCK_ENTRIES)
        offset, length = _block(content, section)
        pack_into("<I", content, section.offset + blocks * 20, crc32(content[offset : offset + length]))
    return section._replace(checksum=crc32(content[section.offset : section.offset + section.length]))
