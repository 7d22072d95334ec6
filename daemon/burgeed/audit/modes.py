"""What each of the three modes demands, as one value, and what it refuses."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

ModeName: TypeAlias = Literal["standard", "strict", "defense"]

Privileged: TypeAlias = Literal["global kill", "rollout", "prune", "erase", "break-glass", "token"]
"""Operations of which a mode may ask more than of others."""

Transport: TypeAlias = Literal["plain", "tls", "mutual-tls"]
"""How a TCP listener speaks: in the clear, under TLS, or under TLS with certificates on both sides."""

_STRENGTH: dict[Transport, int] = {"plain": 0, "tls": 1, "mutual-tls": 2}

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Mode:
    """The demands of a mode.

    Attributes:
        reason_required: whether every write says why.
        individual_required: whether every write is by a principal who is one person, or by a peer: a uid, or
            whom a client's certificate names.
        admin_over_tcp: whether writes come over TCP without a client's certificate.
        both_identities: whether a writer is both a token's and a peer.
        two_persons_for: what takes a second principal.
        audit_apart: whether who may read the audit may not write.
        anchors_required: how many external anchors have to be configured.
        longest_anchor_lag: seconds after which an entry that no anchor covers refuses further writes; None
            never does.
        anchor_before_answer: whether a privileged operation is answered only when an anchor has it.
        fips_required: whether the daemon starts only where the cryptography library runs in FIPS mode.
        clock_state_recorded: whether entries say whether the machine's clock is synchronised.
        synchronised_for_privileged: whether privileged operations are refused where it is not.
        least_retention: days that entries are kept at least.
        transport: the least that a TCP listener has to speak.
        signed_sources: whether definitions are taken only where a pinned key signed them.
        json_only: whether definitions are taken in JSON alone.
        sealed: whether checkpoints are sealed with keys that evolve one way.
    """

    name: ModeName
    reason_required: bool = False
    individual_required: bool = False
    admin_over_tcp: bool = True
    both_identities: bool = False
    two_persons_for: frozenset[Privileged] = frozenset()
    audit_apart: bool = False
    anchors_required: int = 0
    longest_anchor_lag: float | None = None
    anchor_before_answer: bool = False
    fips_required: bool = False
    clock_state_recorded: bool = False
    synchronised_for_privileged: bool = False
    least_retention: int = 90
    transport: Transport = "plain"
    signed_sources: bool = False
    json_only: bool = False
    sealed: bool = False


STANDARD = Mode("standard")
STRICT = Mode(
    "strict",
    transport="tls",
    reason_required=True,
    individual_required=True,
    two_persons_for=frozenset({"prune"}),
    anchors_required=1,
    longest_anchor_lag=300.0,
    clock_state_recorded=True,
    least_retention=365,
    signed_sources=True,
    sealed=True,
)
DEFENSE = Mode(
    "defense",
    transport="mutual-tls",
    reason_required=True,
    individual_required=True,
    admin_over_tcp=False,
    both_identities=True,
    two_persons_for=frozenset({"global kill", "rollout", "prune"}),
    audit_apart=True,
    anchors_required=2,
    longest_anchor_lag=300.0,
    anchor_before_answer=True,
    fips_required=True,
    clock_state_recorded=True,
    synchronised_for_privileged=True,
    least_retention=365,
    signed_sources=True,
    sealed=True,
    json_only=True,
)
MODES: dict[str, Mode] = {mode.name: mode for mode in (STANDARD, STRICT, DEFENSE)}


def refusal(
    mode: Mode,
    *,
    actor: str,
    person: str,
    uid: int | None,
    token_id: str,
    over_tcp: bool,
    reason: str,
    certificate: str = "",
    may_audit: bool = False,
    operation: Privileged | None = None,
    second: str = "",
    second_person: str = "",
    synchronised: bool | None = None,
) -> str | None:
    """Why a write may not be, in this mode; None where it may. The text is for a person.

    Args:
        actor, person, uid, token_id, certificate: of the principal, as
            :class:`burgeed.authority.principal.Principal` has them.
        over_tcp: whether it came in over TCP rather than the Unix socket.
        may_audit: whether the principal has the audit scope.
        operation: what it is, where it is one that may ask for more.
        second: the principal who agrees; empty where there is none.
        second_person: the person of the second one; where both are known, they have to differ.
        synchronised: whether the machine's clock is; None where it was not asked.
    """
    if unreasoned := _unreasoned(mode, reason):
        return unreasoned
    is_peer = uid is not None or bool(certificate)
    if mode.individual_required and not person and not is_peer:
        return (
            f"mode {mode.name} asks for one person's token, a peer of the Unix socket or a client's "
            f"certificate; {actor} is none of them"
        )
    if over_tcp and not mode.admin_over_tcp and not certificate:
        return f"mode {mode.name} takes writes over the Unix socket, or over TCP with a client's certificate"
    if mode.both_identities and (not is_peer or not token_id):
        return f"mode {mode.name} asks for a token together with a peer uid or a client's certificate"
    # Pruning and erasing take the audit scope: they are what is kept apart from writing.
    if mode.audit_apart and may_audit and operation not in ("prune", "erase"):
        return f"in mode {mode.name} who reads the audit does not write; use a token without the audit scope"
    if operation is None:
        return None
    return refusal_of_operation(
        mode,
        operation,
        actor=actor,
        person=person,
        reason=reason,
        second=second,
        second_person=second_person,
        synchronised=synchronised,
    )


def refusal_of_operation(
    mode: Mode,
    operation: Privileged,
    *,
    actor: str,
    reason: str,
    person: str = "",
    second: str = "",
    second_person: str = "",
    synchronised: bool | None = None,
) -> str | None:
    """Why a privileged operation may not be, whoever asks for it; None where it may. As :func:`refusal`."""
    if unreasoned := _unreasoned(mode, reason):
        return unreasoned
    if operation in mode.two_persons_for:
        if not second:
            return f"mode {mode.name} asks for two persons for: {operation}"
        if second == actor or (person and second_person == person):
            return f"{operation} takes a second person, and {second} is the first"
    if mode.synchronised_for_privileged and synchronised is not True:
        return f"mode {mode.name} refuses {operation} while the machine's clock is not synchronised"
    return None


def _unreasoned(mode: Mode, reason: str) -> str | None:
    return f"mode {mode.name} asks for a reason" if mode.reason_required and not reason.strip() else None


def refusal_to_start(mode: Mode, *, anchors: int, retention_days: int, fips: bool) -> str | None:
    """Why the daemon may not start so, in this mode; None where it may."""
    if anchors < mode.anchors_required:
        return (
            f"mode {mode.name} asks for {mode.anchors_required} external anchor(s), not {anchors}: "
            "name them with --audit-anchor"
        )
    if retention_days < mode.least_retention:
        return (
            f"mode {mode.name} keeps entries for {mode.least_retention} days at least, not {retention_days}"
        )
    if mode.fips_required and not fips:
        return f"mode {mode.name} starts only where the cryptography library runs in FIPS mode"
    return None


def transport_refusal(mode: Mode, transport: Transport | None) -> str | None:
    """Why the daemon may not listen on TCP so, in this mode; None where it may.

    Args:
        transport: None where it does not listen on TCP.
    """
    if transport is None or _STRENGTH[transport] >= _STRENGTH[mode.transport]:
        return None
    options = "--tls-certificate" + (" and --tls-client-ca" if mode.transport == "mutual-tls" else "")
    wanted = "TLS" if mode.transport == "tls" else "mutual TLS"
    return f"mode {mode.name} speaks {wanted} on TCP: add {options}, or --listen none for the socket alone"


def runs_in_fips_mode() -> bool:
    """Whether the OpenSSL beneath the `cryptography` package says that it is in FIPS mode.

    The wheels from the package index bring an OpenSSL of their own that is not.
    """
    from cryptography.hazmat.backends.openssl.backend import backend

    return bool(getattr(backend, "_fips_enabled", False))


_UNSYNCHRONISED = 0x0040
_CLOCK_ERROR = 5
_TIMEX_BYTES = 256


def clock_is_synchronised(
    adjtimex: Callable[[ctypes.Array[ctypes.c_char]], int] | None = None,
) -> bool | None:
    """Whether the kernel holds its clock to be synchronised, by adjtimex(2); None where it does not say.

    Args:
        adjtimex: the system call, given a zeroed ``struct timex``; that of the C library where none is given.
    """
    timex = ctypes.create_string_buffer(_TIMEX_BYTES)
    if adjtimex is None:
        try:
            adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
        except (OSError, AttributeError):
            return None
    state = adjtimex(timex)
    if state < 0:
        return None
    # struct timex: modes (int), then offset, freq, maxerror, esterror (long), status (int).
    at = 5 * ctypes.sizeof(ctypes.c_long)
    status = int.from_bytes(timex.raw[at : at + ctypes.sizeof(ctypes.c_int)], "little")
    return state != _CLOCK_ERROR and not status & _UNSYNCHRONISED
