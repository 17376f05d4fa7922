"""Where the IP headers of tunnels around messages begin.

The scan says what the layers of a packet are, and where the innermost header begins. An outer one is sought from the
front of the frame: octets that say they are of its version, and whose length ends behind the message and within the
packet. The frames of a tunnel have it mostly at the same place, so that one frame tells it of all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.filter.headers import IPV4_HEADER, IPV6_HEADER, V4, V6, Headers, pairs
from dissector.kernel import layers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dissector.batch import Batch

VERSIONS = {"ip": V4, "ipv6": V6}
"""The IP versions of the steps of a path."""
LEAST = {V4: IPV4_HEADER, V6: IPV6_HEADER}
"""Octets of a header, by version."""
FARTHEST = 256
"""Octets before a header that are looked at."""


def outer_headers(batch: Batch) -> list[Headers]:
    """Return the IP headers around the messages of a batch, the outermost first, a version at a time."""
    tunnelled = np.flatnonzero(batch.flags & layers.TUNNEL)
    found: list[Headers] = []
    for path in np.unique(batch.path[tunnelled]).tolist() if len(tunnelled) else ():
        rows = tunnelled[batch.path[tunnelled] == path]
        versions = [VERSIONS[step] for step in batch.paths[path] if step in VERSIONS]
        found += _around(batch, rows, versions[:-1])
    return sorted(found, key=lambda headers: headers.depth)


def _around(batch: Batch, rows: NDArray[np.int64], versions: list[int]) -> Iterator[Headers]:
    """Yield the headers around messages of one path."""
    after = batch.frame_start[rows]
    for place, version in enumerate(versions):
        ip = _sought(_Frames(batch, rows, after, version))
        there = ip >= 0
        rows, ip = rows[there], ip[there]
        if not len(rows):
            return
        four_or_six = np.full(len(rows), version, np.uint8)
        yield Headers(place - len(versions), rows, four_or_six, ip, batch.frame_end[rows])
        after = ip + LEAST[version]


class _Frames:
    """Frames in which a header of some version is sought.

    Args:
        batch: the batch.
        rows: the messages.
        after: where to begin.
        version: 4 or 6.
    """

    def __init__(self, batch: Batch, rows: NDArray[np.int64], after: NDArray[np.int64], version: int) -> None:
        self.octets = batch.octets
        self.after = after
        self.version = version
        self.inner = batch.ip[rows]
        # The length of a tunnel's header reaches to the end of the message, or beyond what was captured of it.
        self.least = batch.icmp[rows] + batch.captured[rows]
        start = batch.frame_start[rows]
        self.most = start + np.maximum(batch.original[rows], batch.frame_end[rows] - start)

    def fit(self, which: NDArray[np.int64], distance: int | NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether there is a header in some of the frames, so many octets behind where to begin."""
        at = self.after[which] + distance
        there = at + LEAST[self.version] <= self.inner[which]
        at = np.where(there, at, 0)
        there &= self.octets[at] >> 4 == self.version
        # Total Length, Payload Length: without the header.
        before, more = (2, 0) if self.version == V4 else (4, IPV6_HEADER)
        end = at + pairs(self.octets, np.where(there, at + before, 0)) + more
        found: NDArray[np.bool_] = there & (self.least[which] <= end) & (end <= self.most[which])
        return found


def _sought(frames: _Frames) -> NDArray[np.int64]:
    """Return where headers begin; -1 where there is none to be found."""
    found = np.full(len(frames.after), -1, np.int64)
    left = np.arange(len(found))
    every = np.arange(min(FARTHEST, int((frames.inner - frames.after).max())))
    first = np.flatnonzero(frames.fit(np.zeros_like(every), every))[:1].tolist()
    for distance in (*first, *every.tolist()):
        if not len(left):
            break
        good = frames.fit(left, distance)
        found[left[good]] = frames.after[left[good]] + distance
        left = left[~good]
    return found
