"""The engine where there is no ring: scapy's sockets, read by a thread.

Its time stamps are floats, so that they are good to a quarter of a microsecond.
"""

from __future__ import annotations

import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from dissector.capture.live import scapy_alone
from dissector.capture.live.bpf import RETURN, Instruction, attach
from dissector.capture.live.engine import order
from dissector.capture.live.hardware import COOKED, link_type
from dissector.capture.live.interfaces import interfaces
from dissector.capture.live.ring import ANY
from dissector.capture.live.text_filter import icmp_text
from dissector.capture.records import CAPACITY, Block, Interface, Records

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAUSE: Final = 0.25
"""Seconds between two looks at interfaces that are away, and at whether to end."""
_RAW: Final = 101
"""LINKTYPE_RAW."""


class ScapyEngine:
    """Captures through scapy; see :class:`~.engine.Engine`.

    Args:
        programs: the filter of each name; on Linux the kernel runs it.
        text: the user's filter, for libpcap on other systems.
        tunnels: whether what is opened as a tunnel may hold ICMP, likewise.
        promiscuous: whether frames for others are wanted.
        snaplen: octets kept of a packet.

    Raises:
        OSError: an interface cannot be opened.
    """

    name = "scapy"

    def __init__(
        self,
        programs: Mapping[str, list[Instruction]],
        text: str | None,
        *,
        tunnels: bool,
        promiscuous: bool,
        snaplen: int,
    ) -> None:
        self.interfaces: list[Interface] = []
        self._programs = _one_by_one(programs)
        self._text = text
        self._tunnels = tunnels
        self._promiscuous = promiscuous
        self._snaplen = snaplen
        self._came: SimpleQueue[tuple[int, float, bytes] | str | None] = SimpleQueue()
        self._packets: list[tuple[int, float, bytes]] = []
        self._notices: list[str] = []
        self._frames = 0
        self._counts = [[0, 0] for _ in self._programs]
        self._ending = False
        self._sockets: dict[int, Any] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        try:
            for number, name in enumerate(self._programs):
                self._sockets[number] = self._opened(name)
        except BaseException:
            self._close_sockets()
            raise
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the thread to bring something."""
        try:
            self._sort(self._came.get(timeout=seconds))
        except Empty:
            return

    def collect(self) -> Block | None:
        """Join the packets that the thread has brought."""
        while len(self._packets) < CAPACITY and not self._came.empty():
            self._sort(self._came.get())
        packets, self._packets = self._packets, []
        if not packets:
            return None
        records = Records(len(packets))
        position = 0
        for row, (number, seconds, octets) in enumerate(packets):
            records.start[row] = position
            records.captured[row] = min(len(octets), self._snaplen)
            records.original[row] = len(octets)
            records.time_ns[row] = int(seconds * 1e9)
            records.interface[row] = number
            position += len(octets)
        order(records, len(packets))
        block = Block(
            bytearray().join(octets for *_, octets in packets), records, len(packets), self._frames + 1, 0
        )
        self._frames += len(packets)
        return block

    def notices(self) -> list[str]:
        """Return what has happened to the interfaces."""
        found, self._notices = self._notices, []
        return found

    def statistics(self) -> list[tuple[int, int]]:
        """Return what the thread has counted; what the kernel drops is not told by scapy."""
        return [(received, dropped) for received, dropped in self._counts]

    def halt(self) -> None:
        """Let the thread come to its end."""
        self._ending = True
        self._thread.join()

    def wake(self) -> None:
        """Bring nothing."""
        self._came.put(None)

    def close(self) -> None:
        """End the thread, and close the sockets."""
        self.halt()
        self._close_sockets()

    def _sort(self, what: tuple[int, float, bytes] | str | None) -> None:
        """Put what the thread has brought where it belongs."""
        if isinstance(what, str):
            self._notices.append(what)
        elif what is not None:
            self._packets.append(what)

    def _close_sockets(self) -> None:
        for each in self._sockets.values():
            each.close()
        self._sockets.clear()

    def _read(self) -> None:
        """Bring packets and notices until the end."""
        while not self._ending:
            self._open_again()
            numbers = {each: number for number, each in self._sockets.items()}
            if not numbers:
                time.sleep(_PAUSE)
                continue
            for each in next(iter(numbers)).select(list(numbers), _PAUSE):
                self._receive(numbers[each], each)

    def _receive(self, number: int, each: Any) -> None:
        """Bring one packet of a socket."""
        try:
            _, octets, seconds = each.recv_raw(self._snaplen)
        except OSError as error:
            self._came.put(f"{self.interfaces[number].name} is down or has gone: {error.strerror}")
            self._sockets.pop(number).close()
            return
        if not octets:
            return
        self._counts[number][0] += 1
        if self._came.qsize() < CAPACITY:
            self._came.put((number, float(seconds or time.time()), bytes(octets)))
        else:
            self._counts[number][1] += 1

    def _open_again(self) -> None:
        """Open what is up again."""
        for number, name in enumerate(self._programs):
            if number not in self._sockets and any(each.name == name and each.up for each in interfaces()):
                try:
                    self._sockets[number] = self._opened(name)
                except OSError:
                    continue
                self._came.put(f"{name} is back")

    def _opened(self, name: str) -> Any:
        """Open an interface."""
        scapy_alone.prepare()
        import scapy.arch
        import scapy.layers.l2  # noqa: F401 - both fill conf
        from scapy.config import conf
        from scapy.error import Scapy_Exception

        conf.ifaces.reload()
        if sys.platform == "linux":
            found = conf.L2listen(iface=name, promisc=self._promiscuous, nofilter=1)
            # What has come before the filter is taken out behind one that lets nothing pass.
            attach(found.ins, [Instruction(RETURN, 0, 0, 0)])
            while found.select([found], 0):
                found.recv_raw(self._snaplen)
            attach(found.ins, self._programs[name])
            kind = link_type(found.ins.getsockname()[3])
            kind = _RAW if kind == COOKED else kind
        else:
            conf.use_pcap = True
            how = {"iface": name, "promisc": self._promiscuous}
            try:
                found = conf.L2listen(filter=icmp_text(self._text, tunnels=self._tunnels), **how)
            except Scapy_Exception:  # on a link that has no Ethernet types
                found = conf.L2listen(filter=icmp_text(self._text, tunnels=self._tunnels, types=False), **how)
            kind = found.pcap_fd.datalink()
        interface = Interface(kind, snaplen=self._snaplen, name=name, resolution="ns")
        if interface not in self.interfaces:
            self.interfaces.append(interface)
        return found


def _one_by_one(programs: Mapping[str, list[Instruction]]) -> dict[str, list[Instruction]]:
    """Return the programs with each interface that is up in the place of ``any``."""
    found: dict[str, list[Instruction]] = {}
    for name, program in programs.items():
        names = [each.name for each in interfaces() if each.up and each.name != ANY]
        found |= dict.fromkeys(names if name == ANY else [name], program)
    return found
