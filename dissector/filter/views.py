"""What a filter looks at: the messages of a batch with the headers that carry them, and what they quote.

Strategy: an error quotes a datagram, in which there may be a message that quotes another one, and around a message
there may be the headers of tunnels. As in Wireshark, a field has a value for each of them. So a filter looks at
several :class:`View` of one batch: one has a row for each message, the next a row for each quoted datagram, and so on
until nothing is quoted; others have a row for each header around a message. All of them are columns of offsets in the
same octets, and a field is read from each of them in the same way.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from dissector import kernel
from dissector.filter.families import quoting
from dissector.filter.headers import V4, V6, Headers, carried, redirected
from dissector.filter.tunnels import outer_headers
from dissector.kernel import layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch
    from dissector.filter.headers import Carried
    from dissector.filter.sources import Source

DEEPEST = 16
"""Datagrams quoted within one another that are looked at."""
ICMP, ICMPV6 = 1, 58
PORTS = (6, 17, 33, 132, 136)
"""Protocols that begin with two ports: TCP, UDP, DCCP, SCTP, UDP-Lite."""
VERSIONS = np.repeat(np.array([0] * V4 + [V4, 0, V6] + [0] * 9, np.uint8), 16)
"""The IP version that a header's first octet says; 0 where there is none such."""
CARRIED = np.zeros(256, np.uint8)
"""The family that a protocol's number says; 0 for what is no message."""
CARRIED[[ICMP, ICMPV6]] = V4, V6


class View:
    """Datagrams in one batch, and the messages in them.

    Args:
        batch: the batch.
        headers: where their headers are; its columns are those of the view.
    """

    def __init__(self, batch: Batch, headers: Headers) -> None:
        self.batch = batch
        self.depth, self.rows, self.version, self.ip, self.limit = headers

    def __len__(self) -> int:
        """Return how many datagrams there are."""
        return len(self.ip)

    @cached_property
    def _carried(self) -> Carried:
        return carried(self.batch.octets, self.version, self.ip, self.limit)

    @property
    def end(self) -> NDArray[np.int64]:
        """Where the octets of the datagrams end, by their own lengths."""
        return self._carried.end

    @property
    def upper(self) -> NDArray[np.int64]:
        """Where what the headers carry begins, behind extension headers."""
        return self._carried.upper

    @property
    def protocol(self) -> NDArray[np.uint8]:
        """Number of what they carry; 255 where that is a later fragment."""
        return self._carried.protocol

    @cached_property
    def family(self) -> NDArray[np.uint8]:
        """4 or 6 where they carry a message, else 0."""
        return CARRIED[self.protocol]

    @cached_property
    def captured(self) -> NDArray[np.int32]:
        """Octets of what the header carries that are there."""
        found: NDArray[np.int32] = np.maximum(self.end - self.upper, 0).astype(np.int32)
        return found

    @cached_property
    def least(self) -> int:
        """The least of :attr:`captured`."""
        return int(self.captured.min()) if len(self) else 0

    @cached_property
    def only(self) -> int:
        """The family that all of them are; 0 where they differ."""
        return int(self.family[0]) if len(self) and self.family.min() == self.family.max() else 0

    @cached_property
    def length(self) -> NDArray[np.integer]:
        """Octets of the message."""
        return self.captured

    @cached_property
    def type(self) -> NDArray[np.uint8]:
        """Type of the messages; 0 where there is none."""
        return self._octet(0)

    @cached_property
    def code(self) -> NDArray[np.uint8]:
        """Code of the messages."""
        return self._octet(1)

    @cached_property
    def checksum(self) -> NDArray[np.uint16]:
        """Checksum of the messages."""
        return (self._octet(2).astype(np.uint16) << 8 | self._octet(3)).astype(np.uint16)

    @cached_property
    def checksum_status(self) -> NDArray[np.uint8]:
        """What is known about it: nothing, where a message is quoted."""
        return np.full(len(self), layers.UNVERIFIED, np.uint8)

    def _octet(self, at: int) -> NDArray[np.uint8]:
        there = (self.family > 0) & (self.captured > at)
        return np.where(there, self.batch.octets[np.where(there, self.upper + at, 0)], 0).astype(np.uint8)

    def having(self, where: str, size: int) -> NDArray[np.bool_] | None:
        """Return which ones have octets up to ``size`` of something.

        Args:
            where: ``"ip"``, ``"ipv6"``: a header of that version; ``"icmp"``, ``"icmpv6"``: a message of that family;
                ``"ports"``: a header that begins with ports; ``"frame"``: the frame.
            size: octets of it that must be there.

        Returns:
            A mask; None for all.
        """
        if where == "frame":
            return self.batch.frame_start + size <= self.batch.frame_end if size else None
        if where in ("ip", "ipv6"):
            number = V4 if where == "ip" else V6
            if self.depth == 0 and self.version is self.family and self.only == number:
                return None
            mask: NDArray[np.bool_] = self.version == number
            if self.depth > 0 and size:
                mask &= self.ip + size <= self.limit
            return mask
        if where == "ports":
            mask = np.isin(self.protocol, PORTS)
            return mask & (self.captured >= size)
        number = V4 if where == "icmp" else V6
        if self.only == number and self.least >= size:
            return None
        mask = self.family == number
        if self.least < size:
            mask &= self.captured >= size
        return mask

    def start(self, where: str) -> NDArray[np.int64]:
        """Return where that begins; see :meth:`having`."""
        if where == "frame":
            return self.batch.frame_start
        return self.ip if where in ("ip", "ipv6") else self.upper

    def quoted(self) -> View | None:
        """Return the datagrams that these messages quote; None where they quote none."""
        rows, ip, limit = (np.empty(len(self), np.int64) for _ in range(3))
        version = np.empty(len(self), np.uint8)
        columns = (self.family, self.type, self.code, self.upper, self.captured, quoting())
        count = kernel.look.quoting(
            self.batch.octets.data,
            *(np.ascontiguousarray(column).data for column in columns),
            rows.data, ip.data, limit.data, version.data,
        )  # fmt: skip
        rows, ip, limit, version = rows[:count], ip[:count], limit[:count], version[:count]
        redirects = np.flatnonzero(version == 0)
        if len(redirects):
            begin = ip[redirects]
            ip[redirects], limit[redirects] = redirected(self.batch.octets, begin, limit[redirects])
            there = (ip[redirects] > begin) & (ip[redirects] < limit[redirects])
            version[redirects[there]] = VERSIONS[self.batch.octets[ip[redirects[there]]]]
            good = version > 0
            rows, ip, limit, version = rows[good], ip[good], limit[good], version[good]
        if not len(rows):
            return None
        rows = rows if self.rows is None else self.rows[rows]
        return View(self.batch, Headers(self.depth + 1, rows, version, ip, limit))


