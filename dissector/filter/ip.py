"""What IP headers tell that is not a number of theirs: whether a checksum is right, addresses as text."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import numpy as np

from dissector.filter.columnwise import Texts
from dissector.filter.fields import gather
from dissector.filter.headers import IPV4_HEADER
from dissector.filter.sources import Address, Source, chosen
from dissector.filter.wireshark import CHECKSUM_STATUS
from dissector.layout import address_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.filter.views import View

BAD, GOOD, UNVERIFIED = (CHECKSUM_STATUS[name] for name in ("Bad", "Good", "Unverified"))
CHECKSUM_END = 12
"""Octets of a header up to the end of its checksum."""


class Text(Address):
    """An address as people write it, which is what Wireshark has for the host where names are not resolved."""

    costly = True

    def values(self, view: View, index: NDArray[np.int64] | None) -> Any:
        """Return the texts."""
        found = np.ascontiguousarray(super().values(view, index))
        if self.field.as_ is IPv6Address:
            there, places = np.unique(found.view("V16")[:, 0], return_inverse=True)
            texts = [address_text(IPv6Address(one.tobytes())) for one in there]
        else:
            there, places = np.unique(found, return_inverse=True)
            texts = [str(IPv4Address(one)) for one in there.tolist()]
        return Texts(texts, places)

    def whole(self, view: View, there: NDArray[np.bool_]) -> None:
        """Return None: texts are made for those that have them."""


class HeaderChecksum(Source):
    """Whether the checksum of an IPv4 header is right (RFC 791, 3.1)."""

    where = "ip"

    def present(self, view: View) -> NDArray[np.bool_] | None:
        """Return which rows have a checksum."""
        return view.having("ip", CHECKSUM_END)

    def values(self, view: View, index: NDArray[np.int64] | None) -> NDArray[np.uint8]:
        """Return Wireshark's numbers."""
        ip, limit = chosen(view.ip, index), chosen(view.limit, index)
        octets = view.batch.octets
        size = (octets[ip] & 0xF).astype(np.int64) * 4
        status = np.full(len(ip), UNVERIFIED, np.uint8)
        whole = (size >= IPV4_HEADER) & (ip + size <= limit)
        for length in np.unique(size[whole]).tolist():
            rows = np.flatnonzero(whole & (size == length))
            words = gather(octets, ip[rows], length).view(">u2")
            # Sixty octets at most: their sum has 21 bits, and is folded once and then perhaps once more.
            total = words.sum(axis=1, dtype=np.uint32)
            total = (total & 0xFFFF) + (total >> 16)
            total = (total & 0xFFFF) + (total >> 16)
            status[rows] = np.where(total == 0xFFFF, GOOD, BAD)  # noqa: PLR2004 - minus zero (RFC 1071, 2)
        return status
