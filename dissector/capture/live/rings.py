"""The engine on Linux: a ring for each interface.

The packets are copied out of the ring. They could stay in it until they are done with, but then a slow reader would
hold blocks that the kernel needs, and what keeps a message would keep a block; of the copy a batch gets what it needs.
The blocks of several rings are brought into the order of time, those that are there at the same moment.
"""

from __future__ import annotations

import os
import select
import time
from itertools import islice
from typing import TYPE_CHECKING

from dissector.capture.live import room
from dissector.capture.live.engine import Captured, order
from dissector.capture.live.ring import BLOCK, RETIRE, Ring
from dissector.capture.live.tap import COLUMNS, Tap
from dissector.capture.records import Interface, Records
from dissector.capture.window import SIZE, buffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dissector.capture.live.bpf import Instruction
    from dissector.capture.records import Block

_LOOK = 0.5
"""Seconds between two looks at an interface that is down or away."""

_MANY = 500
"""Packets at once from which on it is worth while to wait for more: most of the work is per tick, not per packet."""
_PACE, _LONGEST = 0.08, 0.25
"""Seconds to wait then, and at most, where more than :data:`_FAST` come in a second: no one reads them as they come."""
_FAST = 20_000
_SIZE = SIZE
"""Octets that are copied out of rings at once; what waits in them in between is to fill half of that."""


class RingEngine:
    """Captures through rings; see :class:`~.engine.Engine`.

    Args:
        programs: the filter of each interface.
        size: octets of a ring.
        promiscuous: whether frames for others are wanted.
        snaplen: octets kept of a packet, as the filters say.

    Raises:
        BufferSizeError: that is too much.
        PermissionError: CAP_NET_RAW is missing.
        OSError: there is no such interface, or no ring can be had.
    """

    name = "ring"

    def __init__(
        self, programs: Mapping[str, list[Instruction]], *, size: int, promiscuous: bool, snaplen: int
    ) -> None:
        room.check(size, len(programs))
        self.interfaces: list[Interface] = []
        self._taps: list[Tap] = []
        self._records = Records()
        self._columns = [getattr(self._records, name).data for name in COLUMNS]
        self._octets = buffer(max(_SIZE, BLOCK * len(programs)))
        self._frames = 0
        self._notices: list[str] = []
        self._look = 0.0
        self._collected = time.monotonic()
        self._pause = 0.0
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        try:
            for name, program in programs.items():
                ring = Ring(name, program, size=size, promiscuous=promiscuous)
                self._taps.append(Tap(name, ring, self.interfaces, snaplen=snaplen))
        except BaseException:
            self.close()
            raise

    def wait(self, seconds: float) -> None:
        """Poll the sockets; look after interfaces whose socket reports an error, or that are not as they were."""
        poll = select.poll()
        poll.register(self._alarm, select.POLLIN)
        if self._pause:
            poll.poll(1000 * self._pause)
        taps = {tap.ring.fileno(): tap for tap in self._taps}
        for number in taps:
            poll.register(number, select.POLLIN)
        events = poll.poll(1000 * seconds)
        faulty = [taps[number] for number, event in events if number in taps and event & select.POLLERR]
        if time.monotonic() >= self._look:
            faulty += [tap for tap in self._taps if not tap.settled and tap not in faulty]
            self._look = time.monotonic() + _LOOK
        for tap in faulty:
            self._notices += tap.watch()

    def collect(self) -> Block | None:
        """Copy the blocks that the kernel has handed over, as many as the buffer surely has room for."""
        position = count = sources = most = 0
        share = _SIZE // BLOCK // len(self._taps) or 1
        for tap in self._taps:
            before, blocks = count, 0
            for filled in islice(tap.ring.filled(), share):
                position, count = tap.take(filled, self._octets, position, self._columns, count)
                tap.ring.give_back(filled)
                blocks += 1
            sources += count > before
            most = max(most, blocks)
        self._pause = self._pace(count, most / share)
        if not count:
            return None
        if sources > 1:
            order(self._records, count)
        block = Captured(self._octets, position, self._records, count, self._frames + 1)
        self._frames += count
        return block

    def _pace(self, count: int, full: float) -> float:
        """Return the seconds in which packets are to come together before the next look at the rings.

        Args:
            count: packets that were collected.
            full: how much of what can be collected from one ring was there, from 0 to 1.
        """
        now = time.monotonic()
        passed, self._collected = now - self._collected, now
        if count < _MANY or full >= 1:
            return 0
        return min(max(_PACE, passed / full / 2), _LONGEST) if count > _FAST * passed else _PACE

    def notices(self) -> list[str]:
        """Return what has happened to the interfaces."""
        found, self._notices = self._notices, []
        return found

    def statistics(self) -> list[tuple[int, int]]:
        """Return what the kernel has counted for each ring."""
        return [tap.statistics() for tap in self._taps]

    def halt(self) -> None:
        """Refuse all further packets, and wait until the kernel hands over the blocks they were filled into."""
        for tap in self._taps:
            tap.ring.halt()
        time.sleep(2 * RETIRE / 1000)

    def wake(self) -> None:
        """Let :meth:`wait` return, from now on at once."""
        os.eventfd_write(self._alarm, 1)

    def close(self) -> None:
        """Close sockets and rings."""
        for tap in self._taps:
            tap.ring.close()
        if self._alarm >= 0:
            os.close(self._alarm)
            self._alarm = -1
