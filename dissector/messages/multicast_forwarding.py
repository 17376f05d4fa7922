"""MPL, the Multicast Protocol for Low-Power and Lossy Networks: which messages a forwarder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dissector.layout import OCTETS, Items, Shape, derived, rest, shape, wire
from dissector.messages.base import IcmpMessage

if TYPE_CHECKING:
    from dissector.errors import Finding
    from dissector.layout import Several

SEED_ID_LENGTHS = {0: "no seed-id, it is the IPv6 source address", 1: "16 bits", 2: "64 bits", 3: "128 bits"}


@shape
class MplSeedInfo(Shape):
    """What a forwarder holds of the seed whose IPv6 address the message comes from (S = 0; RFC 7731, 6.3)."""

    title: ClassVar[str] = "MPL Seed Info"

    min_seqno: int = wire(8, "Lower bound of the seed's sequence numbers.")
    bm_len: int = wire(6, "Size of buffered_mpl_messages.", unit="octets")
    s: int = wire(2, "Length of the seed-id.", names=SEED_ID_LENGTHS)
    buffered_mpl_messages: bytes = rest(
        OCTETS, "Bit i, from the left, says that message min_seqno + i is held.", default=b""
    )

    @derived
    def buffered(self) -> tuple[int, ...]:
        """Sequence numbers of the messages that are held, modulo 256 (RFC 7731, 6.3)."""
        bits = "".join(f"{octet:08b}" for octet in self.buffered_mpl_messages)
        return tuple(self.min_seqno + index & 0xFF for index, bit in enumerate(bits) if bit == "1")


@shape
class MplSeedInfo16(MplSeedInfo):
    """The same of a seed that a number of 16 bits names (S = 1)."""

    seed_id: bytes = wire(16, "The seed.", as_=bytes)


@shape
class MplSeedInfo64(MplSeedInfo):
    """The same of a seed that a number of 64 bits names (S = 2)."""

    seed_id: bytes = wire(64, "The seed.", as_=bytes)


@shape
class MplSeedInfo128(MplSeedInfo):
    """The same of a seed that a number of 128 bits names (S = 3)."""

    seed_id: bytes = wire(128, "The seed.", as_=bytes)


SEED_INFOS: tuple[type[MplSeedInfo], ...] = (MplSeedInfo, MplSeedInfo16, MplSeedInfo64, MplSeedInfo128)
"""The shape of each S."""


def take_seed_info(octets: bytes, notes: list[Finding]) -> tuple[MplSeedInfo, int] | str:
    """Read the MPL Seed Info at the start of some octets; see :class:`~dissector.layout.Items`."""
    head = MplSeedInfo.layout.size
    if len(octets) < head:
        return f"it needs at least {head} octets, {len(octets)} are left (RFC 7731, 6.3)"
    kind, bm_len = SEED_INFOS[octets[1] & 3], octets[1] >> 2
    length = kind.layout.size + bm_len
    if len(octets) < length:
        return f"S and bm-len make it {length} octets, {len(octets)} are left (RFC 7731, 6.3)"
    return kind.parse(octets[:length], notes), length


@shape
class MplControl(IcmpMessage):
    """MPL Control Message: which messages of which seeds a forwarder holds (RFC 7731, 6.2)."""

    seed_infos: Several[MplSeedInfo] = rest(
        Items(take_seed_info, "seed info"), "MPL Seed Info, one for each seed.", default=()
    )
