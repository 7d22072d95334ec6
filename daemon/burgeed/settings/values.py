"""One reader for each kind of text that an option takes. Each returns a value or raises UnfitValue."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Literal

import orjson

from burgeed.settings.errors import UnfitValue
from burgeed.settings.model import Address, SourceSetting

LONGEST_SOCKET_PATH = 107
"""Bytes that Linux takes in the address of a Unix socket, without the closing NUL."""

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s\[\]]+):(?P<port>\d{1,5})", re.ASCII)
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_SOURCE_OPTION = re.compile(r"(?P<uri>.*),(?P<name>[A-Za-z_-]+)=(?P<value>[^,/]*)", re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_SMALLEST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**63 - 1


def read_scalar(text: str) -> str | int | float | bool | None:
    """A JSON scalar, or else the text itself: ``3`` is a number, ``"3"`` and ``v3`` are text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    if isinstance(value, dict | list):
        return text
    if _INTEGER.fullmatch(text) and not _SMALLEST_INTEGER <= int(text) <= _LARGEST_INTEGER:
        raise UnfitValue(f"{text} does not fit in 64 bits", f"write it as text, '\"{text}\"'")
    return value  # type: ignore[no-any-return]


def read_attribute(text: str) -> tuple[str, str | int | float | bool | None]:
    """``KEY=VALUE``, the value as :func:`read_scalar` has it."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UnfitValue(f"{text!r} is not KEY=VALUE", "write an attribute, such as region=eu")
    return key, read_scalar(value)


def read_source(text: str) -> SourceSetting:
    """``URI`` or ``URI,optional=true``."""
    match = _SOURCE_OPTION.fullmatch(text)
    uri, optional = text, False
    if match:
        name, value = match["name"], match["value"]
        if name != "optional":
            raise UnfitValue(f"unknown option {name!r} of a source", "the only one is optional=true")
        if value not in ("true", "false"):
            raise UnfitValue(f"optional={value} is neither true nor false", "write optional=true")
        uri, optional = match["uri"], value == "true"
    if not uri.strip():
        raise UnfitValue("the URI is empty", "name a file or a directory, such as config/flags.yaml")
    return SourceSetting(uri, optional)


def read_address(text: str) -> Address:
    """``HOST:PORT``, an IPv6 host in brackets."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None:
        raise UnfitValue(f"{text!r} is not HOST:PORT", "write an address, such as 127.0.0.1:8016")
    if int(match["port"]) > 65535:
        raise UnfitValue(f"there is no port {match['port']}", "take one up to 65535")
    return Address(match["host"].strip("[]"), int(match["port"]))


def read_listen(text: str) -> Address | None:
    """A loopback ``HOST:PORT``, or ``none``.

    Beyond loopback an evaluation tells anyone on the network whom a flag is for, and there are no tokens
    yet to say who may ask.
    """
    if text == "none":
        return None
    address = read_address(text)
    if not is_loopback(address.host):
        raise UnfitValue(
            f"{address.host} can be reached from outside this machine, where nothing protects it",
            "listen on 127.0.0.1 or [::1], share the socket, or use --management for probes",
        )
    return address


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_host_name(text: str) -> str:
    """A name that a ``Host`` header may carry, without a port, in lower case."""
    if not _HOST_NAME.fullmatch(text):
        raise UnfitValue(f"{text!r} is not a host name", "write a name without port, such as flags.local")
    return text.lower()


def read_mode(text: str) -> int:
    """Permission bits in octal that let the owner read and write."""
    if not re.fullmatch(r"(0o)?[0-7]{3,4}", text):
        raise UnfitValue(f"{text!r} is not a file mode", "write it in octal, such as 0660")
    mode = int(text.removeprefix("0o"), 8)
    if mode & 0o600 != 0o600 or mode & ~0o777:
        raise UnfitValue(
            f"{text} keeps the daemon's own user out, or sets special bits", "write 0600 to 0777"
        )
    return mode


def read_socket_path(text: str) -> Path:
    """A path short enough to bind."""
    path = read_path(text)
    length = len(str(path.absolute()).encode())
    if length > LONGEST_SOCKET_PATH:
        raise UnfitValue(
            f"the path is {length} bytes long, more than {LONGEST_SOCKET_PATH}", "choose a shorter one"
        )
    return path


def read_path(text: str) -> Path:
    """A path, its ``~`` replaced."""
    if "\0" in text:
        raise UnfitValue("a path cannot hold a NUL character", "leave it out")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UnfitValue(f"{text!r} names no known home directory", "write the path in full") from error


def read_track_path(text: str) -> Path:
    """A path, but not ``-``."""
    if text == "-":
        raise UnfitValue(
            "standard output is taken, by the line that says where the daemon serves",
            "name a file, such as /var/log/burgee/events.jsonl",
        )
    return read_path(text)


def read_store(text: str) -> str:
    """``none``."""
    if text != "none":
        raise UnfitValue(
            f"{text!r} asks for a store, and this version has none", "write none, or leave the option out"
        )
    return text


def read_fractional_version(text: str) -> Literal[2, 3]:
    """``2`` or ``3``."""
    if text == "2":
        return 2
    if text == "3":
        return 3
    raise UnfitValue(f"{text!r} is not a generation of fractional", "write 2 or 3")


def read_log_format(text: str) -> Literal["text", "json"]:
    """``text`` or ``json``."""
    if text == "text":
        return "text"
    if text == "json":
        return "json"
    raise UnfitValue(f"{text!r} is not a log format", "write text or json")


def read_name(text: str) -> str:
    """Any text that is not empty."""
    if not text.strip():
        raise UnfitValue("it is empty", "write a name")
    return text
