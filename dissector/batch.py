"""The Batch: many ICMP messages out of one stretch of capture, as a buffer of octets and one column a fact.

Everything that reads captures makes batches and everything that looks at messages takes them. A batch owns its
memory: it can be kept, sent to another process and freed on its own.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dissector import kernel
from dissector.capture.links import link_name
from dissector.kernel import layers
from dissector.layout import address_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dissector.capture.records import Interface

DTYPES = {
    "frame": np.int64,
    "time_ns": np.int64,
    "interface": np.int32,
    "original": np.int64,
    "frame_start": np.int64,
    "frame_end": np.int64,
    "ip": np.int64,
    "icmp": np.int64,
    "captured": np.int32,
    "length": np.int32,
    "family": np.uint8,
    "type": np.uint8,
    "code": np.uint8,
    "checksum": np.uint16,
    "checksum_status": np.uint8,
    "ttl": np.uint8,
    "src": np.uint8,
    "dst": np.uint8,
    "flags": np.uint16,
    "record_flags": np.uint8,
    "path": np.int32,
}
"""The columns of a batch and their types; ``src`` and ``dst`` have 16 octets a row, the others one value."""

OFFSETS = ("frame_start", "frame_end", "ip", "icmp")
"""The columns that point into ``octets``."""


_FORMATS = {
    "src": (np.uint64, 2),
    "dst": (np.uint64, 2),
    "sport": ">u2",
    "dport": ">u2",
    "mark": ">u4",
    "id": ">u4",
    "ttl": np.uint8,
    "protocol": np.uint8,
    "version": np.uint8,
    "record_flags": np.uint8,
    "frame": np.int64,
    "time_ns": np.int64,
}
PROBE = np.dtype(
    {
        "names": list(_FORMATS),
        "formats": list(_FORMATS.values()),
        "offsets": [layers.PROBE_OFFSETS[name] for name in _FORMATS],
        "itemsize": layers.PROBE_SIZE,
    }
)
"""A datagram of UDP or TCP that may be a probe of a traceroute: its addresses as in a batch, but as two words each, its
ports, the four octets behind them, identification (IPv4), TTL or hop limit, protocol and IP version; then as in a batch
what the container's reader noted, its frame and its time."""
NO_PROBES = np.zeros(0, PROBE)


class Origin(NamedTuple):
    """Where messages come from.

    Attributes:
        file: the name as the user gave it.
        format: the container, such as ``"pcapng"``.
        interfaces: what ``Batch.interface`` points into; grows while a pcapng is read.
    """

    file: str
    format: str
    interfaces: list[Interface]

    def link(self, interface: int) -> str:
        """Return the name of an interface's link type, such as ``EN10MB``."""
        return link_name(self.interfaces[interface].link_type)


