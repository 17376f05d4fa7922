"""What the tables of kernels hold, and in which places: for these kernels and for who owns the tables."""

from __future__ import annotations

# What a message is in an exchange.
NEITHER, QUERY, ANSWER, ERROR = range(4)

# Keys of exchanges: how many words they have, the one that says the kind, and what a wide key has there, so that it is
# no other's.
WORDS = 8
KIND = 4
WIDE = 1 << 63

MIX = 0xD6E8FEB86659FD93  # by which hashes are mixed

# How several values become one.
RULES = ("count", "least", "most", "last", "first")

# What is known of an open query; see :data:`dissector.analysis.open_queries.OPEN`.
OPEN = ("series", "frame", "order", "digest", "loose", "size", "error", "time_ns")

# What is counted of a series; see :data:`dissector.analysis.series.SERIES`.
COUNTS = ("sent", "duplicates", "by_others", "rewritten", "unasked")

# What is kept of the round-trip times of a series; see :data:`dissector.analysis.statistics.TIMES`.
TIMES = (
    "count",
    "sum",
    "min",
    "max",
    "squares",
    "first",
    "last",
    "jitter",
    "late",
    "altered",
    "reordered",
    "top",
)

SIX = 256  # what a type of ICMPv6 has more, as a number of its own

# What is kept of a pair of hosts; see :data:`dissector.analysis.findings.asked.COLUMNS`.
HOSTS = (
    "version",
    "ttl",
    "varied",
    "requests",
    "replies",
    "first_ns",
    "last_ns",
    "place",
    "odd",
    "odd_octets",
    "marked",
)

# What is kept of an echo message that is looked at closely; so many octets of its data are words at the end.
SAMPLE = ("reply", "identity", "size", "there", "data")
CLOSELY = 48

# What is read of an error and of its quote: columns of numbers, and addresses; see
# :class:`dissector.analysis.quotes.Quotes`.
QUOTE = (
    "version",
    "there",
    "protocol",
    "ttl",
    "length",
    "id",
    "sport",
    "dport",
    "mark",
    "type",
    "identifier",
    "sequence",
    "spi",
    "opening",
    "mtu",
    "error",
)
ADDRESSES = ("src", "dst", "reporter", "receiver")

# What header follows, by the number of a protocol.
OTHER, PORTS, TCP, ICMP, ICMPV6, ESP, AH, EXTENSION, FRAGMENT = range(9)

# Flags in the first word of a flow's key: what is there.
HAS_SPORT, HAS_DPORT, HAS_TYPE, HAS_IDENTIFIER, HAS_SPI, HAS_MTU = (1 << bit for bit in range(6))

# Kinds of events of a traceroute: an echo request, an error because no hop was left, another error, an echo reply.
EVENTS = PROBE, EXCEEDED, ENDED, REPLY = range(4)
