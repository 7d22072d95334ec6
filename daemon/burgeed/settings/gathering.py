"""Options from the command line, the environment and a file, into Settings."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import orjson

from burgeed.settings.errors import Problem, SettingsError, UnfitValue
from burgeed.settings.model import Address, AuditMode, Settings, SourceSetting
from burgeed.settings.options import NAMES, OPTIONS, Option
from burgeed.settings.values import is_loopback

ValueType = TypeVar("ValueType")

DEFAULT_ADDRESS = Address("127.0.0.1", 8016)


class _Stated(NamedTuple):
    """An option's texts and where they stood."""

    texts: tuple[str, ...]
    origin: str


def gather(
    command_line: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    *,
    wants_source: bool = True,
    keeps_store: bool = False,
) -> Settings:
    """Put the settings together; the command line beats the environment, which beats the file.

    An option that is given in one place is taken from there alone, repeatable ones too.

    Args:
        command_line: option name -> texts as given; an option that was not given is left out.
        environment: the process's environment.
        wants_source: whether it is a problem if no source is named.
        keeps_store: whether there is a store in the state directory where none is stated.

    Raises:
        SettingsError: with every problem.
    """
    return _Gathering(command_line, environment).settings(wants_source, keeps_store)


class _Gathering:
    def __init__(self, command_line: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.problems: list[Problem] = []
        self.stated: dict[str, _Stated] = {}
        for option in OPTIONS:
            if texts := tuple(command_line.get(option.name, ())):
                self.stated[option.name] = _Stated(texts, "the command line")
            elif text := environment.get(option.variable):
                self.stated[option.name] = self.from_environment(option, text)
        for name, stated in self.from_file().items():
            self.stated.setdefault(name, stated)

    def from_environment(self, option: Option, text: str) -> _Stated:
        """A repeatable option is separated by white space, or a JSON list where its values hold some."""
        origin = f"the environment variable {option.variable}"
        if not option.repeatable:
            return _Stated((text,), origin)
        if not text.startswith("["):
            return _Stated(tuple(text.split()), origin)
        try:
            texts = orjson.loads(text)
        except orjson.JSONDecodeError:
            texts = None
        if isinstance(texts, list) and all(isinstance(item, str) for item in texts):
            return _Stated(tuple(texts), origin)
        self.problems.append(
            Problem(option.flag, origin, "it begins as a JSON list of texts and is none", 'write ["a", "b"]')
        )
        return _Stated((), origin)

    def from_file(self) -> dict[str, _Stated]:
        """The settings file's options; none where there is no file."""
        path = self.one("config", Path, None)
        if path is None:
            return {}
        try:
            with path.open("rb") as file:
                document = tomllib.load(file)
        except OSError as error:
            self.object_to("config", f"{path} cannot be read ({error.strerror})", "name a file that can be")
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.object_to("config", f"{path} is not TOML ({error})", "correct it there")
            return {}
        return {
            name: _Stated(texts, str(path))
            for name, value in document.items()
            if (texts := self.texts_from_file(name, value, str(path))) is not None
        }

    def texts_from_file(self, name: str, value: Any, origin: str) -> tuple[str, ...] | None:
        """A TOML value as the texts that a command line would have had; None after reporting a problem."""
        option = NAMES.get(name)
        if option is None or name == "config":
            near = difflib.get_close_matches(name, NAMES.keys() - {"config"}, 1)
            remedy = f"did you mean {near[0]}?" if near else "leave it out"
            self.problems.append(Problem(name, origin, "there is no such setting", remedy))
            return None
        if isinstance(value, str):
            return (value,)
        if option.repeatable and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if name == "context" and isinstance(value, dict) and not any(map(_is_nested, value.values())):
            return tuple(f"{key}={_as_json(item)}" for key, item in value.items())
        wanted = "a list of texts" if option.repeatable else "text"
        remedy = "write it in quotes" if not isinstance(value, list | dict) else f"write {wanted}"
        self.problems.append(Problem(option.flag, origin, f"it is not {wanted}", remedy))
        return None

    def origin(self, name: str) -> str:
        return self.stated[name].origin if name in self.stated else "the default"

    def object_to(self, name: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(NAMES[name].flag, self.origin(name), message, remedy))

    def all(self, name: str, kind: type[ValueType]) -> list[ValueType]:
        """Every value of an option, read; each that cannot be is a problem."""
        values: list[ValueType] = []
        for text in self.stated[name].texts if name in self.stated else ():
            try:
                value = NAMES[name].read(text)
            except UnfitValue as unfit:
                self.object_to(name, unfit.message, unfit.remedy)
                continue
            if isinstance(value, kind):
                values.append(value)
        return values

    def one(self, name: str, kind: type[ValueType], default: ValueType) -> ValueType:
        """The option's value, the last where it was given more than once."""
        values = self.all(name, kind)
        return values[-1] if values else default

    def settings(self, wants_source: bool, keeps_store: bool) -> Settings:
        self.stated.setdefault("socket", _Stated((str(self.default_socket()),), "the default"))
        socket = self.one("socket", Path, self.default_socket())
        settings = Settings(
            sources=self.sources(wants_source),
            socket=socket.absolute(),
            socket_mode=self.one("socket-mode", int, 0o600),
            socket_group=self.one("socket-group", str, "") or None,
            listen=self.listen(),
            allowed_hosts=tuple(self.all("allow-host", str)),
            management=self.one("management", Address, Address("", 0))
            if "management" in self.stated
            else None,
            runtime_dir=self.one("runtime-dir", Path, socket.parent).absolute(),
            runtime_dir_stated="runtime-dir" in self.stated,
            state_dir=self.one("state-dir", Path, self.default_state_dir()).absolute(),
            state_dir_stated="state-dir" in self.stated,
            fixed=self.fixed(),
            fractional_version=3 if self.one("fractional", int, 2) == 3 else 2,
            geoip=self.path("geoip"),
            sync_token_file=self.path("sync-token-file"),
            track=self.one("track", Path, Path()).absolute() if "track" in self.stated else None,
            log_format="json" if self.one("log-format", str, "text") == "json" else "text",
            admin_peers=tuple(self.all("admin-peer", tuple)),
            evaluation="token" if self.one("evaluation", str, "open") == "token" else "open",
            audit_mode=self.audit_mode(),
            audit_key_file=self.path("audit-key-file"),
            audit_former_key_files=tuple(path.absolute() for path in self.all("audit-former-key-file", Path)),
            audit_anchors=tuple(self.all("audit-anchor", str)),
            audit_retention=self.one("audit-retention", int, 0) or None,
            audit_masks=tuple(self.all("audit-mask", str)),
            record_contexts=self.one("record-contexts", int, 0),
            store=self.store(keeps_store),
            store_stated="store" in self.stated,
            tls_certificate=self.path("tls-certificate"),
            tls_key=self.tls("tls-key"),
            tls_client_ca=self.tls("tls-client-ca"),
            source_keys=tuple(path.absolute() for path in self.all("source-key", Path)),
        )
        if self.problems:
            raise SettingsError(self.problems)
        return settings

    def default_socket(self) -> Path:
        return Path(self.environment.get("XDG_RUNTIME_DIR") or "/run") / "burgee" / "burgee.sock"

    def default_state_dir(self) -> Path:
        """By the XDG base directory specification where a user's session is ours, else the machine's."""
        stated, home = self.environment.get("XDG_STATE_HOME"), self.environment.get("HOME")
        if stated:
            return Path(stated) / "burgee"
        if self.environment.get("XDG_RUNTIME_DIR") and home:
            return Path(home) / ".local" / "state" / "burgee"
        return Path("/var/lib/burgee")

    def sources(self, wants_source: bool) -> tuple[SourceSetting, ...]:
        sources = self.all("source", SourceSetting)
        if not sources and wants_source and "source" not in self.stated:
            self.object_to("source", "no source is named", "name one, such as --source config/flags.yaml")
        uris = [source.uri for source in sources]
        for uri in sorted({uri for uri in uris if uris.count(uri) > 1}):
            self.object_to("source", f"{uri} is named more than once", "name each source once")
        return tuple(sources)

    def address(self, name: str, default: Address | None) -> Address | None:
        """An address that may be switched off."""
        if name not in self.stated:
            return default
        addresses = self.all(name, object)
        last = addresses[-1] if addresses else None
        return last if isinstance(last, Address) else None

    def listen(self) -> Address | None:
        """Beyond loopback an evaluation tells whom a flag is for: nobody must be able to read along, and who
        asks has to show who they are.
        """
        address = self.address("listen", DEFAULT_ADDRESS)
        if address is None or is_loopback(address.host):
            return address
        is_known = "tls-client-ca" in self.stated or self.one("evaluation", str, "open") == "token"
        if "tls-certificate" not in self.stated or not is_known:
            self.object_to(
                "listen",
                f"{address.host} can be reached from outside this machine, where nothing protects it",
                "add --tls-certificate and, so that it is known who asks, --tls-client-ca or --evaluation "
                "token; or listen on 127.0.0.1 or [::1], share the socket, or use --management for probes",
            )
        return address

    def tls(self, name: str) -> Path | None:
        """A path that means nothing without a certificate."""
        if name in self.stated and "tls-certificate" not in self.stated:
            self.object_to(name, "there is no certificate that it goes with", "add --tls-certificate")
        return self.path(name)

    def audit_mode(self) -> AuditMode:
        mode = self.one("audit-mode", str, "standard")
        if mode == "strict":
            return "strict"
        return "defense" if mode == "defense" else "standard"

    def store(self, keeps_store: bool) -> str | None:
        if keeps_store and "store" not in self.stated:
            state_dir = self.one("state-dir", Path, self.default_state_dir()).absolute()
            return f"sqlite:{state_dir / 'burgee.db'}"
        store = self.one("store", str, "none")
        return None if store == "none" else store

    def path(self, name: str) -> Path | None:
        """A path that need not be stated."""
        return self.one(name, Path, Path()).absolute() if name in self.stated else None

    def fixed(self) -> Mapping[str, str | int | float | bool]:
        """``--context`` and ``--environment`` together."""
        fixed: dict[str, str | int | float | bool] = {}
        for key, value in self.all("context", tuple):
            if value is None:
                self.object_to("context", f"{key} is null, which counts as absent", "leave it out")
            else:
                fixed[key] = value
        name = self.one("environment", str, "")
        if name and fixed.setdefault("environment", name) != name:
            self.object_to("environment", "--context sets another environment", "leave one of the two out")
        return MappingProxyType(fixed)


def _as_json(value: object) -> str:
    """A TOML scalar as JSON; what JSON has no word for as it prints."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        return str(value)


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)


def candidate_sockets(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where a daemon's socket may be, in the order in which a client tries them."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    machine = Path("/run/burgee/burgee.sock")
    return (Path(runtime) / "burgee" / "burgee.sock", machine) if runtime else (machine,)
