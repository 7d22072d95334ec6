"""What a source's URI may be, and where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from burgeed.clock import SystemClock
from burgeed.reading.process import ReaderProcess
from burgeed.sources.file import FileSource
from burgeed.sources.uri import SourceError, from_uri, path_of


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("flags.yaml", "flags.yaml"),
        ("/etc/burgee", "/etc/burgee"),
        ("./odd:name.yaml", "./odd:name.yaml"),
        ("/with a%20percent", "/with a%20percent"),
        ("file:flags.yaml", "flags.yaml"),
        ("file:/etc/flags.yaml", "/etc/flags.yaml"),
        ("file:///etc/my%20flags.yaml", "/etc/my flags.yaml"),
        ("FILE://localhost/etc/flags.yaml", "/etc/flags.yaml"),
        ("file:///etc/%C3%A9.yaml", "/etc/é.yaml"),
    ],
)
def test_a_path_and_a_file_uri_lead_to_a_path(uri: str, path: str) -> None:
    assert path_of(uri) == path


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("", "no path"),
        ("file:", "no path"),
        ("file://", "no path"),
        ("http://example.com/flags.json", "http: is not supported"),
        ("s3://bucket/flags.json", "s3: is not supported"),
        ("odd:name.yaml", "./like:this"),
        ("file://fileserver/flags.yaml", "another host, fileserver"),
        ("file:///flags.yaml?x=1", "no query"),
        ("file:///flags.yaml#x", "no fragment"),
        ("a\0b", "NUL"),
        ("file:///%ff", "UTF-8"),
    ],
)
def test_anything_else_is_an_error_that_says_what_is_supported(uri: str, said: str) -> None:
    with pytest.raises(SourceError, match=r"supported|another host|query") as refusal:
        path_of(uri)
    assert said in str(refusal.value)


def test_the_source_keeps_the_uri_as_its_name_and_touches_nothing_yet(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/not-there.yaml"
    source = from_uri(uri, reader=ReaderProcess(), clock=SystemClock())
    assert isinstance(source, FileSource)
    assert source.name == uri
    assert list(tmp_path.iterdir()) == []
