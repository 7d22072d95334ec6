"""What happens to tokens, as the audit tells it: floors keep the two apart, and the server knows both."""

from __future__ import annotations

from burgeed.audit.event import AuditEvent
from burgeed.audit.recorder import Recorder
from burgeed.audit.subjects import people
from burgeed.authority.events import TokenEvent, TokenRecord
from burgeed.authority.issued import restriction_document
from burgeed.database.protocol import Transaction


def recorded_tokens(recorder: Recorder) -> TokenRecord:
    """What a :class:`burgeed.authority.registry.TokenRegistry` is given for ``record``."""

    def record(transaction: Transaction, event: TokenEvent) -> None:
        recorder.append(transaction, [audit_event(event)])

    return record


def audit_event(event: TokenEvent) -> AuditEvent:
    """A token's creation or revocation as an event of the audit; no secret and no digest of one is in it.

    It is about whose token it is, by the token's name too, and about the scopes that it is for: what is said
    of the token goes when any of them is erased.
    """
    token = event.token
    return AuditEvent(
        action=event.action,
        at=event.at,
        actor=event.by.name,
        on_behalf_of=event.on_behalf_of,
        reason=event.reason,
        request_id=event.request_id,
        detail={
            "token": token.id,
            "tokenName": token.name,
            "person": token.person,
            "scopes": sorted(token.scopes),
            "restriction": restriction_document(token.restriction),
            "expiresAt": token.expires_at,
            "byToken": event.by.token_id,
            **({"byCertificate": event.by.certificate} if event.by.certificate else {}),
        },
        about=(*people(token.name, token.person, event.by.certificate), *token.restriction.scopes),
    )