class Messages(View):
    """The messages of a batch, with the headers that carry them."""

    def __init__(self, batch: Batch) -> None:
        foreign = batch.flags & layers.FOREIGN
        version = np.where(foreign, 10 - batch.family, batch.family) if foreign.any() else batch.family
        super().__init__(batch, Headers(0, None, version, batch.ip, batch.frame_end))
        self.family = batch.family
        self.captured, self.length = batch.captured, batch.length
        self.type, self.code, self.checksum = batch.type, batch.code, batch.checksum
        self.checksum_status = batch.checksum_status

    @property
    def upper(self) -> NDArray[np.int64]:
        """Where the messages begin."""
        return self.batch.icmp

    @cached_property
    def end(self) -> NDArray[np.int64]:
        """Where the messages end."""
        return self.batch.icmp + self.batch.captured

    @property
    def protocol(self) -> NDArray[np.uint8]:
        """What the headers carry: messages."""
        return np.where(self.family == V4, ICMP, ICMPV6).astype(np.uint8)


class Views:
    """The views of one batch, made as far as they are asked for."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.messages = Messages(batch)

    @cached_property
    def outer(self) -> list[View]:
        """The headers of tunnels around the messages, the outermost first."""
        return [View(self.batch, headers) for headers in outer_headers(self.batch)]

    @cached_property
    def quoted(self) -> list[View]:
        """What the messages quote, what is quoted therein, and so on."""
        found: list[View] = []
        view = self.messages.quoted()
        while view is not None and len(found) < DEEPEST:
            found.append(view)
            view = view.quoted()
        return found

    def reached(self, source: Source) -> Iterator[View]:
        """Yield the views that a source may have values in, from the outermost on."""
        if source.quoted_only:
            yield from self.quoted[:1]
            return
        if source.where in ("ip", "ipv6"):
            yield from self.outer
        yield self.messages
        if not source.first_only:
            yield from self.quoted
