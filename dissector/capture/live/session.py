"""A live capture, tick by tick."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from dissector.batch import Origin
from dissector.capture.live.bpf import LONGEST, RETURN, Instruction
from dissector.capture.live.icmp_filter import icmp_filter
from dissector.capture.live.interfaces import Device, interfaces, there_are
from dissector.capture.live.ring import ANY
from dissector.capture.live.room import ALWAYS
from dissector.capture.live.text_filter import text_filter
from dissector.capture.records import Report
from dissector.capture.stream import Messages
from dissector.errors import CaptureError, CaptureFilterError, NoInterfaceError, NoRightsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from dissector.batch import Batch
    from dissector.capture.account import Account
    from dissector.capture.live.engine import Engine
    from dissector.capture.records import Block

TICK: Final = 0.1
"""Seconds between two ticks, at most."""
SNAPLEN: Final = 262144


class Tick(NamedTuple):
    """What has come since the tick before.

    Attributes:
        batches: messages; they own their memory, unless they are passing: then they are valid as long as the blocks.
        blocks: the packets that passed the filter; valid until the next tick is asked for.
        notices: what has happened to the interfaces, a sentence each.
    """

    batches: tuple[Batch, ...] = ()
    blocks: tuple[Block, ...] = ()
    notices: tuple[str, ...] = ()


class Live:
    """A live capture; a context manager that ends it.

    Attributes:
        origin: the interfaces, as the batches name them.
        engine: what captures, ``"ring"`` or ``"scapy"``.
    """

    def __init__(  # noqa: PLR0913 - the options of a capture
        self,
        engine: Engine,
        names: list[str],
        *,
        tunnels: bool = True,
        reassemble: bool = True,
        passing: bool = False,
        notice: str = "",
    ) -> None:
        self.origin = Origin(",".join(names), "live", engine.interfaces)
        self.engine = engine.name
        self._engine = engine
        self._messages = Messages(self.origin, tunnels=tunnels, reassemble=reassemble, passing=passing)
        self._report = Report()
        self._notices = [notice] if notice else []
        self._names = names
        self._stopping = False
        self._statistics: list[tuple[int, int]] = []
        self._open = True

    def ticks(self) -> Iterator[Tick]:
        """Hand out what comes, every 0.1 s at least; ends after :meth:`stop`, with what came before that."""
        while not self._stopping:
            self._engine.wait(TICK)
            yield self._tick(self._engine.collect())
        self._engine.halt()
        while block := self._engine.collect():
            yield self._tick(block)
        yield Tick(tuple(self._messages.finish()))

    def stop(self) -> None:
        """Let the ticks end; may be called from a signal handler."""
        self._stopping = True
        if self._open:
            self._engine.wake()

    def __enter__(self) -> Self:
        """Return the capture itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the capture."""
        self.close()

    def close(self) -> None:
        """End the capture; again does nothing."""
        if self._open:
            self._statistics = self._engine.statistics()
            self._open = False
            self._engine.close()

    @property
    def account(self) -> Account:
        """What was captured so far, and what it turned out to be; complete at any time."""
        account = self._messages.account(self._report)
        account.received, account.dropped = map(sum, zip(*self._counted(), strict=True))
        return account

    def counts(self) -> list[tuple[int, int]]:
        """Return packets received and dropped so far for each of ``origin.interfaces``; none if all are one."""
        return [] if ANY in self._names else self._counted()

    def _counted(self) -> list[tuple[int, int]]:
        if self._open:
            self._statistics = self._engine.statistics()
        return self._statistics

    def _tick(self, block: Block | None) -> Tick:
        notices = (*self._notices, *self._engine.notices())
        self._notices = []
        if block is None:
            return Tick(tuple(self._messages.pass_time(time.time_ns())), (), notices)
        self._report.packets += block.count
        return Tick(tuple(self._messages.of(block)), (block,), notices)


def open_live(  # noqa: PLR0913 - the options of a capture
    interfaces: Sequence[str],
    *,
    bpf: str | None = None,
    promiscuous: bool = False,
    snaplen: int = SNAPLEN,
    buffer: int = ALWAYS,
    engine: str = "auto",
    tunnels: bool = True,
    reassemble: bool = True,
    passing: bool = False,
) -> Live:
    """Begin to capture.

    Everything that needs rights happens here.

    Args:
        interfaces: names; ``any`` stands for all, on Linux.
        bpf: a capture filter (pcap-filter(7)), which packets have to pass besides that for ICMP.
        promiscuous: whether frames for other hosts are wanted.
        snaplen: octets kept of a packet.
        buffer: octets of memory that the kernel may fill for each interface; more than half of what the machine has
            left is refused.
        engine: ``"ring"``, ``"scapy"``, or ``"auto"`` for the ring where there can be one.
        tunnels: whether to look into tunnels.
        reassemble: whether to put fragments together; without, a first fragment is a message by itself.
        passing: whether batches are done with before the next tick: it saves copies.

    Raises:
        NoRightsError: the system does not let this process capture.
        NoInterfaceError: there is no such interface.
        CaptureFilterError: ``bpf`` cannot be compiled.
        BufferSizeError: ``buffer`` is too much.
        CaptureError: the engine is not to be had.
    """
    names = list(dict.fromkeys(interfaces))
    devices = _devices(names)
    programs = {name: icmp_filter(_ending(bpf, devices[name], snaplen), tunnels=tunnels) for name in names}
    if bpf and max(map(len, programs.values())) > LONGEST:
        message = f"{bpf!r} is too long a capture filter: the kernel takes {LONGEST} instructions"
        raise CaptureFilterError(message)
    notice = ""
    found: Engine | None = None
    try:
        if engine != "scapy":
            found, notice = _ring(programs, buffer, promiscuous=promiscuous, snaplen=snaplen)
        if found is None:
            if engine == "ring":
                raise CaptureError(notice)
            from dissector.capture.live.scapy_engine import ScapyEngine

            found = ScapyEngine(programs, bpf, tunnels=tunnels, promiscuous=promiscuous, snaplen=snaplen)
    except PermissionError as error:
        message = (
            f"capturing on {', '.join(names)} needs rights that this process does not have (CAP_NET_RAW)"
        )
        raise NoRightsError(message) from error
    except OSError as error:
        message = f"{', '.join(names)} cannot be opened for capture: {error.strerror or error}"
        raise CaptureError(message) from error
    return Live(found, names, tunnels=tunnels, reassemble=reassemble, passing=passing, notice=notice)


def _devices(names: list[str]) -> dict[str, Device]:
    """Return the interfaces of those names."""
    devices = {device.name: device for device in interfaces()}
    for name in names:
        if name not in devices:
            message = f"there is no interface {name!r}; {there_are()}"
            raise NoInterfaceError(message)
    return {name: devices[name] for name in names}


def _ending(bpf: str | None, device: Device, snaplen: int) -> list[Instruction]:
    """Return the end of an interface's filter: what decides about packets that may hold ICMP."""
    if bpf is None:
        return [Instruction(RETURN, 0, 0, snaplen)]
    return text_filter(bpf, None if device.link_type < 0 else {device.link_type}, snaplen)


def _ring(
    programs: dict[str, list[Instruction]], size: int, *, promiscuous: bool, snaplen: int
) -> tuple[Engine | None, str]:
    """Return rings, or None and why there can be none."""
    if sys.platform != "linux":
        return None, ""
    from dissector.capture.live.rings import RingEngine

    try:
        return RingEngine(programs, size=size, promiscuous=promiscuous, snaplen=snaplen), ""
    except PermissionError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        return None, f"the kernel gives no ring ({reason}); scapy captures instead, and may lose packets"