class Batch:
    """Many ICMP messages, one row each, in the order of their frames.

    Attributes:
        octets: the frames, and whatever lies between them, uint8. A reassembled message has the datagram put
            together instead, from its IP header on.
        frame: number of the packet in the file, from 1.
        time_ns: nanoseconds since 1970 (UTC).
        interface: index in ``origin.interfaces``.
        original: octets of the packet on the wire, as the capture claims.
        frame_start, frame_end: where the packet lies in ``octets``.
        ip: where the IP header that carries the message begins in ``octets``.
        icmp: where the message begins in ``octets``.
        captured: octets of the message that are there.
        length: octets of the message by its IP header.
        family: 4 for ICMP, 6 for ICMPv6.
        type, code, checksum: the message's first four octets; 0 where they were not captured.
        checksum_status: ``layers.GOOD``, ``BAD`` or ``UNVERIFIED``.
        ttl: time to live or hop limit of that IP header.
        src, dst: its addresses, shape (n, 16); IPv4 in the first four octets, the others 0.
        flags: ``layers.FRAGMENT``, ``REASSEMBLED``, ``TRUNCATED``, ``TUNNEL``, ``SHORT``, ``OVERLAP``,
            ``FOREIGN``, ``BEYOND``.
        record_flags: what the container's reader noted about the packet (``records.NO_TIME``, ``SHORTENED``).
        path: index in ``paths``.
        paths: the layers from the link to the IP header, such as ``("eth", "vlan 12", "ip")``. Shared by the
            batches of one file, and only ever appended to.
        origin: the file.
        probes: what may be probes of traceroutes by UDP and TCP among the packets since the batch before, where
            :func:`dissector.capture.stream.scan` was asked for them, see :data:`PROBE`; else none.
    """

    __slots__ = ("octets", "origin", "paths", "probes", *DTYPES)

    octets: NDArray[np.uint8]
    frame: NDArray[np.int64]
    time_ns: NDArray[np.int64]
    interface: NDArray[np.int32]
    original: NDArray[np.int64]
    frame_start: NDArray[np.int64]
    frame_end: NDArray[np.int64]
    ip: NDArray[np.int64]
    icmp: NDArray[np.int64]
    captured: NDArray[np.int32]
    length: NDArray[np.int32]
    family: NDArray[np.uint8]
    type: NDArray[np.uint8]
    code: NDArray[np.uint8]
    checksum: NDArray[np.uint16]
    checksum_status: NDArray[np.uint8]
    ttl: NDArray[np.uint8]
    src: NDArray[np.uint8]
    dst: NDArray[np.uint8]
    flags: NDArray[np.uint16]
    record_flags: NDArray[np.uint8]
    path: NDArray[np.int32]
    paths: list[tuple[str, ...]]
    origin: Origin
    probes: NDArray[np.void]

    def __init__(
        self,
        octets: NDArray[np.uint8],
        columns: dict[str, NDArray[np.generic]],
        paths: list[tuple[str, ...]],
        origin: Origin,
        probes: NDArray[np.void] = NO_PROBES,
    ) -> None:
        self.octets = octets
        self.paths = paths
        self.origin = origin
        self.probes = probes
        for name in DTYPES:
            setattr(self, name, columns[name])

    def __len__(self) -> int:
        """Return how many messages there are."""
        return len(self.frame)

    def __repr__(self) -> str:
        """Name the file and say how many messages and octets there are."""
        return f"<Batch of {len(self)} messages, {len(self.octets)} octets, {self.origin.file}>"

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Batch:
        """Return a stretch of the rows, those of a mask, or some; the octets are shared (but see :meth:`take`).

        With a mask the probes are those of this batch, for it is messages that are chosen. A stretch has those that
        were captured since the message before it; the last stretch those at the end too.
        """
        columns = {name: getattr(self, name)[rows] for name in DTYPES}
        return Batch(self.octets, columns, self.paths, self.origin, self._probes_of(rows))

    def _probes_of(self, rows: slice | NDArray[np.generic]) -> NDArray[np.void]:
        """Return the probes that go with some of the rows."""
        count = len(self)
        if not len(self.probes):
            return NO_PROBES
        if not isinstance(rows, slice):
            return self.probes if np.asarray(rows).dtype == np.bool_ else NO_PROBES
        start, stop, _ = rows.indices(count)
        first, last = (
            np.searchsorted(self.probes["frame"], self.frame[at - 1] if 0 < at < count else 0, "right")
            for at in (start, stop)
        )
        if start == count > 0:
            first = len(self.probes)
        return self.probes[first : None if stop == count else last]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.integer] | Sequence[int]) -> Batch:
        """Return chosen messages with the octets of their frames alone.

        Args:
            rows: a mask with one value a row, or the indices wanted, in the order wanted.

        Returns:
            A batch that shares no memory with this one. With a mask it has the probes too.
        """
        chosen = np.asarray(rows)
        probes = self._probes_of(chosen).copy()
        if not len(chosen):
            chosen = chosen.astype(np.int64)
        columns = {name: getattr(self, name)[chosen] for name in DTYPES}
        octets = np.empty(int((columns["frame_end"] - columns["frame_start"]).sum()), np.uint8)
        kernel.scan.gather(self.octets.data, *(columns[name].data for name in OFFSETS), octets.data)
        return Batch(octets, columns, self.paths, self.origin, probes)

    @classmethod
    def empty(
        cls,
        origin: Origin,
        paths: list[tuple[str, ...]] | None = None,
        probes: NDArray[np.void] = NO_PROBES,
    ) -> Batch:
        """Return a batch without messages."""
        columns = {name: np.zeros(_shape(name, 0), dtype) for name, dtype in DTYPES.items()}
        return cls(np.zeros(0, np.uint8), columns, [()] if paths is None else paths, origin, probes)

    @classmethod
    def join(cls, batches: Iterable[Batch]) -> Batch:
        """Return the rows of several batches of one file, ordered by frame.

        Raises:
            ValueError: there are none, or they are not of one file (their ``paths`` differ).
        """
        parts = list(batches)
        if not parts or any(part.paths is not parts[0].paths for part in parts):
            msg = "batches of one file are needed"
            raise ValueError(msg)
        if len(parts) == 1:
            return parts[0]
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in DTYPES}
        base = np.cumsum([0] + [len(part.octets) for part in parts[:-1]])
        shift = np.repeat(base, [len(part) for part in parts])
        for name in OFFSETS:
            columns[name] += shift
        order = np.argsort(columns["frame"], kind="stable")
        columns = {name: column[order] for name, column in columns.items()}
        octets, probes = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("octets", "probes")
        )
        return cls(octets, columns, parts[0].paths, parts[0].origin, probes)

    def to_numpy(self) -> dict[str, NDArray[np.generic]]:
        """Return the columns by name, each of one dimension: what pandas and polars make a data frame of.

        Nothing is copied. ``src`` and ``dst`` have 16 octets a row (``V16``); IPv4 addresses are the first four.
        """
        found: dict[str, NDArray[np.generic]] = {}
        for name in DTYPES:
            column = getattr(self, name)
            found[name] = column.view("V16").reshape(len(self)) if column.ndim > 1 else column
        return found

    def message_octets(self, row: int) -> bytes:
        """Return the octets of one message, as many as were captured."""
        start = int(self.icmp[row])
        return self.octets[start : start + int(self.captured[row])].tobytes()

    def frame_octets(self, row: int) -> bytes:
        """Return the octets of the packet that holds one message, link layer and all."""
        return self.octets[int(self.frame_start[row]) : int(self.frame_end[row])].tobytes()

    def ip_version(self, row: int) -> int:
        """Return 4 or 6: of which family ``src`` and ``dst`` are."""
        family = int(self.family[row])
        return 10 - family if self.flags[row] & layers.FOREIGN else family

    def source(self, row: int) -> str:
        """Return the source address as text, such as ``10.0.0.1`` or ``fe80::1``."""
        return self._address(self.src[row].tobytes(), row)

    def destination(self, row: int) -> str:
        """Return the destination address as text."""
        return self._address(self.dst[row].tobytes(), row)

    def _address(self, octets: bytes, row: int) -> str:
        """Return an address of a row as text (RFC 5952 for IPv6)."""
        short = self.ip_version(row) == 4  # noqa: PLR2004 - the IP version
        return address_text(IPv4Address(octets[:4]) if short else IPv6Address(octets))

    def link(self, row: int) -> str:
        """Return the name of the link type the packet was captured on, such as ``EN10MB``."""
        return self.origin.link(int(self.interface[row]))


def _shape(name: str, count: int) -> tuple[int, ...]:
    return (count, 16) if name in ("src", "dst") else (count,)


def distinct(numbers: NDArray[np.integer]) -> tuple[list[int], NDArray[np.intp]]:
    """Return the different numbers there are, ascending, and for each number its place among them.

    In time that depends on the rows alone: a file may have many more interfaces or paths than a batch has messages.
    """
    if len(numbers) and (numbers == numbers[0]).all():
        return [int(numbers[0])], np.zeros(len(numbers), np.intp)
    found = sorted(set(numbers.tolist()))
    return found, np.searchsorted(np.array(found, np.int64), numbers)
