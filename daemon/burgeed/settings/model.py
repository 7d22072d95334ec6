"""The daemon's settings: frozen, complete, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

PeerRole: TypeAlias = Literal["reader", "writer", "auditor", "admin", "none"]
"""What ``--admin-peer`` makes of a uid."""

EvaluationAccess: TypeAlias = Literal["open", "token"]
"""Whether whoever reaches the socket or loopback may evaluate, or only who has the scope."""

AuditMode: TypeAlias = Literal["standard", "strict", "defense"]
"""How much the audit and the identity of who writes have to hold."""


class Address(NamedTuple):
    """Where to listen on TCP; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class SourceSetting(NamedTuple):
    """One ``--source``.

    Attributes:
        uri: as given; also the layer's name.
        optional: whether the daemon may serve without it.
        bundle: the name of the signed bundle that it has to be; empty for the one that comes first.
    """

    uri: str
    optional: bool = False
    bundle: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `burgee serve` and `burgee up` are told.

    Attributes:
        sources: bottom layer first.
        socket: the Unix socket's final path.
        socket_mode: its permission bits.
        socket_group: group name or number that is to own it; None leaves it as made.
        listen: the TCP address for evaluation; None is switched off.
        allowed_hosts: names beside the loopback ones that a request's ``Host`` may carry.
        management: a TCP address that serves health only; None is none.
        runtime_dir: where files live that end with the daemon.
        runtime_dir_stated: whether someone asked for that directory, so that another one will not do.
        state_dir: where files live that outlast it.
        state_dir_stated: as for ``runtime_dir``.
        fixed: attributes set for all requests; they beat the request's.
        fractional_version: the generation of flagd's ``fractional`` for documents that do not say.
        geoip: a database in MaxMind's format that tells ``country`` from ``ip``; None is none.
        track: a file to which tracked events are appended; None only counts them.
        sync_token_file: holds the token that a client on TCP shows for a whole snapshot; None is none.
        log_format: how log lines are written to standard error.
        admin_peers: (uid, role) of the Unix socket's peers, later ones beat earlier ones.
        evaluation: who may evaluate.
        audit_mode: see :data:`AuditMode`.
        audit_key_file: holds the key that wraps the audit's keys; None is one that the daemon makes.
        audit_former_key_files: keys that wrapped them before: they unwrap what is not wrapped anew yet.
        audit_anchors: URIs of where checkpoints are kept beside the database.
        audit_retention: days after which audit entries may be pruned; None is what the mode says.
        audit_masks: attributes whose values the audit does not show.
        record_contexts: how many contexts of evaluations are kept as a sample; 0 is none.
        store: ``sqlite:PATH`` or a PostgreSQL URI, which may hold a password: not shown; None is none.
        store_stated: whether someone asked for that store, so that the daemon does not do without it.
        tls_certificate: PEM, the certificate of ``listen`` and what leads up to its authority; None speaks
            plain HTTP there.
        tls_key: its key; None is in the same file.
        tls_client_ca: PEM, whose certificates clients have to show there; None asks for none.
        source_keys: files of the public keys that may sign definitions; where there are any, one has to.
    """

    sources: tuple[SourceSetting, ...]
    socket: Path
    socket_mode: int
    socket_group: str | None
    listen: Address | None
    allowed_hosts: tuple[str, ...]
    management: Address | None
    runtime_dir: Path
    runtime_dir_stated: bool
    state_dir: Path
    state_dir_stated: bool
    fixed: Mapping[str, str | int | float | bool]
    fractional_version: Literal[2, 3]
    geoip: Path | None
    sync_token_file: Path | None
    track: Path | None
    log_format: Literal["text", "json"]
    admin_peers: tuple[tuple[int, PeerRole], ...] = ()
    evaluation: EvaluationAccess = "open"
    audit_mode: AuditMode = "standard"
    audit_key_file: Path | None = None
    audit_former_key_files: tuple[Path, ...] = ()
    audit_anchors: tuple[str, ...] = ()
    audit_retention: int | None = None
    audit_masks: tuple[str, ...] = ()
    record_contexts: int = 0
    store: str | None = field(default=None, repr=False)
    store_stated: bool = False
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    source_keys: tuple[Path, ...] = ()
