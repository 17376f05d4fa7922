"""One interface that is captured on, through whatever happens to it: down, up, away, back."""

from __future__ import annotations

import fcntl
import socket
import struct
from typing import TYPE_CHECKING

import numpy as np

from dissector.capture.live import hardware
from dissector.capture.live.ring import ANY
from dissector.capture.records import Interface
from dissector.kernel import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dissector.capture.live.ring import Filled, Ring

_GET_FLAGS = 0x8913  # SIOCGIFFLAGS
_UP = 0x1
_BIG = struct.pack("=H", 1) == struct.pack(">H", 1)
_ADDRESS = 48
"""Where struct sockaddr_ll is, from the header of a packet on."""
COLUMNS = ("start", "captured", "original", "time_ns", "interface", "flags")
"""The columns of records that :meth:`Tap.take` fills, in its order."""
_FORMS = dict.fromkeys(hardware.ETHERNETS, walk.RING_TAGGED)


class Tap:
    """A ring on an interface, or on all of them, and the interfaces that its packets come from.

    Args:
        name: of the interface, or ``any``.
        ring: on it.
        interfaces: where those that packets come from are added.
        snaplen: octets kept of a packet.

    Attributes:
        ring: the ring.
        settled: whether all is as it should be: nothing needs watching but the socket's own error.
    """

    def __init__(self, name: str, ring: Ring, interfaces: list[Interface], *, snaplen: int) -> None:
        self.name = name
        self.ring = ring
        self.settled = True
        self._interfaces = interfaces
        self._snaplen = snaplen
        self._index = 0
        self._up = True
        self._received = self._dropped = 0
        self._table: NDArray[np.int64] = np.zeros((0, 3), np.int64)
        if name != ANY:
            self._index = socket.if_nametoindex(name)
            self._know(self._index, self.ring.hardware())

    def take(
        self, filled: Filled, octets: memoryview, position: int, columns: Sequence[memoryview], row: int
    ) -> tuple[int, int]:
        """Copy the packets of a block of the ring; return the first free place and row."""
        at, left = filled.first, filled.packets
        while True:
            status, at, left, position, row = walk.ring(
                self.ring.memory,
                at,
                filled.end,
                left,
                _BIG,
                self._table.data,
                octets,
                position,
                *columns,
                row,
            )
            if status != walk.UNKNOWN:
                break
            _, _, index, kind = struct.unpack_from("=HHiH", self.ring.memory, at + _ADDRESS)
            self._know(index, kind)
        self._dropped += left
        return position, row

    def watch(self) -> Iterator[str]:
        """Look how the interface is, and do what is to be done; yield what is new, a sentence each."""
        fault = self.ring.fault()
        if self.name == ANY:
            return
        index, up = _state(self.name)
        if index != self._index and self._index:
            yield f"{self.name} has gone"
            self._index, self.settled = 0, False
            return
        if index and not self._index:
            self._index = index
            yield from self._bind_again()
        elif self._up and (fault or not up):
            yield f"{self.name} is down"
            self._up = False
        if index and up and not self._up:
            yield f"{self.name} is up again"
            self._up = True
        self.settled = bool(index) and up

    def statistics(self) -> tuple[int, int]:
        """Return how many packets passed the filter so far, and how many of them were dropped."""
        received, dropped = self.ring.statistics()
        self._received += received
        self._dropped += dropped
        return self._received, self._dropped

    def _bind_again(self) -> Iterator[str]:
        """Listen on an interface that has the old one's name, with the same ring."""
        try:
            self.ring.bind()
            self._know(self._index, self.ring.hardware())
        except OSError as error:
            yield f"{self.name} is back, but cannot be listened to: {error.strerror}"
        else:
            self._up = True
            yield f"{self.name} is back"

    def _know(self, index: int, kind: int) -> None:
        """Add an interface to the table; one that came back with the same hardware has its old number."""
        link_type = hardware.link_type(kind)
        name = self.name
        if name == ANY:
            try:
                name = socket.if_indextoname(index)
            except OSError:
                name = f"interface {index}"
        found = Interface(link_type, snaplen=self._snaplen, name=name, resolution="ns")
        if found not in self._interfaces:
            self._interfaces.append(found)
        form = walk.RING_COOKED if link_type == hardware.COOKED else _FORMS.get(kind, walk.RING_AS_IS)
        row = np.array([[index, self._interfaces.index(found), form]], np.int64)
        self._table = np.concatenate([self._table, row])


def _state(name: str) -> tuple[int, bool]:
    """Return an interface's number and whether it is up; 0 if there is none of that name."""
    try:
        index = socket.if_nametoindex(name)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            answer = fcntl.ioctl(sock, _GET_FLAGS, struct.pack("32s", name.encode()))
    except OSError:
        return 0, False
    # struct ifreq: 16 octets of name, then the flags.
    return index, bool(struct.unpack_from("=H", answer, 16)[0] & _UP)
