"""The size that a probe has after one that was too big."""

from __future__ import annotations

from dissector.analysis.path_mtu import LEAST, PLATEAUS
from dissector.tails.datagram import IPV4, IPV6


def lowered(size: int, told: int, version: int) -> int:
    """Return the next size to try; 0 where there is none.

    Args:
        size: what was too big.
        told: the MTU that the error tells; 0 where it tells none, and of no use where it is no smaller.
        version: of IP.
    """
    if 0 < told < size:
        # A translator to IPv4 may tell less than IPv6 allows: then 1280 it is (RFC 8200, 5).
        return told if version == IPV4 else max(told, LEAST[IPV6]) if size > LEAST[IPV6] else 0
    return next((plateau for plateau in PLATEAUS if plateau < size), 0)
