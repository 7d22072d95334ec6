"""One reader for each kind of text that an option takes. Each returns a value or raises UnfitValue."""

from __future__ import annotations

import ipaddress
import pwd
import re
from pathlib import Path
from typing import Literal

import orjson

from burgeed.settings.errors import UnfitValue
from burgeed.settings.model import Address, AuditMode, EvaluationAccess, PeerRole, SourceSetting

PEER_ROLES: dict[str, PeerRole] = {
    "reader": "reader",
    "writer": "writer",
    "auditor": "auditor",
    "admin": "admin",
    "none": "none",
}

POSTGRESQL = ("postgresql://", "postgres://")

OVERFLOW_UID = 65534
"""What Linux shows for users of another user namespace that have no number in this one."""

LONGEST_SOCKET_PATH = 107
"""Bytes that Linux takes in the address of a Unix socket, without the closing NUL."""

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\s\[\]]+):(?P<port>\d{1,5})", re.ASCII)
_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_SOURCE_OPTION = re.compile(r"(?P<uri>.*),(?P<name>[A-Za-z_-]+)=(?P<value>[^,/]*)", re.DOTALL)
_SOURCE_OPTIONS = ("optional", "bundle")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
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
    """``URI``, ``URI,optional=true``, ``URI,bundle=NAME`` or both."""
    uri, stated = text, dict[str, str]()
    # Left of a known option, what looks like an unknown one is part of the path, which may have commas.
    while (match := _SOURCE_OPTION.fullmatch(uri)) and (not stated or match["name"] in _SOURCE_OPTIONS):
        if match["name"] not in _SOURCE_OPTIONS:
            remedy = "there are optional=true and bundle=NAME"
            raise UnfitValue(f"unknown option {match['name']!r} of a source", remedy)
        uri = match["uri"]
        stated.setdefault(match["name"], match["value"])
    optional, bundle = stated.get("optional", "false"), stated.get("bundle", "")
    if optional not in ("true", "false"):
        raise UnfitValue(f"optional={optional} is neither true nor false", "write optional=true")
    if "bundle" in stated and not bundle:
        raise UnfitValue("bundle= names no bundle", "write the name that it is signed with")
    if not uri.strip():
        raise UnfitValue("the URI is empty", "name a file or a directory, such as config/flags.yaml")
    if uri == "admin":
        raise UnfitValue("admin is what is set at run time", "write ./admin for a file of that name")
    return SourceSetting(uri, optional == "true", bundle)


def read_address(text: str) -> Address:
    """``HOST:PORT``, an IPv6 host in brackets."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match is None:
        raise UnfitValue(f"{text!r} is not HOST:PORT", "write an address, such as 127.0.0.1:8016")
    if int(match["port"]) > 65535:
        raise UnfitValue(f"there is no port {match['port']}", "take one up to 65535")
    return Address(match["host"].strip("[]"), int(match["port"]))


def read_listen(text: str) -> Address | None:
    """``HOST:PORT``, or ``none``."""
    return None if text == "none" else read_address(text)


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
    """``none``, ``sqlite:PATH`` with its path made absolute, or ``postgresql://...`` as libpq reads it.

    What is wrong is told without the text, which may hold a password.
    """
    remedy = "write none, sqlite:PATH or postgresql://USER@HOST/DATABASE"
    if "\0" in text:
        raise UnfitValue("a store cannot hold a NUL character", "leave it out")
    if text == "none" or (text.startswith(POSTGRESQL) and not text.endswith("://")):
        return text
    kind, colon, path = text.partition(":")
    if kind != "sqlite" or not colon:
        raise UnfitValue("it is no kind of store", remedy)
    if not path or path.startswith("//") or path.endswith("/"):
        raise UnfitValue(
            "sqlite: is followed by the path of a file", "write sqlite:/var/lib/burgee/burgee.db"
        )
    return f"sqlite:{read_path(path).absolute()}"


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


def read_admin_peer(text: str) -> tuple[int, PeerRole]:
    """``UID=ROLE``, or a user's name in place of the number."""
    user, _, role = text.rpartition("=")
    if role not in PEER_ROLES or not user:
        roles = ", ".join(PEER_ROLES)
        raise UnfitValue(f"{text!r} is not UID=ROLE", f"write 1000=admin; the roles are {roles}")
    if _INTEGER.fullmatch(user):
        uid = int(user)
        if not 0 <= uid < 2**32 - 1:
            raise UnfitValue(f"there is no uid {user}", "write a user's number, such as 1000")
    else:
        try:
            uid = pwd.getpwnam(user).pw_uid
        except (KeyError, ValueError):
            raise UnfitValue(f"there is no user {user!r}", "write the user's number") from None
    if uid == OVERFLOW_UID and role != "none":
        raise UnfitValue(
            f"uid {uid} is everyone whom the kernel has no number for",
            "run that program as a user of its own",
        )
    return uid, PEER_ROLES[role]


def read_evaluation(text: str) -> EvaluationAccess:
    """``open`` or ``token``."""
    if text == "open":
        return "open"
    if text == "token":
        return "token"
    raise UnfitValue(f"{text!r} does not say who may evaluate", "write open or token")


def read_audit_mode(text: str) -> AuditMode:
    """``standard``, ``strict`` or ``defense``."""
    if text == "standard":
        return "standard"
    if text == "strict":
        return "strict"
    if text == "defense":
        return "defense"
    raise UnfitValue(f"{text!r} is not a mode of the audit", "write standard, strict or defense")


def read_days(text: str) -> int:
    """A whole number of days, up to a hundred years."""
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 36_500:
        raise UnfitValue(f"{text!r} is not a number of days", "write a whole number, such as 365")
    return int(text)


def read_sample_size(text: str) -> int:
    """How many contexts to keep: 0 to 10,000."""
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or int(text) > 10_000:
        raise UnfitValue(f"{text!r} is not a number of contexts", "write 0 to 10000")
    return int(text)


def read_uri(text: str) -> str:
    """A URI, by its scheme alone: what stands behind it is for who follows it."""
    if not _SCHEME.match(text):
        raise UnfitValue(f"{text!r} is not a URI", "write one with its scheme, such as file:/mnt/anchor")
    return text
