"""What verifying a log can come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Verdict(IntEnum):
    """What came out, as an exit code; unproven is what nothing was found wrong with because nothing tells."""

    OK = 0
    TAMPERED = 1
    TRUNCATED = 2
    UNDECRYPTABLE = 3
    FORKED = 4
    UNPROVEN = 5


@dataclass(slots=True)
class Verification:
    """What a verification found, filled in while it runs.

    Attributes:
        why: of a verdict that is not OK, for a person.
        first_bad: number of the first bad entry; None where it is none in particular.
        log_id, head: hexadecimal; the head is the hash of the last entry.
        public_key: the one that signs now, as C2SP signed notes write it: its kind with it.
        first, last: numbers of the first and the last entry that is there; 0 for none.
        pruned_through: the last entry that is gone by a signed pruning; 0 for none.
        checkpoints: how many of the log's own were compared.
        checkpointed: up to which entry a signature of the log covers it.
        anchored: up to which entry a checkpoint from outside covers it.
        sealed: up to which entry a seal covers it; 0 without the sealers' first keys.
        decrypted: how many entries were decrypted; 0 without keys.
        remarks: what is worth knowing beside the verdict.
    """

    verdict: Verdict = Verdict.OK
    why: str = ""
    first_bad: int | None = None
    log_id: str = ""
    public_key: str = ""
    head: str = ""
    first: int = 0
    last: int = 0
    segments: int = 0
    pruned_through: int = 0
    checkpoints: int = 0
    checkpointed: int = 0
    anchored: int = 0
    sealed: int = 0
    decrypted: int = 0
    remarks: tuple[str, ...] = ()
