"""The size that a probe has after one that was too big."""

from __future__ import annotations

PLATEAUS = (65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68)
"""MTUs of links; for routers that do not tell theirs (RFC 1191, 7)."""
LEAST_IPV6 = 1280
"""Every link of IPv6 takes this (RFC 8200, 5)."""


def lowered(size: int, told: int, version: int) -> int:
    """Return the next size to try; 0 where there is none.

    Args:
        size: what was too big.
        told: the MTU that the error tells; 0 where it tells none, and of no use where it is no smaller.
        version: of IP.
    """
    if 0 < told < size:
        # A translator to IPv4 may tell less than IPv6 allows: then 1280 it is (RFC 8200, 5).
        return told if version == 4 else max(told, LEAST_IPV6) if size > LEAST_IPV6 else 0  # noqa: PLR2004 - the version
    return next((plateau for plateau in PLATEAUS if plateau < size), 0)
