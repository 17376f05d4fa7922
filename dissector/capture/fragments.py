"""Datagrams put together from IPv4 and IPv6 fragments (RFC 791, 3.2; RFC 8200, 4.5).

A capture is not a host: fragments may be missing, doubled, cut short or made to hurt. What cannot
be put together is given up, never waited for, and memory has a bound whatever comes in.

Strategy: the pieces of a datagram are kept sorted and never overlap, so that it is whole as soon as their
lengths add up to the end that the last fragment names. Datagrams stand in the order in which they began; the
oldest is given up first. One that is given up for what came, not for what did not, stays without octets until
its time is over, so that its later fragments do not start it anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from dissector.capture.fragment import UDP, Fragment, assemble, is6, leads_on, limit, read_fragment

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

TIMEOUT_NS: Final = 60_000_000_000
"""How long a datagram is waited for, in capture time (RFC 8200, 4.5; RFC 1122, 3.3.2)."""
MOST_FRAGMENTS: Final = 1024
"""Fragments of one datagram at most; an MTU of 576 makes 119 of the longest."""
MOST_DATAGRAMS: Final = 8192
"""Datagrams that are waited for at the same time, at most."""
MOST_OCTETS: Final = 32 << 20
"""Octets that are kept of them at most, with what Python needs to keep them."""

# What CPython 3.11 needs beside the octets themselves, measured and rounded up.
_DATAGRAM_COST: Final = 800
_PIECE_COST: Final = 120
_FIRST_COST: Final = 3500

First = TypeVar("First")
"""Whatever stands for the packet of a first fragment."""


class Whole(NamedTuple):
    """A datagram put together.

    Attributes:
        octets: from its IP header on; lengths and, in IPv4, the header checksum are those of the whole.
        overlap: whether there were IPv4 fragments that overlapped; the octets that came first were kept.
    """

    octets: bytes
    overlap: bool


class Reassembler(Generic[First]):
    """Fragments → datagrams, within bounds.

    Attributes:
        abandoned: what stands for first fragments that will not be put together; to be taken away.
        unfinished: datagrams given up because fragments were missing or cut.
        overlapping: IPv6 datagrams dropped whole because of overlapping fragments (RFC 5722).
        refused: fragments that contradict themselves or those before them.
        octets: what is kept now, never more than ``most_octets``.
    """

    def __init__(self, *, most_datagrams: int = MOST_DATAGRAMS, most_octets: int = MOST_OCTETS) -> None:
        self._most_datagrams = most_datagrams
        self._most_octets = most_octets
        self._open: OrderedDict[tuple[Hashable, bytes], _Datagram[First]] = OrderedDict()
        self.abandoned: list[First] = []
        self.unfinished = 0
        self.overlapping = 0
        self.refused = 0
        self.octets = 0

    def __len__(self) -> int:
        """Return how many datagrams are waited for, those already given up among them."""
        return len(self._open)

    def add(self, octets: bytes, path: Hashable, time_ns: int, first: First | None = None) -> Whole | None:
        """Take in one fragment.

        Args:
            octets: from its IP header on, as captured; what follows the datagram (padding) is left out.
            path: what is around that IP header; fragments on different paths never belong together.
            time_ns: when it was captured.
            first: stands for its packet; it comes back in ``abandoned`` if this is a first fragment and the
                datagram will not be put together.

        Returns:
            The datagram, when this was the fragment it lacked.
        """
        fragment = read_fragment(octets)
        if fragment is None:
            self._refuse(first)
            return None
        if not fragment.start and not fragment.more:
            # An atomic fragment has nothing to do with others of that identification (RFC 6946, 4).
            return self._atomic(fragment, first)
        if fragment.start:
            first = None
        self.expire(time_ns)
        key = path, fragment.key
        datagram = self._open.get(key)
        if datagram is not None and abs(time_ns - datagram.born) > TIMEOUT_NS:
            self._give_up(key)
            datagram = None
        if datagram is None:
            datagram = self._open[key] = _Datagram(time_ns, fragment.protocol)
            self._spend(datagram, _DATAGRAM_COST)
        if datagram.dead:
            self._abandon(first)
            return None
        whole = self._place(key, datagram, fragment, first)
        self._evict()
        return whole

    def expire(self, time_ns: int) -> None:
        """Give up datagrams that began too long before a point in capture time."""
        while self._open:
            key, datagram = next(iter(self._open.items()))
            if time_ns - datagram.born <= TIMEOUT_NS:
                break
            self._give_up(key)

    def finish(self) -> None:
        """Give up everything: no more fragments will come."""
        while self._open:
            self._give_up(next(iter(self._open)))

    def held(self) -> Iterator[First]:
        """Yield what stands for the first fragments of datagrams that are still waited for."""
        return (datagram.first for datagram in self._open.values() if datagram.first is not None)

    def _atomic(self, fragment: Fragment, first: First | None) -> Whole | None:
        if len(fragment.data) < fragment.end:
            self.unfinished += 1
            self._abandon(first)
            return None
        return Whole(assemble(fragment.header, fragment.data), overlap=False)

    def _place(
        self, key: tuple[Hashable, bytes], datagram: _Datagram[First], fragment: Fragment, first: First | None
    ) -> Whole | None:
        if len(fragment.data) < fragment.end - fragment.start or datagram.fragments == MOST_FRAGMENTS:
            self.unfinished += 1
            self._kill(datagram, first)
            return None
        overlap = datagram.overlaps(fragment)
        if overlap and is6(fragment.header):
            self.overlapping += 1
            self._kill(datagram, first)
            return None
        if datagram.contradicts(fragment):
            self._refuse(first)
            return None
        if not fragment.start and datagram.header is None:
            if not leads_on(fragment):
                self._kill(datagram, None)
                return None
            datagram.header, datagram.first = fragment.header, first
            held = 0 if first is None else _FIRST_COST + len(fragment.data)
            self._spend(datagram, len(fragment.header) + held)
        self._spend(datagram, datagram.insert(fragment, overlap=overlap))
        return self._complete(key, datagram) if datagram.had == datagram.end else None

    def _complete(self, key: tuple[Hashable, bytes], datagram: _Datagram[First]) -> Whole | None:
        self._forget(key)
        header, data = datagram.header or b"", b"".join(datagram.pieces)
        if len(header) + len(data) > limit(header):
            # The first fragment has longer headers than those that came before it.
            self._refuse(datagram.first)
            return None
        return Whole(assemble(header, data), datagram.overlap)

    def _refuse(self, first: First | None) -> None:
        self.refused += 1
        self._abandon(first)

    def _abandon(self, first: First | None) -> None:
        if first is not None:
            self.abandoned.append(first)

    def _kill(self, datagram: _Datagram[First], first: First | None) -> None:
        """Free what a datagram holds; what is still to come of it will be ignored (RFC 5722, 4)."""
        self._abandon(datagram.first if datagram.header is not None else first)
        datagram.die()
        self._spend(datagram, _DATAGRAM_COST - datagram.cost)

    def _spend(self, datagram: _Datagram[First], octets: int) -> None:
        datagram.cost += octets
        self.octets += octets

    def _evict(self) -> None:
        while self.octets > self._most_octets or len(self._open) > self._most_datagrams:
            self._give_up(next(iter(self._open)))

    def _give_up(self, key: tuple[Hashable, bytes]) -> None:
        datagram = self._forget(key)
        if not datagram.dead:
            # UDP without its first fragment, which has the ports, is taken for what it is nearly always.
            self.unfinished += datagram.header is not None or datagram.protocol != UDP
            self._abandon(datagram.first)

    def _forget(self, key: tuple[Hashable, bytes]) -> _Datagram[First]:
        datagram = self._open.pop(key)
        self.octets -= datagram.cost
        return datagram


class _Datagram(Generic[First]):
    """What is known of a datagram that is not whole yet.

    Attributes:
        born: when its first-arriving fragment was captured.
        protocol: what that fragment says the fragmented part begins with.
        header: the headers of its first fragment; None before that came.
        first: what stands for it.
        starts, pieces: where its octets belong, ascending, and the octets; none overlap.
        had: octets in the pieces.
        end: where the fragmented part ends; -1 before the last fragment came.
        fragments: how many were taken in, exact duplicates not counted.
        overlap: whether any overlapped others.
        cost: octets it is charged for.
        dead: given up; it stays only to be recognised.
    """

    __slots__ = (
        "born",
        "cost",
        "dead",
        "end",
        "first",
        "fragments",
        "had",
        "header",
        "overlap",
        "pieces",
        "protocol",
        "starts",
    )

    def __init__(self, born: int, protocol: int) -> None:
        self.born = born
        self.protocol = protocol
        self.header: bytes | None = None
        self.first: First | None = None
        self.starts: list[int] = []
        self.pieces: list[bytes] = []
        self.had = 0
        self.end = -1
        self.fragments = 0
        self.overlap = False
        self.cost = 0
        self.dead = False

    def overlaps(self, fragment: Fragment) -> bool:
        """Return whether a fragment shares octets with those before it, and is no exact duplicate of one."""
        at = bisect_right(self.starts, fragment.start)
        if at:
            start, piece = self.starts[at - 1], self.pieces[at - 1]
            if start + len(piece) > fragment.start:
                # RFC 8200, 4.5 lets exact duplicates pass: the network makes them, and so do mirror ports.
                return start != fragment.start or piece != fragment.data
        return at < len(self.starts) and fragment.end > self.starts[at]

    def contradicts(self, fragment: Fragment) -> bool:
        """Return whether a fragment and those before it do not agree where the datagram ends."""
        if fragment.more:
            return 0 <= self.end <= fragment.end
        if self.end >= 0:
            return self.end != fragment.end
        return bool(self.starts) and self.starts[-1] + len(self.pieces[-1]) > fragment.end

    def insert(self, fragment: Fragment, *, overlap: bool) -> int:
        """Keep those octets of a fragment that are new; return what that costs."""
        cost = 0
        if not fragment.more:
            self.end = fragment.end
        if overlap:
            self.overlap = True
            self.fragments += 1
        cursor = fragment.start
        at = max(bisect_right(self.starts, cursor) - 1, 0)
        while cursor < fragment.end:
            following = self.starts[at] if at < len(self.starts) else fragment.end
            if following <= cursor and at < len(self.starts):
                cursor = max(cursor, following + len(self.pieces[at]))
            else:
                stop = min(following, fragment.end)
                self.starts.insert(at, cursor)
                self.pieces.insert(at, fragment.data[cursor - fragment.start : stop - fragment.start])
                self.had += stop - cursor
                self.fragments += not overlap
                cost += stop - cursor + _PIECE_COST
                cursor = stop
            at += 1
        return cost

    def die(self) -> None:
        """Let go of everything but the memory that there was such a datagram."""
        self.dead = True
        self.header = self.first = None
        self.starts, self.pieces = [], []
