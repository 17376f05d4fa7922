"""Which sockets probes go through: the least privileged that can do it."""

from __future__ import annotations

import errno
import secrets
from typing import TYPE_CHECKING, Protocol

from dissector.errors import DissectError
from dissector.probe.datagram import DatagramSocket
from dissector.probe.kinds import Engine
from dissector.probe.sockets import RawSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.messages.base import IcmpMessage
    from dissector.probe.matching import Arrival
    from dissector.probe.probes import Query
    from dissector.probe.sockets import Options
    from dissector.probe.targets import Address
    from dissector.registry.model import Family

DENIED = (errno.EPERM, errno.EACCES)
WITHOUT = (errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EAFNOSUPPORT)


class RightsError(DissectError):
    """The system lets this user send no such probe.

    Attributes:
        tried: the engines of which one would do.
    """

    def __init__(self, query: Query, tried: list[Engine]) -> None:
        super().__init__(f"not allowed to send {query.name} probes")
        self.tried = tried


class Channel(Protocol):
    """What a session sends and receives with.

    Attributes:
        engine: how it is called.
        family: which ICMP.
        identifier: what the probes must have as identifier.
    """

    engine: Engine
    family: Family
    identifier: int

    def fileno(self) -> int:
        """Return the file descriptor that tells when something has come."""

    def send(self, message: IcmpMessage, address: Address) -> int:
        """Send a message, and return when, in ns since 1970."""

    def receive(self) -> Iterator[Arrival]:
        """Yield what has come."""

    def close(self) -> None:
        """Close it."""


def through_scapy(family: Family, query: Query, options: Options, identifier: int) -> Channel:
    """Return a channel through scapy, which is imported only here."""
    from dissector.probe.scapy_socket import ScapySocket

    return ScapySocket(family, query, options, identifier)


ENGINES: dict[Engine, Callable[[Family, Query, Options, int], Channel]] = {
    Engine.DATAGRAM: DatagramSocket,
    Engine.RAW: RawSocket,
    Engine.SCAPY: through_scapy,
}
"""What opens each engine."""


def open_channel(family: Family, query: Query, options: Options, engine: Engine | None = None) -> Channel:
    """Return a channel for one family.

    Args:
        family: which ICMP.
        query: what will be asked.
        options: how.
        engine: which one; None for the first that works.

    Raises:
        RightsError: the system allows none.
        OSError: it allows one, but it cannot be set up so.
    """
    usable = [name for name in Engine if name is not Engine.DATAGRAM or query.datagram]
    tried = usable if engine is None else [engine]
    for name in tried:
        try:
            return ENGINES[name](family, query, options, secrets.randbits(16))
        except OSError as error:
            if error.errno not in DENIED + WITHOUT or (error.errno in WITHOUT and engine is not None):
                raise
    raise RightsError(query, tried)
