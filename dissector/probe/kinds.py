"""What hosts can be asked, by name: light to import, for the command line's help."""

from __future__ import annotations

from enum import StrEnum


class Ask(StrEnum):
    """The kinds of probes; the values are those of ``--type``."""

    ECHO = "echo"
    TIMESTAMP = "timestamp"
    ADDRESS_MASK = "address-mask"
    INFORMATION = "information"
    ROUTER_SOLICITATION = "router-solicitation"
    EXTENDED_ECHO = "extended-echo"


class Engine(StrEnum):
    """What probes are sent with, in the order in which it is tried; the values are those of ``--engine``."""

    DATAGRAM = "datagram"
    RAW = "raw"
    SCAPY = "scapy"
