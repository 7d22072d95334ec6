"""The part of a verification that looks at segments' headers: each signed, one behind another."""

from __future__ import annotations

from collections.abc import Iterable

from burgeed.audit.chain import Broken, Chain
from burgeed.audit.log_source import Identity
from burgeed.audit.merkle import Peaks
from burgeed.audit.segments import Segment, is_pruning_sound, is_sound
from burgeed.audit.signing_keys import SigningKeys


def sound_segments(segments: Iterable[Segment], identity: Identity, keys: SigningKeys) -> list[Segment]:
    """All headers, each sound, one behind another, the pruned ones first. Raises Broken."""
    sound: list[Segment] = []
    for segment in segments:
        name = f"segment {segment.segment_id}"
        before = sound[-1] if sound else None
        if before is not None:
            follows = segment.segment_id == before.segment_id + 1
            is_next = before.last_seq is not None and segment.first_seq == before.last_seq + 1
            if not follows or not is_next:
                raise Broken(f"{name} does not follow the one before it", segment.first_seq)
        elif identity.complete and (segment.segment_id, segment.first_seq) != (1, 1):
            raise Broken(f"{name} is the first, and segment 1 is missing", 1)
        epoch, key = keys.signed(segment.first_seq)
        if identity.epoch is not None and segment.epoch != epoch:
            raise Broken(f"{name} is of another key's time than it says", segment.first_seq)
        if segment.size is not None and not is_sound(segment, identity.log_id, key):
            raise Broken(f"the header of {name} is not as it was signed", segment.first_seq)
        if segment.pruned is not None:
            is_first = before is None or before.pruned is not None
            # By the key of the day it was pruned, which may be a later one.
            is_signed = any(is_pruning_sound(segment, identity.log_id, each) for each in keys.all)
            if not is_first or not is_signed:
                raise Broken(f"{name} was taken away without a signed pruning", segment.first_seq)
        sound.append(segment)
    return sound


def beginning(log_id: bytes, segments: list[Segment]) -> Chain:
    """Where the entries that are there go on from: behind the last one that was pruned."""
    pruned = [segment for segment in segments if segment.pruned is not None]
    if not pruned:
        return Chain(log_id)
    last = pruned[-1]
    assert last.last_seq is not None and last.head is not None and last.peaks is not None
    return Chain(log_id, last.last_seq, last.head, Peaks.read(last.last_seq, last.peaks))


def check_end(chain: Chain, segment: Segment) -> None:
    """Whether the entries of a closed segment are those of its header. Raises Broken."""
    if chain.head != segment.head or chain.peaks.encode() != segment.peaks:
        raise Broken(
            f"the entries of segment {segment.segment_id} are not those that it was closed with", chain.seq
        )
