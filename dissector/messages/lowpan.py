"""Duplicate address detection over several hops of a 6LoWPAN: a router asks the border router."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from dissector.errors import Finding, Severity
from dissector.layout import rest, shape, wire
from dissector.messages.base import IcmpMessage
from dissector.tails.nd_options import OPTIONS
from dissector.tails.options.lowpower import MINUTE, REGISTRATION_STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dissector.layout import Several
    from dissector.tails.options.base import NdOption

STATUS = "Status of the registration, in a confirmation; zero in a request."
LIFETIME = "How long the border router should keep the registration; zero removes it."
ADDRESS = "The address that a host wants to use."
REST = "Neighbor discovery options; none is defined for it."
OWNER = "Registration Ownership Verifier: whose address it is."
TRANSACTION = "Transaction ID: tells which registration of a host is the latest."


@shape
class DuplicateAddress(IcmpMessage):
    """Duplicate Address Request or Confirmation (RFC 6775, 4.4)."""

    status: int = wire(8, STATUS, names=REGISTRATION_STATUSES, default=0)
    reserved: int = wire(8, reserved=True, default=0)
    registration_lifetime: int = wire(16, LIFETIME, scale=MINUTE, unit="s")
    eui_64: bytes = wire(64, "EUI-64 of the interface that has the address.", as_=bytes)
    registered_address: IPv6Address = wire(128, ADDRESS, as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, REST, default=())

    def findings(self) -> Iterator[Finding]:
        """Yield what makes a node discard it (RFC 6775, 8.2.1)."""
        if self.registered_address.is_multicast:
            text = (
                f"the registered address {self.registered_address} is a multicast address (RFC 6775, 8.2.1)"
            )
            yield Finding("registered-address-multicast", Severity.WARNING, text)


@shape
class _ExtendedDuplicateAddress(IcmpMessage):
    """What extended duplicate address messages begin with (RFC 8505, 4.2).

    A multicast address is no mistake here: later extensions register such addresses too.
    """

    status: int = wire(8, STATUS, names=REGISTRATION_STATUSES, default=0)
    tid: int = wire(8, TRANSACTION)
    registration_lifetime: int = wire(16, LIFETIME, scale=MINUTE, unit="s")


@shape
class ExtendedDuplicateAddress64(_ExtendedDuplicateAddress):
    """Extended Duplicate Address Request or Confirmation, code suffix 1 (RFC 8505, 4.2)."""

    rovr: bytes = wire(64, OWNER, as_=bytes)
    registered_address: IPv6Address = wire(128, ADDRESS, as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, REST, default=())


@shape
class ExtendedDuplicateAddress128(_ExtendedDuplicateAddress):
    """Extended Duplicate Address Request or Confirmation, code suffix 2 (RFC 8505, 4.2)."""

    rovr: bytes = wire(128, OWNER, as_=bytes)
    registered_address: IPv6Address = wire(128, ADDRESS, as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, REST, default=())


@shape
class ExtendedDuplicateAddress192(_ExtendedDuplicateAddress):
    """Extended Duplicate Address Request or Confirmation, code suffix 3 (RFC 8505, 4.2)."""

    rovr: bytes = wire(192, OWNER, as_=bytes)
    registered_address: IPv6Address = wire(128, ADDRESS, as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, REST, default=())


@shape
class ExtendedDuplicateAddress256(_ExtendedDuplicateAddress):
    """Extended Duplicate Address Request or Confirmation, code suffix 4 (RFC 8505, 4.2)."""

    rovr: bytes = wire(256, OWNER, as_=bytes)
    registered_address: IPv6Address = wire(128, ADDRESS, as_=IPv6Address)
    options: Several[NdOption] = rest(OPTIONS, REST, default=())
