"""Small batches put together: where ICMP is rare, a block has so few messages that looking at each costs the most.

What looks at whole columns needs a millisecond or two for a batch, however small it is. So batches with few messages
are copied, and wait for others of the same file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.batch import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENOUGH = 1 << 13
"""Messages that are worth looking at."""
OCTETS = 1 << 22
"""Octets of their packets, and of what may be probes beside, for which they do not wait any longer."""


class Gathering:
    """Puts batches in, and gives them back in their order, small ones put together."""

    def __init__(self) -> None:
        self._held: list[Batch] = []
        self._messages = self._octets = 0

    def put(self, batch: Batch) -> Iterator[Batch]:
        """Yield what need not wait for what comes after this batch; it may be passing."""
        if self._held and self._held[0].paths is not batch.paths:
            yield from self.rest()
        if len(batch) >= ENOUGH:
            yield from self.rest()
            yield batch
            return
        if len(batch) or len(batch.probes):
            held = batch.take(np.ones(len(batch), np.bool_))
            self._held.append(held)
            self._messages += len(held)
            self._octets += len(held.octets) + held.probes.nbytes
        if self._messages >= ENOUGH or self._octets >= OCTETS:
            yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        """Yield what has waited so far."""
        held, self._held = self._held, []
        self._messages = self._octets = 0
        if held:
            yield Batch.join(held)


def gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield batches in their order, small ones put together."""
    gathering = Gathering()
    for batch in batches:
        yield from gathering.put(batch)
    yield from gathering.rest()
