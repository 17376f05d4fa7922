"""The ring that the Linux kernel and this process share: packets without a system call for each.

The kernel fills blocks of the ring (TPACKET_V3, ``Documentation/networking/packet_mmap.rst``), hands a block over when
it is full or :data:`RETIRE` is over, and gets it back by its status. Constants are those of ``linux/if_packet.h``.
"""

from __future__ import annotations

import errno
import mmap
import socket
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from dissector.capture.live import bpf

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK: Final = 131072
"""Octets of a block: room for any IP datagram. Smaller ones are more, and each packet that comes alone takes one."""

RETIRE: Final = 30
"""Milliseconds after which a block is handed over although it is not full."""

ANY: Final = "any"
"""What stands for all interfaces."""

_SOL_PACKET: Final = 263
_ADD_MEMBERSHIP: Final = 1
_RX_RING: Final = 5
_STATISTICS: Final = 6
_VERSION: Final = 10
_TPACKET_V3: Final = 2
_PROMISCUOUS: Final = 1
_EVERY_PROTOCOL: Final = 0x0003
_FRAME: Final = 2048  # means nothing to TPACKET_V3, but must divide a block
_OF_USER: Final = 1
_STATUS: Final = 8  # offset in struct tpacket_block_desc, as are the next two
_PACKETS: Final = 12
_FIRST: Final = 16
_LEAST: Final = 8  # blocks


class Filled(NamedTuple):
    """A block that the kernel has handed over.

    Attributes:
        number: which it is.
        first: offset in the ring of the first packet's header.
        end: where the block ends.
        packets: how many there are.
    """

    number: int
    first: int
    end: int
    packets: int


class Ring:
    """A socket on one interface, or on all, and its ring.

    The socket is made for no protocol, gets filter and ring, and only then is bound: so no packet comes past the
    filter, and none of another interface. One for all interfaces cannot be bound later; but the kernel forgets what
    a socket has received when it gets a ring, and the filter is there by then.

    Args:
        name: of the interface, or :data:`ANY`.
        program: the filter.
        size: octets of the ring (see ``room.py``); halved while the kernel has not so much memory in one piece.
        promiscuous: whether frames for others are wanted.

    Attributes:
        memory: the ring.

    Raises:
        PermissionError: CAP_NET_RAW is missing.
        OSError: there is no such interface, or no memory for a ring.
    """

    def __init__(
        self, name: str, program: list[bpf.Instruction], *, size: int, promiscuous: bool = False
    ) -> None:
        protocol = socket.htons(_EVERY_PROTOCOL) if name == ANY else 0
        self._name = name
        self._promiscuous = promiscuous
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, protocol)
        try:
            self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
            bpf.attach(self._socket, program)
            self._blocks = self._allocate(max(size // BLOCK, _LEAST))
            self._map = mmap.mmap(self._socket.fileno(), self._blocks * BLOCK)
            self.memory = memoryview(self._map)
            if name == ANY:
                self.statistics()  # those before do not count
            else:
                self.bind()
        except BaseException:
            self.close()
            raise
        self._next = 0

    def bind(self) -> None:
        """Listen on the interface that has the name now. Making the socket takes rights, this does not.

        Raises:
            OSError: there is none.
        """
        self._socket.bind((self._name, _EVERY_PROTOCOL))
        if self._promiscuous:
            request = struct.pack("@iHH8x", socket.if_nametoindex(self._name), _PROMISCUOUS, 0)
            self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, request)

    def hardware(self) -> int:
        """Return the interface's kind of hardware (``ARPHRD_``)."""
        return int(self._socket.getsockname()[3])

    def fileno(self) -> int:
        """Return the socket's file descriptor, for polling."""
        return self._socket.fileno()

    def filled(self) -> Iterator[Filled]:
        """Yield the blocks that the kernel has handed over, in order; each is given back by :meth:`give_back`."""
        for _ in range(self._blocks):
            begin = self._next * BLOCK
            # The processor may read what is in the block before its status only if no instruction of the
            # interpreter stands between: many thousands do.
            status, packets, first = struct.unpack_from("=III", self.memory, begin + _STATUS)
            if not status & _OF_USER:
                return
            yield Filled(self._next, begin + first, begin + BLOCK, packets)

    def give_back(self, block: Filled) -> None:
        """Let the kernel fill a block again: the one that :meth:`filled` yielded last."""
        struct.pack_into("=I", self.memory, block.number * BLOCK + _STATUS, 0)
        self._next = (block.number + 1) % self._blocks

    def statistics(self) -> tuple[int, int]:
        """Return how many packets passed the filter since the last call, and how many of them were dropped."""
        received, dropped, _ = struct.unpack("=III", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12))
        return received, dropped

    def halt(self) -> None:
        """Let no more packets in."""
        bpf.attach(self._socket, [bpf.Instruction(bpf.RETURN, 0, 0, 0)])

    def fault(self) -> int:
        """Return the error number that waits at the socket, such as ENETDOWN, and take it away; 0 if none."""
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def close(self) -> None:
        """Give up socket and ring."""
        if hasattr(self, "_map"):
            self.memory.release()
            self._map.close()
        self._socket.close()

    def _allocate(self, blocks: int) -> int:
        """Ask the kernel for a ring of so many blocks, or of half as many; return how many there are."""
        while True:
            # struct tpacket_req3: the last two are what may be private in a block, and features.
            request = struct.pack("@7I", BLOCK, blocks, _FRAME, blocks * BLOCK // _FRAME, RETIRE, 0, 0)
            try:
                self._socket.setsockopt(_SOL_PACKET, _RX_RING, request)
            except OSError as error:
                if error.errno != errno.ENOMEM or blocks <= _LEAST:
                    raise
            else:
                return blocks
            blocks //= 2
