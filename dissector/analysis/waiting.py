"""Probes of UDP and TCP that no error has told anything of: the last so many, wherever they went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.flow_keys import pair_hashes
from dissector.analysis.hashing import FACTORS, mix
from dissector.batch import NO_PROBES, PROBE

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOM = 1 << 16
"""So many wait: traceroutes send hundreds, what scans the whole of the Internet does some 10,000 a second."""
_GONE = np.uint64(0)
"""Whose, where a probe waits no longer."""


class Waiting:
    """A ring of probes, each with a number for whose it is (see :func:`whose`)."""

    def __init__(self) -> None:
        self._probes = NO_PROBES
        self._whose = np.zeros(0, np.uint64)
        self._count = 0

    def add(self, probes: NDArray[np.void], whose: NDArray[np.uint64]) -> None:
        """Let probes wait, which were captured after all that do; the oldest make room."""
        if not len(probes):
            return
        if not self._count:
            self._probes, self._whose = np.zeros(ROOM, PROBE), np.zeros(ROOM, np.uint64)
        places = np.arange(self._count, self._count + len(probes))[-ROOM:] % ROOM
        self._probes[places], self._whose[places] = probes[-ROOM:], whose[-ROOM:]
        self._count += len(probes)

    def take(self, whose: NDArray[np.uint64] | None = None) -> NDArray[np.void]:
        """Return the probes of some, of all by default, in their order; they wait no longer."""
        wanted = self._whose != _GONE if whose is None else np.isin(self._whose, whose)
        places = np.flatnonzero(wanted)
        # In a ring that has gone round, the oldest is where the next one goes.
        places = places[np.argsort((places - self._count) % ROOM)]
        self._whose[places] = _GONE
        return self._probes[places]


def whose(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return for keys of :mod:`~dissector.analysis.paths` a number for who sent to whom by which protocol."""
    kind = keys[:, 0] >> np.uint64(8) & np.uint64(0xFFFF)
    return mix(pair_hashes(keys[:, 2:4], keys[:, 4:6]) ^ kind * FACTORS[0])
