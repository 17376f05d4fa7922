"""From packets to batches of ICMP messages: what stands around the scan kernel.

Strategy: the kernel fills scratch columns. Where messages are rare, a batch gets copies of the rows that were filled
and of the packets they are in, and scratch and buffer are used again. Where they are most of what there is, the batch
gets scratch and buffer themselves, and the next block new ones. Either way it owns its memory, unless it is to be
passing: then it is nothing but a look at scratch and buffer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dissector import kernel
from dissector.batch import DTYPES, NO_PROBES, OFFSETS, PROBE, Batch
from dissector.capture.links import KNOWN, layer_of
from dissector.kernel import layers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from dissector.batch import Origin
    from dissector.capture.records import Block, Interface

_COLUMNS = (
    "ip", "icmp", "captured", "length", "family", "type", "code", "checksum", "checksum_status", "ttl",
    "src", "dst", "flags", "path",
)  # fmt: skip
_WIDE = ("src", "dst")
_OF_RECORDS = ("time_ns", "interface", "original")
_IP = (layers.IPV4, layers.IPV6)
_STEP_BITS = 8


class Scanner:
    """Records → messages: one for each capture file.

    Attributes:
        counts: packets by verdict, shape (``layers.VERDICTS``,), int64; every packet is counted once.
        paths: the layers that messages were found behind, shared by all batches; grows. ``paths[0]`` is ``()``.
        origin: the file.
    """

    __slots__ = (
        "_gather",
        "_kernel",
        "_links",
        "_parents",
        "_passing",
        "_probes",
        "_room",
        "_scratch",
        "_sent",
        "_sent_record",
        "_skipped",
        "_steps",
        "_told",
        "counts",
        "origin",
        "paths",
    )

    def __init__(  # noqa: PLR0913 - the options of a scan
        self,
        origin: Origin,
        *,
        tunnels: bool = True,
        reassemble: bool = True,
        passing: bool = False,
        probes: int = 0,
        module: Any = None,
    ) -> None:
        """Prepare the kernel.

        Args:
            origin: the file; its interfaces say what begins a packet.
            tunnels: whether datagrams and frames within datagrams are opened.
            reassemble: whether fragments come as rows flagged ``layers.PENDING``.
            passing: whether a batch of :meth:`scan` is good only until the next block: it saves copies.
            probes: UDP and TCP with no more hops left than this come as :attr:`Batch.probes`; with 0 none do.
            module: the scan kernel to use instead of ``kernel.scan``, one back end or the other.
        """
        self.origin = origin
        self.counts = np.zeros(layers.VERDICTS, np.int64)
        self.paths: list[tuple[str, ...]] = [()]
        self._links = np.zeros(0, np.int32)
        self._skipped = np.zeros(0, np.int64)
        self._told = 0
        self._passing = passing
        self._probes = probes
        self._sent, self._sent_record = NO_PROBES, np.zeros(0, np.int64)
        self._parents = np.zeros(layers.MAX_PATHS, np.int32)
        self._steps = np.zeros(layers.MAX_PATHS, np.int32)
        scan = kernel.scan if module is None else module
        self._gather = scan.gather
        # memoryview: plain Python reads it twice as fast as an array.
        self._kernel = scan.Kernel(
            memoryview(bytes(layer_of(number) for number in range(KNOWN))),
            memoryview(_table(layers.ETHER_TYPES, 1 << 16, () if tunnels else layers.TUNNEL_ETHER_TYPES)),
            memoryview(_table(layers.PROTOCOLS, 1 << 8, () if tunnels else layers.TUNNEL_PROTOCOLS)),
            memoryview(_table(layers.UDP_PORTS, 1 << 16)),
            memoryview(bytes(bool(name) for name in layers.STEP_NAMES)),
            self.counts.data,
            self._parents.data,
            self._steps.data,
            np.zeros(2 * layers.MAX_PATHS, np.int32).data,
            np.zeros(layers.MAX_LAYERS, np.int32).data,
            tunnels,
            reassemble,
        )
        self._room = 0
        self._use_interfaces(origin.interfaces)

    @property
    def skipped_links(self) -> dict[int, int]:
        """Packets of link types that are not decoded, by link type."""
        found: dict[int, int] = {}
        for interface, count in zip(self.origin.interfaces, self._skipped.tolist(), strict=False):
            if count:
                found[interface.link_type] = found.get(interface.link_type, 0) + count
        return found

    def scan(self, block: Block) -> Iterator[Batch]:
        """Return the ICMP messages of a block, in the order of its packets, one a packet at most.

        With ``reassemble`` the fragments of datagrams that may hold ICMP come as rows flagged ``layers.PENDING``.
        A first fragment of ICMP itself is also the message that begins in it. Any other fragment is flagged
        ``layers.BARE`` as well: no message begins in it, ``ip`` says where its IP header is, ``icmp`` where its
        payload is, and ``family`` is 0. The first fragment of a tunnelled datagram is one of these; what is in it
        is found when it is whole, or by :meth:`datagram` with ``alone`` when it never is.

        Without ``reassemble`` a first fragment is a message flagged ``layers.FRAGMENT``, and later fragments are
        counted as ``layers.LATER_FRAGMENT`` (or under their protocol).

        Args:
            block: its memory is not used once the iterator is exhausted.

        Yields:
            Batches that are not empty: they have messages or, where they are asked for, probes.
        """
        if len(self.origin.interfaces) > self._told:
            self._use_interfaces(self.origin.interfaces)
        records = block.records
        count = block.count
        if count > self._room:
            self._make_room(count)
        if self._probes and count > len(self._sent):
            self._make_room_for_probes(count)
        octets = memoryview(block.octets)
        rows, paths, sent = self._kernel.scan(
            octets,
            records.start.data,
            records.captured.data,
            records.original.data,
            records.interface.data,
            count,
        )
        probes = self._put_down(sent, block) if sent else NO_PROBES
        if not rows:
            if sent:
                yield Batch.empty(self.origin, self.paths, probes)
            return
        self._name_paths(paths)
        record = self._scratch["record"][:rows]
        # Fragments wait for others, and what is put together of them is scanned into the same scratch.
        pending = np.bitwise_or.reduce(self._scratch["flags"][:rows]) & layers.PENDING
        passing = self._passing and not pending
        columns = self._filled(rows, count, passing=passing)
        # Rows ascend by packet: if there are as many, each is its own packet's.
        of: Any = slice(rows) if rows == count else record
        columns["frame"] = record + block.first_frame
        for name in _OF_RECORDS:
            columns[name] = getattr(records, name)[of]
        columns["record_flags"] = records.flags[of]
        if not passing:
            columns |= {name: columns[name].copy() for name in (*_OF_RECORDS, "record_flags")}
        first = columns["frame_start"] = records.start[of].copy()
        last = columns["frame_end"] = first + records.captured[of]
        size = int(last.sum() - first.sum())
        # In a live capture packets are in the order of time, and the octets of several interfaces are not.
        end = int(last.max())
        if passing:
            kept = np.frombuffer(octets, np.uint8)[:end]
        elif 2 * size > end - int(first.min()):
            kept = np.frombuffer(block.keep(), np.uint8)[:end]
        else:
            kept = np.empty(size, np.uint8)
            self._gather(octets, *(columns[name].data for name in OFFSETS), kept.data)
        yield Batch(kept, columns, self.paths, self.origin, probes)

    def datagram(self, octets: bytes, batch: Batch, row: int, *, alone: bool = False) -> Batch:
        """Scan one IP datagram that was put together.

        Args:
            octets: the datagram from its IP header on, no longer a fragment by that header.
            batch: a batch of this scanner.
            row: the row of the last fragment in ``batch``: its frame, time and interface, and the layers before
                its IP header, become the message's.
            alone: ``octets`` is a first fragment as it came, and the rest of it never did: no row is PENDING.

        Returns:
            The message that is in it, flagged ``layers.REASSEMBLED`` (``layers.FRAGMENT`` if ``alone``), or an empty
            batch. It may be PENDING again: fragments within a tunnel. The packet was counted before, and is not
            counted again.
        """
        base = int(batch.path[row])
        while base and self._steps[base] not in _IP:  # behind the header there may be authentication
            base = int(self._parents[base])
        base = int(self._parents[base])
        depth = len(self.paths[base])
        if not self._room:
            self._make_room(1)
        tunnel = bool(int(batch.flags[row]) & layers.TUNNEL)
        rows, paths = self._kernel.datagram(memoryview(octets), base, depth, tunnel, not alone)
        if not rows:
            return Batch.empty(self.origin, self.paths)
        self._name_paths(paths)
        columns = self._filled(rows, 0, passing=False)
        for name in ("frame", "time_ns", "interface", "original", "record_flags"):
            columns[name] = getattr(batch, name)[row : row + 1].copy()
        columns["frame_start"] = np.zeros(1, np.int64)
        columns["frame_end"] = np.full(1, len(octets), np.int64)
        if not alone:
            columns["flags"] |= np.uint16(layers.REASSEMBLED)
        return Batch(np.frombuffer(octets, np.uint8).copy(), columns, self.paths, self.origin)

    def _make_room(self, count: int) -> None:
        """Make scratch columns for blocks of ``count`` packets."""
        self._scratch: dict[str, NDArray[Any]] = {"record": np.empty(count, np.int64)}
        for name in _COLUMNS:
            self._scratch[name] = np.empty(count * (16 if name in _WIDE else 1), DTYPES[name])
        self._kernel.use_columns(*(column.data for column in self._scratch.values()))
        self._room = count

    def _make_room_for_probes(self, count: int) -> None:
        """Make room for what may be probes in blocks of ``count`` packets."""
        self._sent, self._sent_record = np.empty(count, PROBE), np.empty(count, np.int64)
        self._kernel.use_probes(self._sent.view(np.uint8).data, self._sent_record.data, self._probes + 1)

    def _put_down(self, count: int, block: Block) -> NDArray[np.void]:
        """Return the probes that the kernel has found in a block, with what the records say of them."""
        probes, record = self._sent[:count].copy(), self._sent_record[:count]
        probes["frame"] = record + block.first_frame
        probes["time_ns"] = block.records.time_ns[record]
        probes["record_flags"] = block.records.flags[record]
        return probes

    def _use_interfaces(self, interfaces: list[Interface]) -> None:
        """Tell the kernel what begins the packets of each interface that it does not know yet."""
        first, count = self._told, len(interfaces)
        if count > len(self._links):
            # Twice as many: a file may describe one before each packet.
            room = np.zeros(2 * count - first, np.int32)
            self._links = np.concatenate((self._links[:first], room))
            self._skipped = np.concatenate((self._skipped[:first], room.astype(np.int64)))
        self._links[first:count] = [
            layer_of(interface.link_type) | min(interface.fcs, 255) << 8 for interface in interfaces[first:]
        ]
        self._told = count
        self._kernel.use_interfaces(self._links[:count].data, self._skipped[:count].data)

    def _filled(self, rows: int, count: int, *, passing: bool) -> dict[str, NDArray[Any]]:
        """Return the columns that the kernel filled: copies, or the scratch itself if ``rows`` of ``count`` are most.

        If they are passing they are the scratch itself, which is used again all the same.
        """
        filled = {
            name: self._scratch[name][: 16 * rows].reshape(rows, 16)
            if name in _WIDE
            else self._scratch[name][:rows]
            for name in _COLUMNS
        }
        if passing:
            return filled
        if 2 * rows <= self._room or not count:
            return {name: column.copy() for name, column in filled.items()}
        # Small arrays come from memory that was used a moment ago, so no more room than a block needs.
        self._room = 0
        return filled

    @property
    def steps(self) -> list[tuple[int, int]]:
        """Parent and last step of each path but the first, for :meth:`adopt`."""
        known = slice(1, len(self.paths))
        return list(zip(self._parents[known].tolist(), self._steps[known].tolist(), strict=True))

    def adopt(self, steps: list[tuple[int, int]]) -> NDArray[np.int32]:
        """Know the paths of another scanner as well; return the number here of each path there.

        With :data:`layers.PROBES` paths or more, some may not find a place.
        """
        numbers = [0]
        for parent, step in steps:
            numbers.append(self._kernel.child(numbers[parent], step))
            self._name_paths(max(len(self.paths), numbers[-1] + 1))
        return np.array(numbers, np.int32)

    def _name_paths(self, known: int) -> None:
        """Add the names of the paths that the kernel met for the first time."""
        for path in range(len(self.paths), known):
            tag, layer = divmod(int(self._steps[path]), 1 << _STEP_BITS)
            name = layers.STEP_NAMES[layer]
            if layer == layers.VLAN:
                name = f"{name} {tag}"
            self.paths.append((*self.paths[self._parents[path]], name))


def _table(layers_by_number: Mapping[int, int], size: int, without: tuple[int, ...] = ()) -> bytes:
    """Return a table of ``size`` octets, the layer of each number, 0 where there is none."""
    table = bytearray(size)
    for number, layer in layers_by_number.items():
        if number not in without:
            table[number] = layer
    return bytes(table)
