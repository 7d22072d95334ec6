"""Every option of the daemon, in one table: the command line, the environment and the file follow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from burgeed.settings import values


@dataclass(frozen=True, slots=True)
class Option:
    """One setting.

    Attributes:
        name: without dashes in front: ``--name``, ``BURGEE_NAME`` and the file's key ``name``.
        metavar: what stands for the value in a usage text.
        read: text to value; raises UnfitValue.
        explanation: one sentence, with the default.
        repeatable: whether it may be given more than once.
    """

    name: str
    metavar: str
    read: Callable[[str], object]
    explanation: str
    repeatable: bool = False

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "BURGEE_" + self.name.upper().replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(
        "source",
        "URI",
        values.read_source,
        "A definition file or a directory of them; repeatable, later ones lie on top. "
        "URI,optional=true is not waited for; URI,bundle=NAME has to be the signed bundle of that name.",
        repeatable=True,
    ),
    Option(
        "source-key",
        "PATH",
        values.read_path,
        "A file with a public key; every source has to be signed by one of them. Repeatable. Default: none.",
        repeatable=True,
    ),
    Option(
        "socket",
        "PATH",
        values.read_socket_path,
        "The Unix socket. Default: $XDG_RUNTIME_DIR/burgee/burgee.sock, else /run/burgee/burgee.sock.",
    ),
    Option("socket-mode", "MODE", values.read_mode, "The socket's permissions in octal. Default: 0600."),
    Option("socket-group", "GROUP", values.read_name, "Who shares the socket. Default: the daemon's group."),
    Option(
        "listen",
        "HOST:PORT",
        values.read_listen,
        "The address for HTTP, or none; beyond loopback with TLS alone. Default: 127.0.0.1:8016.",
    ),
    Option(
        "tls-certificate",
        "PATH",
        values.read_path,
        "The certificate of that address, PEM, and what leads up to its authority. Default: plain HTTP.",
    ),
    Option(
        "tls-key",
        "PATH",
        values.read_path,
        "The certificate's private key, PEM, without a passphrase. Default: in the certificate's file.",
    ),
    Option(
        "tls-client-ca",
        "PATH",
        values.read_path,
        "Authorities, PEM: clients have to show a certificate of theirs. Default: none has to.",
    ),
    Option(
        "allow-host",
        "NAME",
        values.read_host_name,
        "A further name that a request's Host header may carry; repeatable. Default: loopback names.",
        repeatable=True,
    ),
    Option(
        "management",
        "HOST:PORT",
        values.read_address,
        "A further address that serves health only, for probes on a pod's address. Default: none.",
    ),
    Option(
        "runtime-dir",
        "DIR",
        values.read_path,
        "Where snapshots are shared on this machine; one daemon each. Default: beside the socket.",
    ),
    Option(
        "state-dir",
        "DIR",
        values.read_path,
        "Files that outlast it; one daemon each. Default: as XDG has it in a session, else /var/lib/burgee.",
    ),
    Option(
        "environment",
        "NAME",
        values.read_name,
        "Fixes the attribute environment for all requests. Default: none.",
    ),
    Option(
        "context",
        "KEY=VALUE",
        values.read_attribute,
        "Fixes an attribute for all requests (a JSON scalar, else text); repeatable. Default: none.",
        repeatable=True,
    ),
    Option(
        "fractional",
        "2|3",
        values.read_fractional_version,
        "The generation of flagd's fractional, for documents that do not say. Default: 2.",
    ),
    Option(
        "geoip",
        "PATH",
        values.read_path,
        "A database in MaxMind's format that tells the attribute country from ip. Default: none.",
    ),
    Option(
        "track",
        "PATH",
        values.read_track_path,
        "A file to which POST /sync/v1/track is appended as JSON lines. Default: none, events are counted.",
    ),
    Option(
        "sync-token-file",
        "PATH",
        values.read_path,
        "A file with the token that lets a client on TCP have whole snapshots. Default: none may.",
    ),
    Option(
        "store",
        "URI",
        values.read_store,
        "Where what is set at run time is kept: none, sqlite:PATH or postgresql://USER@HOST/DATABASE. "
        "Default: none for serve, burgee.db in the state directory for up.",
    ),
    Option(
        "admin-peer",
        "UID=ROLE",
        values.read_admin_peer,
        "What a user may on the socket: reader, writer, auditor, admin or none; repeatable. "
        "Default: the daemon's own user is admin.",
        repeatable=True,
    ),
    Option(
        "evaluation",
        "ACCESS",
        values.read_evaluation,
        "open to whoever reaches the socket or loopback, or token: the scope evaluate. Default: open.",
    ),
    Option(
        "audit-mode",
        "MODE",
        values.read_audit_mode,
        "standard, strict or defense. Default: standard.",
    ),
    Option(
        "audit-key-file",
        "PATH",
        values.read_path,
        "A file with the key that wraps the audit's keys. Default: one in the state directory.",
    ),
    Option(
        "audit-former-key-file",
        "PATH",
        values.read_path,
        "A key that was replaced, while keys are wrapped by it still; repeatable. Default: none.",
        repeatable=True,
    ),
    Option(
        "audit-anchor",
        "URI",
        values.read_uri,
        "Where checkpoints of the audit are kept too, beyond the database; repeatable. Default: nowhere.",
        repeatable=True,
    ),
    Option(
        "audit-retention",
        "DAYS",
        values.read_days,
        "After how many days entries of the audit may be pruned. Default: as its mode says.",
    ),
    Option(
        "audit-mask",
        "ATTRIBUTE",
        values.read_name,
        "An attribute whose values the audit does not show; repeatable. Default: e-mail addresses and names.",
        repeatable=True,
    ),
    Option(
        "record-contexts",
        "NUMBER",
        values.read_sample_size,
        "Keep a sample of so many contexts of evaluations, in memory, to tell the impact of a change. "
        "They can be personal data. Default: 0, none.",
    ),
    Option(
        "config", "FILE", values.read_path, "A settings file, TOML, keyed as these options. Default: none."
    ),
    Option("log-format", "FORMAT", values.read_log_format, "text or json, to standard error. Default: text."),
)

NAMES: dict[str, Option] = {option.name: option for option in OPTIONS}
